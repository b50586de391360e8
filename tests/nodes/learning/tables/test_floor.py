"""Ridge and logistic regression beside every network for labels."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.tables import floor as table_floor
from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import single_lines

DRAW = np.random.Generator(np.random.Philox(4)).normal(size=(240, 8))
"""Numbers of deviation 1."""

GROUPS = np.arange(240) // 10


def answers(column: Column, summary: np.ndarray, values: np.ndarray, *, balanced: bool = False) -> np.ndarray:
    """What the floor, fitted to rows, says of them: its outputs."""
    rows = single_lines([column], values[:, None], np.full(len(values), ""), np.arange(len(values)))
    targets = Targets.of(rows, balanced=balanced)
    groups = GROUPS[: len(values)]
    return table_floor.fitted(summary, values[:, None], targets, groups, seed=0).output(summary)


def decoded(column: Column, summary: np.ndarray, values: np.ndarray, *, balanced: bool = False) -> np.ndarray:
    """The labels that those outputs mean."""
    rows = single_lines([column], values[:, None], np.full(len(values), ""), np.arange(len(values)))
    found = answers(column, summary, values, balanced=balanced)
    labels: np.ndarray = Targets.of(rows).decode(found)[0][:, 0]
    return labels


def test_a_linear_relation_is_found() -> None:
    """Of numbers without noise, up to the smallest penalty that is tried: 1e-4 of the deviation squared."""
    values = 3.0 * DRAW[:, 0] - 2.0 * DRAW[:, 5] + 40.0
    assert np.abs(decoded(Column("x", "number"), DRAW, values) - values).max() < 0.02


def test_units_of_the_inputs_do_not_matter() -> None:
    """The same numbers, all in millimetres and moved, give the same floor."""
    values = DRAW[:, 1] + 0.5 * DRAW[:, 2]
    usual = decoded(Column("x", "number"), DRAW, values)
    np.testing.assert_allclose(decoded(Column("x", "number"), 1000.0 * DRAW + 7.0, values), usual, atol=1e-6)


def test_a_circle_is_found_by_sine_and_cosine() -> None:
    """From a point around a circle the phase follows, over the wrap as well."""
    phase = GROUPS / 24.0 + (np.arange(240) % 10) / 240.0
    around = np.stack([np.sin(2 * np.pi * phase), np.cos(2 * np.pi * phase)], axis=1)
    gap = np.abs(decoded(Column("phase", "circular", period=1.0), around, phase) - phase)
    assert np.minimum(gap, 1.0 - gap).max() < 0.001


@pytest.mark.parametrize("column", [Column("c", "category", ("a", "b", "never")), Column("c", "boolean")])
def test_classes_that_a_line_parts_are_told_apart(column: Column) -> None:
    """All but the rows next to the line; a class without rows is never said."""
    values = (DRAW[:, 0] + DRAW[:, 1] > 0.3).astype(float)
    assert (decoded(column, DRAW, values) == values).mean() > 0.98


def test_a_rare_class_gets_its_weight_where_classes_are_balanced() -> None:
    """Two clouds that overlap by half, one with a tenth of the rows: only balanced is most of it found."""
    rare = np.arange(240) % 10 == 0
    inputs = DRAW[:, :1] + 1.5 * rare[:, None]
    column, values = Column("c", "category", ("usual", "rare")), rare.astype(float)
    assert (decoded(column, inputs, values)[rare] == 1).mean() < 0.4
    assert (decoded(column, inputs, values, balanced=True)[rare] == 1).mean() > 0.6


def test_a_class_seen_once_and_inputs_that_never_change_are_no_trouble() -> None:
    """Of constant inputs the floor knows how common each class is, and no more."""
    values = np.zeros(60)
    values[7] = 1.0
    found = answers(Column("c", "category", ("usual", "once")), np.full((60, 3), 2.0), values)
    chances = np.exp(found[0]) / np.exp(found[0]).sum()
    assert chances == pytest.approx([59 / 60, 1 / 60], abs=0.005)  # as far as the fit goes


def test_more_numbers_than_rows_are_reduced() -> None:
    """Each window of a second of a body has hundreds of numbers: the principal ones are taken."""
    wide = np.random.Generator(np.random.Philox(5)).normal(size=(240, 2)) @ np.ones((2, 900))
    wide += np.random.Generator(np.random.Philox(6)).normal(size=(240, 900))
    rows = single_lines([Column("x", "number")], wide[:, :1], np.full(240, ""), np.arange(240))
    floor = table_floor.fitted(wide, wide[:, :1], Targets.of(rows), GROUPS, seed=0)
    assert floor.axes.shape == (900, table_floor.MOST_NUMBERS)


def test_the_penalty_is_chosen_by_groups_that_had_no_part_in_the_fit() -> None:
    """Of pure noise the strongest penalty wins, so that the floor all but says the mean.

    A fit that followed the noise would have a deviation of about sqrt(60 / 240) = 0.5.
    """
    noise = np.random.Generator(np.random.Philox(7)).normal(size=(240, 60))
    values = np.random.Generator(np.random.Philox(8)).normal(size=240)
    assert np.std(decoded(Column("x", "number"), noise, values)) < 0.2
