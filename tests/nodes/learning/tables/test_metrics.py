"""How far labels are off, held against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.tables import metrics
from understudy.nodes.media.tables.columns import Column

TRUTH = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0])
FOUND = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 0.0])
"""Three of four of the first class and one of two of the second are right; nothing is of a third."""


def test_a_rare_class_counts_as_much_as_a_common_one_in_balanced_accuracy() -> None:
    """4 of 6 rows are right; of the classes 3/4 and 1/2, so that their mean is 5/8."""
    table = metrics.confusion(TRUTH, FOUND, 3)
    assert table.tolist() == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert metrics.accuracy(table) == pytest.approx(4 / 6)
    assert metrics.balanced_accuracy(table) == pytest.approx(5 / 8)


def test_confidence_is_held_against_what_is_right() -> None:
    """Two rows at 0.9, one of them right, miss by 0.8; two at 0.6, both right, by 0.8: 1.6 of 4 rows."""
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    assert metrics.calibration_error(np.array([0.0, 1.0, 0.0, 1.0]), chances) == pytest.approx(0.4)


def test_confidence_that_comes_true_has_no_calibration_error() -> None:
    """Of four rows at 0.75 three are right; a full certainty that is right counts as well."""
    chances = np.array([[0.75, 0.25]] * 4 + [[0.0, 1.0]])
    assert metrics.calibration_error(np.array([0.0, 0.0, 0.0, 1.0, 1.0]), chances) == pytest.approx(0.0)


def test_the_mean_explains_nothing_and_the_truth_all() -> None:
    """R² is 0 and 1; where nothing varies, there is nothing to explain."""
    truth = np.array([1.0, 2.0, 6.0])
    assert metrics.r_squared(truth, np.full(3, 3.0)) == pytest.approx(0.0)
    assert metrics.r_squared(truth, truth) == pytest.approx(1.0)
    assert metrics.r_squared(np.ones(3), np.array([1.0, 2.0, 3.0])) == 0.0


def test_a_phase_is_off_by_the_shorter_way_around() -> None:
    """From 350 to 10 degrees it is 20, and never more than half of the circle."""
    heading = Column("heading", "circular", period=360.0)
    error = metrics.error_of(
        heading, np.array([350.0, 10.0, 0.0, 90.0]), np.array([10.0, 350.0, 180.0, 90.0])
    )
    assert error.tolist() == [20.0, 20.0, 180.0, 0.0]
    figures = metrics.figures_of(heading, np.array([350.0, 10.0]), np.array([10.0, 10.0]), None)
    assert figures == pytest.approx({"mean error": 10.0, "mean error (% of a turn)": 100 * 10 / 360})


def test_the_first_figure_is_the_one_that_tells_most() -> None:
    """Accuracy of classes, R² of numbers: the verdict holds networks against the floor by it."""
    mood = Column("mood", "category", ("sad", "happy"))
    chances = np.eye(2)[FOUND.astype(int)]
    assert next(iter(metrics.figures_of(mood, TRUTH, FOUND, chances).items())) == ("accuracy", 4 / 6)
    assert next(iter(metrics.figures_of(Column("x", "number"), TRUTH, TRUTH, None).items())) == ("R²", 1.0)
