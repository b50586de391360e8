"""What a model of labels is told about."""

from __future__ import annotations

import numpy as np

from understudy.nodes.learning.tables.report import absent_classes, thin_classes
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import single_lines

COLUMNS = [Column("mood", "category", ("glad", "sad", "wild")), Column("x", "number")]
ROWS = single_lines(
    COLUMNS,
    np.array([[0.0, 1], [0, 2], [0, 3], [0, 4], [0, 5], [1, 6]]),
    np.full(6, ""),
    np.arange(1, 7),
)


def test_a_class_that_is_not_held_out_is_known() -> None:
    """What is measured says nothing of it; a class that no row has is not asked for."""
    assert absent_classes(ROWS, np.array([0, 1])) == ["sad"]
    assert absent_classes(ROWS, np.array([0, 5])) == []


def test_rare_classes_are_told_the_rarest_first() -> None:
    """Below five rows; one of none is told, too."""
    assert thin_classes(ROWS) == [
        'The class "wild" of mood has no row to learn from.',
        'The class "sad" of mood has a single row to learn from.',
    ]
