"""Which rows are held out: whole clips or groups, or blocks of neighbours where a table has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.tables.table import Table

BLOCKS = 40
"""Blocks of neighbouring rows that a table without groups is cut into."""


def held_out_rows(labels: Table, ratio: float, seed: int) -> NDArray[np.int64]:
    """The rows to measure and not to train on, sorted.

    Groups are taken in an order that the seed draws until their rows are `ratio` of all; one whose class
    would be left without a group to train on stays. Of a table without groups, blocks of neighbouring rows
    are taken the same way, for neighbours are too alike to measure by.

    Args:
        labels: The rows' labels; by the first label of classes, where there is one, every class is kept.
        ratio: Share of the rows.
        seed: Of the drawing.
    """
    groups = group_numbers(labels)
    classes = _classes(labels)
    left = {one: set(np.unique(groups[classes == one]).tolist()) for one in np.unique(classes).tolist()}
    wanted, taken = ratio * len(labels), np.zeros(len(labels), bool)
    order = permutation(seed, "held out", 0, int(groups.max()) + 1).tolist()
    for covered in (False, True):  # first the groups of classes that nothing is held out of yet
        for group in order:
            mine = groups == group
            here = np.unique(classes[mine]).tolist()
            if taken[mine].any() or (covered and taken.sum() + 0.5 * mine.sum() > wanted):
                continue
            new = [one for one in here if not (taken & (classes == one)).any()]
            if any(left[one] == {group} for one in here) or not (covered or new):
                continue
            if not covered and taken.sum() >= max(wanted, 1):
                break
            taken |= mine
            for one in here:
                left[one].discard(group)
    return np.flatnonzero(taken)


def group_numbers(table: Table) -> NDArray[np.int64]:
    """A number for each row that rows which belong together share."""
    if table.grouped:
        return np.unique(table.groups, return_inverse=True)[1].astype(np.int64)
    blocks = min(BLOCKS, len(table))
    return (np.arange(len(table)) * blocks // len(table)).astype(np.int64)


def _classes(labels: Table) -> NDArray[np.int64]:
    for column in labels.columns:
        if column.kind in ("category", "boolean"):
            return labels.column(column.name).astype(np.int64)
    return np.zeros(len(labels), np.int64)
