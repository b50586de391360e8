"""A DataSource that reads a table: which columns are what, and what is wrong with them."""

from __future__ import annotations

import re
import zipfile
from functools import cached_property
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, NodeError
from understudy.graph.ports import Outline
from understudy.graph.ranges import parse
from understudy.nodes.media.sources import fault_nothing_there
from understudy.nodes.media.tables.columns import ColumnError, is_missing, listed
from understudy.nodes.media.tables.reading import SUFFIXES, read_cells, suffix_of
from understudy.nodes.media.tables.roles import Roles, roles_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.reading import Cells
    from understudy.nodes.media.tables.table import Table
    from understudy.runtime.context import Context

narrow = True
"""`holds` looks into files, so it is asked before media that go by the name."""

ROWS_CHECKED = 20_000
"""Rows of a text table that are looked at before running."""

_OTHERS = frozenset({"rest", "faces", "controls", "vertices", "expmap", "rotations", "joint_matrices"})
"""Arrays by which an .npz is of posed meshes or of motion."""

knobs = (
    "frames",
    "features",
    "labels",
    "categories",
    "circular",
    "rename",
    "group_column",
    "frame_column",
    "groups",
    "missing",
    "exclude",
)
"""The knobs of a DataSource that mean something here, beside its path."""


def holds(path: Path) -> bool:
    """Whether a path is a table: by its suffix, and an .npz by its arrays."""
    suffix = suffix_of(path)
    if suffix != ".npz":
        return suffix in SUFFIXES
    try:
        with zipfile.ZipFile(path) as archive:
            names = {name.removesuffix(".npy") for name in archive.NameToInfo}
    except (OSError, zipfile.BadZipFile):
        return False
    return bool(names) and not names & _OTHERS


def source(node: DataSource) -> TableSource:
    """What reads the node's table."""
    return TableSource(node)


