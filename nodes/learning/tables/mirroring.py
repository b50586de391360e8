"""What a mirror does to labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.tables.columns import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from understudy.nodes.media.tables.table import Table

    Floats = NDArray[np.float64]

SAME = "same"
"""The word for labels that a mirror leaves as they are."""


def mirrored(labels: Table, changes: Sequence[str]) -> Floats:
    """The labels `(N, L)` of rows that are seen in a mirror.

    Args:
        labels: The labels of rows as they are.
        changes: "same", the name of a number that changes sign, or "A=B" for classes that change places.

    Raises:
        UnderstudyError: There is no such number or class.
    """
    values = labels.lines().copy()
    for change in changes:
        one, sign, other = (part.strip() for part in change.partition("="))
        if sign:
            _exchange(labels, values, one, other)
        elif change != SAME:
            numbers = [column.name for column in labels.columns if column.kind == "number"]
            if one not in numbers:
                raise UnderstudyError(
                    f'There is no number "{one}" among the labels: {listed(labels.columns)}.'
                )
            values[:, labels.names.index(one)] *= -1.0
    return values


def _exchange(labels: Table, values: Floats, one: str, other: str) -> None:
    for place, column in enumerate(labels.columns):
        if one in column.categories and other in column.categories:
            first, second = (float(column.categories.index(name)) for name in (one, other))
            here, there = values[:, place] == first, values[:, place] == second
            values[here, place], values[there, place] = second, first
            return
    raise UnderstudyError(f'No label has both classes "{one}" and "{other}": {listed(labels.columns)}.')
