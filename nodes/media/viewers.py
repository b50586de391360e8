"""What a ContactSheet can show: each medium's package may have a module `viewer`, found as its `source` is.

Such a module has `shows(value)`, which says whether a wire's value is of its medium, and `columns(value,
heading, first, look)`, which gives the columns that show it; `first` is the first value of that medium on the
sheet, None for that itself, and `look` says how the sheet is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from understudy.nodes.media.sources import modules

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a sheet is wanted.

    Attributes:
        error: Whether frames get a column of their distance from the first ones of the same channels.
        exposure: Stops by which scene-linear colour is shown brighter; None to choose them.
        checkerboard: Whether what alpha or a matte cuts out is shown over a checkerboard.
        crop: The part of each frame that is shown, x, y, width and height in pixels; None for all of it.
        before: The values to the left, of any medium.
    """

    error: bool = False
    exposure: float | None = None
    checkerboard: bool = False
    crop: tuple[int, int, int, int] | None = None
    before: tuple[Any, ...] = ()


class Column(Protocol):
    """One column of a sheet.

    Attributes:
        heading: What stands above it.
        numbers: The numbers of the frames or poses that it has.
    """

    @property
    def heading(self) -> str: ...  # noqa: D102 - an attribute, described above
    @property
    def numbers(self) -> tuple[int, ...]: ...  # noqa: D102 - an attribute, described above

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The frame or pose, `width` pixels wide; an empty field where it has none of this number."""


class Viewer(Protocol):
    """A module `viewer`."""

    def shows(self, value: Any) -> bool:
        """Whether the value is of its medium."""

    def columns(self, value: Any, heading: str, first: Any | None, look: Look) -> list[Column]:
        """The columns that show the value, beside what they are to be compared with."""


def whole_of(values: Sequence[Any], headings: Sequence[str], rows: int) -> Image | None:
    """A sheet that is not made of rows, where all values are of one medium that shows them so; else None.

    Such a medium's `viewer` has a function `whole(values, headings, rows)`.
    """
    viewer = next(viewer for viewer in _viewers() if viewer.shows(values[0]))
    draw = getattr(viewer, "whole", None)
    if draw is None or not all(viewer.shows(value) for value in values):
        return None
    return cast("Image", draw(values, headings, rows))


def columns_of(values: Sequence[Any], headings: Sequence[str], look: Look) -> list[Column]:
    """The columns that show the values of several wires."""
    firsts: dict[int, Any] = {}
    found: list[Column] = []
    for value, heading in zip(values, headings, strict=True):
        viewer = next(viewer for viewer in _viewers() if viewer.shows(value))
        found += viewer.columns(value, heading, firsts.get(id(viewer)), look)
        look = replace(look, before=(*look.before, value))
        firsts.setdefault(id(viewer), value)
    return found


@cache
def _viewers() -> tuple[Viewer, ...]:
    return tuple(cast("Viewer", module) for module in modules("viewer"))
