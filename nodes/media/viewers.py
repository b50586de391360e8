"""What a ContactSheet can show: each medium's package may have a module `viewer`, found as its `source` is.

Such a module has `shows(value)`, which says whether a wire's value is of its medium, and `columns(value,
heading, first)`, which gives the columns that show it; `first` is the first value of that medium on the
sheet, None for that itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from understudy.nodes.media.sources import modules

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray


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

    def columns(self, value: Any, heading: str, first: Any | None) -> list[Column]:
        """The columns that show the value, beside what they are to be compared with."""


def columns_of(values: Sequence[Any], headings: Sequence[str]) -> list[Column]:
    """The columns that show the values of several wires."""
    firsts: dict[int, Any] = {}
    found: list[Column] = []
    for value, heading in zip(values, headings, strict=True):
        viewer = next(viewer for viewer in _viewers() if viewer.shows(value))
        found += viewer.columns(value, heading, firsts.get(id(viewer)))
        firsts.setdefault(id(viewer), value)
    return found


@cache
def _viewers() -> tuple[Viewer, ...]:
    return tuple(cast("Viewer", module) for module in modules("viewer"))
