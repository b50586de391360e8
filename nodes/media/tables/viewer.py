"""Labels as a ContactSheet shows them: beside frames a card for each, alone as a chart of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.media.tables.table import Table, common_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from understudy.nodes.media.viewers import Look


CARD = (24, 24, 26)

LINE = 18
"""Height of a line of a card, in pixels."""


def shows(value: Any) -> bool:
    """Whether the value is a table."""
    return isinstance(value, Table)


def columns(
    value: Table,
    heading: str,
    first: Table | None,  # noqa: ARG001 - nothing is compared here
    look: Look,  # noqa: ARG001 - labels look one way
) -> list[LabelColumn]:
    """A column of the labels."""
    return [LabelColumn(value, heading)]


def whole(values: Sequence[Table], headings: Sequence[str], rows: int) -> Image:
    """A sheet of labels alone: the second table against the first, or the time line of a single one."""
    from understudy.nodes.media.tables import pictures

    if len(values) == 1:
        return pictures.time_line(values[0])
    truth, found = values[:2] if values[0].outputs < 0 else (values[1], values[0])
    mine, theirs = common_rows(truth, found)
    shared = [column for column in truth.columns if column.name in found.names]
    if not mine or not shared:
        return pictures.time_line(found)
    title = f"{headings[1]} against {headings[0]}, {len(mine):,} rows"
    return pictures.sheet(truth.select(mine), found.select(theirs), title, rows)


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """Labels, each row as a card of its values.

    Attributes:
        table: The rows.
        heading: What stands above it.
    """

    table: Table
    heading: str
    _rows: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        rows = {frame: row for row, frame in reversed(list(enumerate(self.table.frames.tolist())))}
        object.__setattr__(self, "_rows", rows)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers of the rows."""
        return tuple(sorted(self._rows))

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The values of a row, a line each."""
        from PIL import Image, ImageDraw, ImageFont

        names = self.table.names
        card = Image.new("RGB", (width, LINE * len(names) + 8), CARD)
        if number in self._rows:
            draw, font = ImageDraw.Draw(card), ImageFont.load_default(13)
            for place, name in enumerate(names):
                text = f"{name}: {self.table.text(self._rows[number], place)}"
                shade = (225, 225, 225) if place < len(self.table.results) else (138, 138, 144)
                draw.text((6, 4 + LINE * place), text, shade, font)
        return np.asarray(card)
