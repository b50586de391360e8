"""What a model of labels is told about, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.learning.subject import Measured
    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.table import Table

AS_GOOD = 0.02
"""A network is better than the floor by more than this share, in its loss and in its first figure."""

FEW = 5
"""Rows of a class with which it is thin."""


def floor_name(columns: Sequence[Column]) -> str:
    """What the floor of these labels is called."""
    classes = [column.kind in ("category", "boolean") for column in columns]
    if all(classes):
        return "logistic regression"
    return "ridge and logistic regression" if any(classes) else "ridge regression"


def compared(network: Measured, floor: Measured, name: str) -> str:
    """A sentence that holds a network against its floor, by the first figure and by the loss."""
    figure, ours = next(iter(network.figures.items()))
    theirs = floor.figures[figure]
    better = network.loss < (1.0 - AS_GOOD) * floor.loss and abs(ours - theirs) > AS_GOOD * abs(theirs)
    numbers = f"{figure} {ours:.4g} against {theirs:.4g}, loss {network.loss:.4g} against {floor.loss:.4g}"
    if not better:
        return f"Plain {name} is as good as the network: {numbers}. It would do here."
    return f"The network is better than {name}: {numbers}."


def absent_classes(labels: Table, rows: NDArray[np.int64]) -> list[str]:
    """The classes that rows of a table have, but not these rows."""
    found = []
    for place, column in enumerate(labels.columns):
        if column.kind == "category":
            values = labels.lines()[:, place].astype(np.int64)
            absent = np.setdiff1d(values, values[rows])
            found += [column.categories[one] for one in absent.tolist()]
    return found


def thin_classes(labels: Table) -> list[str]:
    """A sentence for each class that hardly any row has, the rarest first."""
    found = []
    for place, column in enumerate(labels.columns):
        if column.kind == "category":
            values = labels.lines()[:, place].astype(np.int64)
            counts = np.bincount(values, minlength=len(column.categories))
            for name, count in zip(column.categories, counts.tolist(), strict=True):
                if count < FEW:
                    rows = "no row" if not count else "a single row" if count == 1 else f"{count} rows"
                    found.append((count, f'The class "{name}" of {column.name} has {rows} to learn from.'))
    return [sentence for _, sentence in sorted(found, key=lambda one: one[0])]
