"""How rows of a table become numbers for a network, and are held against those it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError, nearest
from understudy.nodes.media.tables.columns import column_from, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.table import Table

    Floats = NDArray[np.float64]

_PREFIX = "inputs/"

CONSTANT = 1e-9
"""A deviation below this share of the mean is none."""


def spread(columns: Sequence[Column], values: Floats) -> Floats:
    """Values `(..., C)` as numbers `(..., D)`; a missing one stays NaN.

    A category becomes a number for each of its names, a circle sine and cosine.
    """
    found = []
    for place, column in enumerate(columns):
        value = values[..., place]
        if column.kind == "category":
            ones = (value[..., None] == np.arange(len(column.categories))).astype(np.float64)
            found.append(np.where(np.isnan(value)[..., None], np.nan, ones))
        elif column.kind == "circular":
            angle = 2.0 * np.pi * value / column.period
            found.append(np.stack([np.sin(angle), np.cos(angle)], axis=-1))
        else:
            found.append(value[..., None])
    return np.concatenate(found, axis=-1)


@dataclass(frozen=True, slots=True)
class RowEncoding:
    """Columns by name and order, and what they are standardised with.

    Attributes:
        columns: The C columns.
        length: Lines of each row.
        means: `(D,)`, of the trained rows.
        scales: `(D,)`, their deviations; 1 where they are constant.
        least: `(C,)`, the smallest value that was trained on.
        most: `(C,)`, the largest.
    """

    columns: tuple[Column, ...]
    length: int
    means: Floats
    scales: Floats
    least: Floats
    most: Floats

    @classmethod
    def of(cls, table: Table) -> RowEncoding:
        """The encoding that suits the rows of a table."""
        lines = table.at(np.arange(len(table))).reshape(-1, len(table.columns))
        numbers = spread(table.columns, lines)
        filled = np.isfinite(numbers).any(axis=0)
        numbers = np.where(filled, numbers, 0.0)
        means, scales = np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0)
        scales = np.where(scales > CONSTANT * (np.abs(means) + CONSTANT), scales, 1.0)
        lines = np.where(np.isfinite(lines).any(axis=0), lines, 0.0)
        return cls(
            table.columns, table.length, means, scales, np.nanmin(lines, axis=0), np.nanmax(lines, axis=0)
        )

    @property
    def size(self) -> int:
        """D, the numbers of a line."""
        return len(self.means)

    @property
    def constant(self) -> list[str]:
        """The columns that never change over the trained rows."""
        return [column.name for column, low, high in zip(self.columns, self.least, self.most, strict=True)
                if low == high]  # fmt: skip

    def encode(self, values: Floats) -> NDArray[np.float32]:
        """Values `(..., C)` as standardised numbers `(..., D)`; what is missing is 0, the mean."""
        numbers = (spread(self.columns, values) - self.means) / self.scales
        return np.nan_to_num(numbers, nan=0.0).astype(np.float32)

    def header(self) -> dict[str, Any]:
        """Plain data that `restored` reads."""
        return {"columns": [column.as_dict() for column in self.columns], "length": self.length}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        names = ("means", "scales", "least", "most")
        return {_PREFIX + name: np.asarray(getattr(self, name), np.float64) for name in names}

    @classmethod
    def restored(cls, header: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> RowEncoding:
        """The encoding of a checkpoint."""
        numbers = {name: np.array(tensors[_PREFIX + name]) for name in ("means", "scales", "least", "most")}
        return cls(tuple(column_from(one) for one in header["columns"]), int(header["length"]), **numbers)

    def fitted(self, table: Table) -> Floats:
        """The values `(M, C)` of a table's lines in the columns, order and categories of this encoding.

        Raises:
            UnderstudyError: A column is absent or holds something else than what was trained on.
        """
        if table.length != self.length:
            raise UnderstudyError(
                f"The rows have {table.length} frames each, and the model was trained on rows of "
                f"{self.length}; give the features the same window."
            )
        found = np.empty((len(table.values), len(self.columns)))
        for place, column in enumerate(self.columns):
            if column.name not in table.names:
                close = nearest(column.name, table.names)
                hint = f'Is "{close}" meant to be it?' if close else f"There are {listed(table.names)}."
                raise UnderstudyError(f'There is no column "{column.name}", which the model takes. {hint}')
            there = table.names.index(column.name)
            found[:, place] = _recoded(column, table.columns[there], table.values[:, there])
        return found

    def beyond(self, values: Floats) -> list[tuple[str, int]]:
        """The columns of which rows `(N, C)` leave the range trained on, with how many do."""
        margin = 1e-6 * (1.0 + self.most - self.least)
        out = ((values < self.least - margin) | (values > self.most + margin)).sum(axis=0)
        return [(column.name, int(count)) for column, count in zip(self.columns, out, strict=True)
                if count and column.kind == "number"]  # fmt: skip


def _recoded(trained: Column, given: Column, values: Floats) -> Floats:
    """A column's values with the places that its categories had in training."""
    numeric = ("number", "boolean")
    if trained.kind != given.kind and not (trained.kind in numeric and given.kind in numeric):
        raise UnderstudyError(f"The column {given} was trained on as {trained}; correct it, or train anew.")
    if trained.kind != "category":
        return values
    strange = [name for name in given.categories if name not in trained.categories]
    if strange:
        known = listed(trained.categories)
        raise UnderstudyError(
            f'The column "{trained.name}" has the category "{strange[0]}", which was never trained on; '
            f"known are {known}."
        )
    places = np.array([trained.categories.index(name) for name in given.categories], np.float64)
    filled = ~np.isnan(values)
    found = np.full(len(values), np.nan)
    found[filled] = places[values[filled].astype(np.int64)]
    return found
