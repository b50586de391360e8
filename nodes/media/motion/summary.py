"""Windows as single rows: the mean and the deviation of each column over the window."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Mirror

if TYPE_CHECKING:
    from understudy.nodes.media.tables.table import Table

CHUNK = 1024
"""Windows that are summarised at once."""


def summary_of(windows: Table) -> Table:
    """A row for each window: means, then deviations, of all columns.

    It says how somebody holds himself and how strongly each joint moves, but not when in the window: two
    people swing a leg alike, but never with the same angles at the same time.

    Raises:
        UnderstudyError: A column is no number, so that it has no mean.
    """
    odd = next((column for column in windows.columns if column.kind not in ("number", "boolean")), None)
    if odd is not None:
        raise UnderstudyError(
            f"A summary takes means of numbers, and there is {odd}; leave it out of the features, or give "
            "windows as frames."
        )
    rows = []
    for start in range(0, len(windows), CHUNK):
        lines = windows.at(np.arange(start, min(start + CHUNK, len(windows))))
        rows.append(np.concatenate([lines.mean(axis=1), lines.std(axis=1)], axis=1))
    columns = [Column(f"{name} {what}", "number") for what in ("mean", "deviation") for name in windows.names]
    mirror = windows.mirror
    if mirror is not None:  # a deviation changes its place in a mirror, and never its sign
        width = len(mirror.places)
        mirror = Mirror(np.concatenate([mirror.places, width + mirror.places]),
                        np.concatenate([mirror.signs, np.ones(width)]))  # fmt: skip
    return replace(windows, columns=tuple(columns), values=np.concatenate(rows),
                   starts=np.arange(len(windows)), length=1, rate=0.0, mirror=mirror)  # fmt: skip