class TableSource:
    """The table of a DataSource.

    Args:
        node: Its knobs say what to read and which column is what.
    """

    def __init__(self, node: DataSource) -> None:
        self.node = node
        self.path = node.path_of(node.path)

    @cached_property
    def _looked_at(self) -> Cells:
        return read_cells(self.path, ROWS_CHECKED)

    def outline(self, report: Report) -> dict[str, Outline]:
        """Features and labels, and what was taken for what; every fault that the first rows show."""
        if not self.path.is_file():
            fault_nothing_there(self.path, self.node.path, report)
            return {}
        try:
            parse(self.node.frames) if self.node.frames else None
        except ValueError as error:
            report.fault("this is no frame range", knob="frames", found=str(error))
        try:
            cells = self._looked_at
        except MediaError as error:
            report.fault("the table can't be read", knob="path", found=str(error))
            return {}
        found = roles_of(self.node, cells, report)
        if found is None:
            return {}
        outputs = {}
        notes = found.notes(cells)
        if found.features:
            outputs["features"] = Outline("features", notes=notes)
        if found.labels:
            outputs["labels"] = Outline("labels", notes=notes)
        return outputs

    def contents(self) -> Iterable[Path]:
        """The file."""
        return (self.path,) if self.path.is_file() else ()

    def compute(self, context: Context) -> dict[str, Any]:
        """Features, and labels of the rows that have them.

        Raises:
            MediaError: The file is damaged.
            NodeError: A column holds something else than its first rows, or values are missing and the knob
                `missing` does not say what becomes of them.
        """
        cells = self._looked_at if self._looked_at.whole else read_cells(self.path)
        roles = self._roles(cells)
        rows = self._wanted(cells, roles)
        found = {}
        if roles.features:
            found["features"] = self._table(cells, roles, roles.features, rows, "features", context)
        if roles.labels:
            found["labels"] = self._table(cells, roles, roles.labels, rows, "labels", context)
        for note in roles.notes(cells):
            context.say(f"{self.node.name}: {note}")
        return found

    def _roles(self, cells: Cells) -> Roles:
        from understudy.graph.report import Report

        report = Report(None, lambda *_: None, node=self.node.name)
        found = roles_of(self.node, cells, report)
        if found is None:
            fault = report.faults[0]
            raise NodeError(self.node.name, f"{fault.what}: {fault.found}", knob=fault.knob)
        return found

    def _wanted(self, cells: Cells, roles: Roles) -> _Rows:
        import numpy as np

        groups = np.array(roles.groups_of(cells), np.str_)
        frames = np.array(_frames(self.node, cells, roles.frame), np.int64)
        chosen = np.ones(len(cells), bool)
        if self.node.frames:
            chosen &= np.isin(frames, parse(self.node.frames))
        if self.node.groups:
            unknown = sorted(set(self.node.groups) - set(groups.tolist()))
            if unknown:
                known = listed(sorted(set(groups.tolist())))
                raise NodeError(
                    self.node.name, f'no row is of "{unknown[0]}"; there are {known}', knob="groups"
                )
            chosen &= np.isin(groups, self.node.groups)
        rows = np.flatnonzero(chosen)
        if not len(rows):
            raise NodeError(self.node.name, "no row has such a frame", knob="frames")
        _refuse_repeats(self.node, groups[rows], frames[rows])
        return _Rows(groups, frames, rows)

    def _table(
        self, cells: Cells, roles: Roles, columns: Sequence[Column], rows: _Rows, port: str, context: Context
    ) -> Table:
        import numpy as np

        from understudy.nodes.media.tables.table import single_lines

        values = np.stack([self._values(cells.columns[one.name], one, roles) for one in columns], axis=1)
        kept = rows.chosen
        holes = np.isnan(values[kept]).any(axis=1)
        if holes.any() and (port == "labels" or self.node.missing != "mean"):
            if port == "features" and self.node.missing == "error":
                self._refuse_hole(values, columns, int(kept[int(np.argmax(holes))]))
            what = (
                "no label and are not learned from"
                if port == "labels"
                else "a missing value and are left out"
            )
            context.say(f"{self.node.name}: {int(holes.sum()):,} of {len(kept):,} rows have {what}")
            kept = kept[~holes]
        if not len(kept):
            raise NodeError(self.node.name, f"no row has all of its {port}", knob=port)
        return single_lines(columns, values[kept], rows.groups[kept], rows.frames[kept], (self.path,))

    def _refuse_hole(self, values: NDArray[np.float64], columns: Sequence[Column], row: int) -> None:
        place = next(place for place, value in enumerate(values[row]) if value != value)  # noqa: PLR0124 - NaN differs from itself
        raise NodeError(
            self.node.name,
            f'row {row + 1:,} has no value in the column "{columns[place].name}"; "skip" leaves such '
            'rows out, "mean" takes what the training rows have on average',
            knob="missing",
        )

    def _values(self, cells: Sequence[Any], column: Column, roles: Roles) -> NDArray[np.float64]:
        import numpy as np

        if column.kind in ("number", "circular"):
            try:
                found = np.asarray(cells, np.float64)
            except (TypeError, ValueError):
                pass  # missing values are written in words
            else:
                found = np.where(np.isfinite(found), found, np.nan)
                return found % column.period if column.period else found
        try:
            return np.array([column.value(roles.renamed(cell)) for cell in cells], np.float64)
        except ColumnError as error:
            raise NodeError(self.node.name, str(error), knob="path") from None


class _Rows:
    """Group and frame of every row of the file, and which rows are wanted."""

    def __init__(
        self, groups: NDArray[np.str_], frames: NDArray[np.int64], chosen: NDArray[np.int64]
    ) -> None:
        self.groups, self.frames, self.chosen = groups, frames, chosen


def _frames(node: DataSource, cells: Cells, column: str) -> list[int]:
    """The frame number of each row: the last number in its cell; its place where there is no such column."""
    if not column:
        return list(range(1, len(cells) + 1))
    found = []
    for row, cell in enumerate(cells.columns[column], 1):
        numbers = re.findall(r"\d+", re.sub(r"\.[A-Za-z0-9]*$", "", str(cell)))
        if is_missing(cell) or not numbers:
            raise NodeError(
                node.name,
                f'row {row:,} has no frame number in the column "{column}", but "{cell}"',
                knob="frame_column",
            )
        found.append(int(cell) if isinstance(cell, int | float) else int(numbers[-1]))
    return found


def _refuse_repeats(node: DataSource, groups: NDArray[np.str_], frames: NDArray[np.int64]) -> None:
    seen = set()
    for key in zip(groups.tolist(), frames.tolist(), strict=True):
        if key in seen:
            group, frame = key
            of = f' of "{group}"' if group else ""
            raise NodeError(
                node.name,
                f"frame {frame}{of} is there twice; rows are paired by group and frame, so that each needs "
                "its own. Is there a column that says which clip a row is of?",
                knob="group_column",
            )
        seen.add(key)
