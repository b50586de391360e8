"""What a `features` or `labels` wire carries: rows of named columns, each row of a clip and a frame."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.media.tables.columns import Column

    Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Mirror:
    """How a row's values look in a mirror: `values[places] * signs`.

    Attributes:
        places: `(C,)`, the column that each column changes with.
        signs: `(C,)`, 1 or -1.
    """

    places: NDArray[np.int64]
    signs: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values. A row is one line, or a window of several lines of one clip.

    Two tables are paired by `keys`: the group and the frame of each row.

    Attributes:
        columns: The C columns.
        values: `(M, C)` lines: numbers, 0 or 1, places of categories; NaN where a value is missing.
        groups: `(N,)`, the clip, person or take of each row; all empty where the table does not say.
        frames: `(N,)`, the frame number of each row; its number in the file, from 1, where nothing says.
        starts: `(N,)`, the first line of each row.
        length: Lines of each row.
        files: The files that it was read from.
        rate: Lines a second; 0 where that is not known.
        mirror: How rows look in a mirror; None where that is not known.
        outputs: How many of the columns, from the first, a model gave as results; the others say how sure it
            is of them. -1 where no model made the table.
    """

    columns: tuple[Column, ...]
    values: NDArray[np.float64]
    groups: NDArray[np.str_]
    frames: NDArray[np.int64]
    starts: NDArray[np.int64]
    length: int = 1
    files: tuple[Path, ...] = ()
    rate: float = 0.0
    mirror: Mirror | None = None
    outputs: int = -1

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.starts)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.columns)

    @property
    def results(self) -> tuple[Column, ...]:
        """The columns that are results: all of them, unless `outputs` says how many."""
        return self.columns if self.outputs < 0 else self.columns[: self.outputs]

    @property
    def grouped(self) -> bool:
        """Whether rows are of several clips, persons or takes."""
        return len(np.unique(self.groups)) > 1

    @property
    def keys(self) -> list[tuple[str, int]]:
        """Group and frame of each row."""
        return list(zip(self.groups.tolist(), self.frames.tolist(), strict=True))

    def at(self, rows: Sequence[int] | Rows) -> NDArray[np.float64]:
        """The lines of some rows, `(n, length, C)`."""
        found: NDArray[np.float64] = self.values[self.starts[rows][:, None] + np.arange(self.length)]
        return found

    def lines(self) -> NDArray[np.float64]:
        """The first line of each row, `(N, C)`: all there is where rows are single lines."""
        found: NDArray[np.float64] = self.values[self.starts]
        return found

    def select(self, rows: Sequence[int] | Rows) -> Table:
        """Some of the rows, in that order."""
        rows = np.asarray(rows, np.int64)
        return replace(self, groups=self.groups[rows], frames=self.frames[rows], starts=self.starts[rows])

    def column(self, name: str) -> NDArray[np.float64]:
        """A column's value in the first line of each row, `(N,)`."""
        found: NDArray[np.float64] = self.lines()[:, self.names.index(name)]
        return found

    def text(self, row: int, column: int) -> str:
        """A value as a person reads it."""
        value, what = float(self.values[self.starts[row], column]), self.columns[column]
        if np.isnan(value):
            return ""
        if what.kind == "category":
            return what.categories[int(value)]
        if what.kind == "boolean":
            return "true" if value else "false"
        return f"{value:.6g}"

    def row_name(self, row: int) -> str:
        """What to call a row: its frame, after its group where there is one."""
        group, frame = str(self.groups[row]), int(self.frames[row])
        return f"{group} {frame}" if group else str(frame)

    def digest(self) -> str:
        """The SHA-256 of all that a training sees of it."""
        found = hashlib.sha256(repr((self.columns, self.length, self.groups.tolist())).encode())
        for array in (self.values, self.frames, self.starts):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def common_rows(one: Table, other: Table) -> tuple[list[int], list[int]]:
    """The rows of two tables that have the same group and frame, as places in each."""
    places = {key: row for row, key in enumerate(other.keys)}
    pairs = [(row, places[key]) for row, key in enumerate(one.keys) if key in places]
    return [row for row, _ in pairs], [row for _, row in pairs]


def single_lines(
    columns: Sequence[Column],
    values: NDArray[np.float64],
    groups: NDArray[np.str_],
    frames: NDArray[np.int64],
    files: Sequence[Path] = (),
) -> Table:
    """A table whose rows are single lines."""
    return Table(tuple(columns), values, groups, frames, np.arange(len(values)), files=tuple(files))
