"""What a column of a table is: numbers, truth values, categories or a circle. Nothing heavy is imported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MISSING = frozenset({"", "nan", "na", "n/a", "null", "none"})
"""Texts that stand for a value that is not there, in small letters."""

TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
"""Texts that are truth values, in small letters."""

SHOWN = 8
"""Categories and columns that are listed."""


class ColumnError(UnderstudyError):
    """A column that is neither numbers nor texts, or does not hold what is expected."""


@dataclass(frozen=True, slots=True)
class Column:
    """A named column.

    Attributes:
        name: Its name in the table's header.
        kind: "number", "boolean", "category", or "circular": a number that begins again after `period`.
        categories: The names that a category can have; the table holds their places in this list.
        period: After how much a circular column begins again, such as 1 for a phase or 360 for degrees.
    """

    name: str
    kind: str
    categories: tuple[str, ...] = ()
    period: float = 0.0

    def __str__(self) -> str:
        """As a person is told it: `walk (number)`."""
        if self.kind == "category":
            return f"{self.name} (category: {listed(self.categories)})"
        if self.kind == "circular":
            return f"{self.name} (circular, period {self.period:g})"
        return f"{self.name} ({self.kind})"

    def as_dict(self) -> dict[str, Any]:
        """Plain values that `column_from` reads."""
        return {"name": self.name, "kind": self.kind, "categories": list(self.categories),
                "period": self.period}  # fmt: skip

    def value(self, cell: Any) -> float:
        """A cell as a number; NaN where it is missing.

        Raises:
            ColumnError: It is no number, or no category that the column has.
        """
        if is_missing(cell):
            return math.nan
        if self.kind == "category":
            return self._place(category_name(cell))
        if self.kind == "boolean" and str(cell).strip().lower() in TRUTH:
            return TRUTH[str(cell).strip().lower()]
        number = as_number(cell)
        if number is None:
            raise ColumnError(f'the column "{self.name}" holds numbers, and here is "{cell}"')
        return number % self.period if self.kind == "circular" else number

    def _place(self, name: str) -> float:
        try:
            return float(self.categories.index(name))
        except ValueError:
            known = listed(self.categories)
            raise ColumnError(
                f'the column "{self.name}" has the category "{name}"; known are {known}'
            ) from None


def column_from(values: Mapping[str, Any]) -> Column:
    """The column that `Column.as_dict` described."""
    categories = tuple(str(one) for one in values["categories"])
    return Column(str(values["name"]), str(values["kind"]), categories, float(values["period"]))


def identified(name: str, cells: Sequence[Any], *, category: bool, period: float | None) -> Column:
    """What a column is, from its cells.

    Args:
        name: Its name.
        cells: Texts, numbers or truth values; missing ones are empty, None or NaN.
        category: Whether it is a category although it holds numbers.
        period: Where it is circular, after how much it begins again.

    Raises:
        ColumnError: It holds numbers in some rows and texts in others.
    """
    filled = [cell for cell in cells if not is_missing(cell)]
    if category:
        return Column(name, "category", _sorted({category_name(cell) for cell in filled}))
    if filled and all(isinstance(cell, bool) or str(cell).strip().lower() in TRUTH for cell in filled):
        return Column(name, "boolean")
    texts = [row for row, cell in enumerate(cells, 1) if not is_missing(cell) and as_number(cell) is None]
    if len(texts) == len(filled) and filled:
        _refuse_circle(name, period)
        return Column(name, "category", _sorted({category_name(cell) for cell in filled}))
    if texts:
        raise ColumnError(
            f'the column "{name}" holds numbers in {len(filled) - len(texts):,} rows and text in '
            f'{len(texts):,}, such as "{cells[texts[0] - 1]}" in row {texts[0]:,}; correct it, or put the '
            "column into the knob categories"
        )
    return Column(name, "number") if period is None else Column(name, "circular", period=period)


def _refuse_circle(name: str, period: float | None) -> None:
    if period is not None:
        raise ColumnError(f'the column "{name}" is circular, so it has to hold numbers; it holds text')


def is_missing(cell: Any) -> bool:
    """Whether a cell holds no value."""
    if isinstance(cell, str):
        return cell.strip().lower() in MISSING
    return cell is None or (isinstance(cell, float) and not math.isfinite(cell))


def as_number(cell: Any) -> float | None:
    """A cell as a number; None where it is none. Infinity counts as missing, and is NaN."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else math.nan


def category_name(cell: Any) -> str:
    """The name of a category: 3 and 3.0 are the same."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    def key(name: str) -> tuple[bool, float, str]:
        number = as_number(name)
        return (number is None, number or 0.0, name)

    return tuple(sorted(names, key=key))


def listed(names: Sequence[Any]) -> str:
    """Names with commas, the first few of many."""
    more = "" if len(names) <= SHOWN else f" and {len(names) - SHOWN} more"
    return ", ".join(str(name) for name in names[:SHOWN]) + more
