"""Shapes as a ContactSheet shows them: shaded, and how far they are from the first ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.media.meshes.played import PlayedShapes
from understudy.nodes.media.meshes.posed import PosedMeshes
from understudy.nodes.media.meshes.shading import RED, heat_colours, shaded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from understudy.nodes.media.viewers import Look

    Shapes = PosedMeshes | PlayedShapes

HEAT_VIEWS = ("front", "side", "back")
"""What a heat map is seen from, a column each: what is hidden from one side may be the worst."""

EMPTY = 40


def shows(value: Any) -> bool:
    """Whether the value is a sequence of shapes."""
    return isinstance(value, PosedMeshes | PlayedShapes)


def columns(value: Shapes, heading: str, first: Shapes | None, look: Look) -> list[ShapeColumn]:  # noqa: ARG001 - meshes have one look
    """A column of the shapes; and one of their errors, where they can be compared with the first."""
    red = RED * value.rig.diagonal
    said = f"red: {red:.3g} {value.rig.units}"
    if getattr(value, "heat", None) is not None:
        front, *others = HEAT_VIEWS
        return [
            ShapeColumn(value, f"{heading} ({said})", red, view=front),
            *(ShapeColumn(value, f"{heading}, {view}", red, view=view) for view in others),
        ]
    found = [ShapeColumn(value, heading, red)]
    if first is not None and len(first.rig.rest) == len(value.rig.rest):
        found.append(ShapeColumn(value, f"error of {heading} ({said})", red, first))
    return found


@dataclass(frozen=True, slots=True)
class ShapeColumn:
    """Shapes, shaded or coloured from green to red.

    Attributes:
        shapes: What is shown.
        heading: What stands above it.
        red: The value that is red.
        truth: What they are compared with; None to show them as they are.
        view: What they are seen from, one of `shading.VIEWS`.
    """

    shapes: Shapes
    heading: str
    red: float
    truth: Shapes | None = None
    view: str = "three-quarter"
    _rows: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", _numbered(self.shapes))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The poses' frame numbers, or 1 to N where several poses share one."""
        return tuple(sorted(self._rows))

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The pose, fitted to the truth where there is one."""
        there = {} if self.truth is None else _numbered(self.truth)
        if number not in self._rows or (self.truth is not None and number not in there):
            return np.full((width, width, 3), EMPTY, np.uint8)
        row = self._rows[number]
        (vertices,) = self.shapes.vertices([row])
        framed, colours = vertices, None
        if self.truth is not None:
            (framed,) = self.truth.vertices([there[number]])
            colours = heat_colours(np.linalg.norm(vertices - framed, axis=1), self.red)
        elif isinstance(self.shapes, PlayedShapes) and self.shapes.heat is not None:
            blocks: Iterator[NDArray[np.float32]] = self.shapes.heat(self.shapes.source.select([row]))
            colours = heat_colours(next(iter(blocks))[0], self.red)
        faces = self.shapes.rig.faces
        return shaded(vertices, faces, size=width, view=self.view, colours=colours, framed=framed)


def _numbered(shapes: Shapes) -> dict[int, int]:
    """The row of each pose by the number that it is called by."""
    frames = shapes.frames.tolist()
    if len(set(frames)) < len(frames):
        frames = list(range(1, len(frames) + 1))
    return {number: row for row, number in enumerate(frames)}
