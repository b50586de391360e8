"""Which column of a table is what: by knobs, and by what is in it where knobs leave that open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import nearest
from understudy.nodes.media.tables.columns import ColumnError, category_name, identified, is_missing, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.reading import Cells

FEWEST_NAMES = 10
"""A text column of so many rows, each of which has a text of its own, holds names and not categories."""


@dataclass(frozen=True, slots=True)
class Roles:
    """What each column is taken for.

    Attributes:
        features: What is known.
        labels: What is to be learned.
        group: The column whose rows belong together; empty for none.
        frame: The column of frame numbers; empty for none.
        unused: The other columns, each with the reason.
        renames: What categories are renamed to.
    """

    features: tuple[Column, ...]
    labels: tuple[Column, ...]
    group: str
    frame: str
    unused: dict[str, str]
    renames: dict[str, str] = field(default_factory=dict)

    def renamed(self, cell: Any) -> Any:
        """A cell, or what it is renamed to."""
        return self.renames.get(str(cell).strip(), cell) if self.renames else cell

    def groups_of(self, cells: Cells) -> list[str]:
        """The group of each row; empty texts where no column says."""
        if not self.group:
            return [""] * len(cells)
        return ["" if is_missing(cell) else category_name(cell) for cell in cells.columns[self.group]]

    def notes(self, cells: Cells) -> tuple[str, ...]:
        """What was taken for what, in sentences."""
        rows = f"{len(cells):,} rows" if cells.whole else f"the first {len(cells):,} rows"
        found = []
        for what, columns in (("features", self.features), ("labels", self.labels)):
            if columns:
                found.append(f"{what} of {rows}: {listed(columns)}")
        if self.group:
            found.append(f'groups: {len(set(self.groups_of(cells))):,}, by the column "{self.group}"')
        elif self.labels:
            found.append("groups: none, so neighbouring rows are held out in blocks (group_column)")
        found.append(
            f'frame numbers: the column "{self.frame}"' if self.frame else "frame numbers: the rows, from 1"
        )
        if self.unused:
            found.append("not used: " + listed([f"{name} ({why})" for name, why in self.unused.items()]))
        return tuple(found)


def roles_of(node: DataSource, cells: Cells, report: Report) -> Roles | None:
    """What each column is taken for; None where that has faults, which are in the report then."""
    before = len(report.faults)
    circular = _periods(node, report)
    renames = renames_of(node, report)
    for knob in ("features", "labels", "categories"):
        _check_names(getattr(node, knob), knob, cells, report)
    _check_names(list(circular), "circular", cells, report)
    for knob in ("group_column", "frame_column"):
        _check_names([getattr(node, knob)] if getattr(node, knob) else [], knob, cells, report)
    both = sorted(set(node.features) & set(node.labels))
    if both:
        report.fault("a column can't be known and to be learned", knob="labels", found=f'"{both[0]}"')
    if len(report.faults) > before:
        return None

    def column(name: str) -> Column:
        values = cells.columns[name]
        if renames:
            values = [renames.get(str(cell).strip(), cell) for cell in values]
        return identified(name, values, category=name in node.categories, period=circular.get(name))

    return _taken(node, cells, column, renames, report)


def _taken(
    node: DataSource, cells: Cells, column: Any, renames: dict[str, str], report: Report
) -> Roles | None:
    features: list[Column] = []
    labels: list[Column] = []
    unused: dict[str, str] = {}
    taken = {*node.labels, node.group_column, node.frame_column}
    before = len(report.faults)
    for name in cells.names:
        wanted = name in node.features or (not node.features and name not in taken)
        if name not in node.labels and not wanted:
            if name not in taken:
                unused[name] = "not among features"
            continue
        knob = "labels" if name in node.labels else "features"
        reason = _empty(cells.columns[name])
        try:
            found = column(name)
        except ColumnError as error:
            report.fault("this column can't be used", knob=knob, found=str(error))
            continue
        reason = reason or _only_names(found, cells)
        if reason and (name in node.labels or name in node.features):
            report.fault("this column can't be used", knob=knob, found=f'"{name}": {reason}')
        elif reason:
            unused[name] = reason
        else:
            (labels if name in node.labels else features).append(found)
    if len(report.faults) > before:
        return None
    if not features and not labels:
        report.fault("the table has no column to use", knob="features", found=listed(cells.names))
        return None
    order = list(node.features)
    if order:
        features.sort(key=lambda one: order.index(one.name))
    labels.sort(key=lambda one: node.labels.index(one.name))
    return Roles(tuple(features), tuple(labels), node.group_column, node.frame_column, unused, renames)


def _empty(cells: Sequence[Any]) -> str:
    return "no row has a value" if all(is_missing(cell) for cell in cells) else ""


def _only_names(column: Column, cells: Cells) -> str:
    many = len(cells) >= FEWEST_NAMES and len(column.categories) == len(cells)
    return "every row has another text" if many else ""


def _check_names(names: Iterable[str], knob: str, cells: Cells, report: Report) -> None:
    for name in names:
        if name not in cells.columns:
            close = nearest(name, cells.names)
            hint = f'Did you mean "{close}"?' if close else f"It has {listed(cells.names)}."
            report.fault("the table has no such column", knob=knob, found=f'"{name}"', suggestion=hint)


def _periods(node: DataSource, report: Report) -> dict[str, float]:
    found = {}
    for text in node.circular:
        name, _, period = text.rpartition(":")
        try:
            found[name] = float(period)
        except ValueError:
            found[name] = 0.0
        if not name or not found[name] > 0.0:
            report.fault("this is no circular column", knob="circular", found=f'"{text}"',
                         expected="NAME:PERIOD, such as phase:1 or heading:360")  # fmt: skip
            found.pop(name)
    return found


def renames_of(node: DataSource, report: Report) -> dict[str, str]:
    """What the knob `rename` renames, and to what."""
    found = {}
    for text in node.rename:
        old, sign, new = text.partition("=")
        if not (old.strip() and sign and new.strip()):
            report.fault("this renames nothing", knob="rename", found=f'"{text}"',
                         expected="OLD=NEW, such as walk_extra=walk")  # fmt: skip
        else:
            found[old.strip()] = new.strip()
    return found
