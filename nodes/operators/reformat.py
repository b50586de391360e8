"""Scales frames to another format."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame, FrameSpec, Window

FILTERS = ("cubic", "box", "triangle", "catmull-rom", "mitchell", "lanczos3", "gaussian")

_NEARLY = 1e-6
"""A window's edge within so little of a pixel's edge lies on it."""


@dataclass(frozen=True, slots=True)
class _Placing:
    """Where a picture comes to lie.

    Attributes:
        scaled: The old display window, scaled, with its corner at 0, 0.
        data: The data window in the same place.
        x: How far both are moved to the right then.
        y: And down.
    """

    scaled: Window
    data: Window
    x: int
    y: int


class Reformat(Operator):
    """Scales frames to another format.

    `resize` says how the old format is brought to the new one: by its width, by its height, to fit inside, to
    fill, distorted to both, or not at all. What the data window holds outside the format is kept.
    """

    version = 1
    width = Knob(1920, "Width of the new format, in pixels.", least=1, most=65536)
    height = Knob(1080, "Height of the new format, in pixels.", least=1, most=65536)
    resize = Knob(
        "width",
        "What decides the scale.",
        choices=("width", "height", "fit", "fill", "distort", "none"),
    )
    center = Knob(True, "Whether the picture is centred; else its upper left corner stays at the corner.")
    filter = Knob("cubic", "How pixels are weighed.", choices=FILTERS)

    def change(self, *frames: Frame) -> Frame:
        """The scaled frame."""
        from understudy.nodes.media.images.resizing import resized

        (frame,) = frames
        placing = self._placing(frame)
        window, display = placing.data.moved(placing.x, placing.y), self._format()
        if self.resize == "none":
            return replace(frame, data=window, display=display)
        scaled = resized(frame, placing.data, placing.scaled, self.filter)
        return replace(scaled, data=window, display=display)

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """The windows of the scaled frame."""
        placing = self._placing(specs[0])
        return replace(specs[0], data=placing.data.moved(placing.x, placing.y), display=self._format())

    def _format(self) -> Window:
        from understudy.nodes.media.images.frame import Window

        return Window(0, 0, self.width, self.height)

    def _placing(self, frame: Frame | FrameSpec) -> _Placing:
        from understudy.nodes.media.images.frame import Window

        display, data = frame.display, frame.data
        across, down = self._scales(display)
        scaled = Window(0, 0, max(1, round(display.width * across)), max(1, round(display.height * down)))
        across, down = scaled.width / display.width, scaled.height / display.height
        left, right = (data.x - display.x) * across, (data.right - display.x) * across
        top, bottom = (data.y - display.y) * down, (data.bottom - display.y) * down
        x, y = math.floor(left + _NEARLY), math.floor(top + _NEARLY)
        moved = Window(x, y, math.ceil(right - _NEARLY) - x, math.ceil(bottom - _NEARLY) - y)
        if not self.center:
            return _Placing(scaled, moved, 0, 0)
        return _Placing(scaled, moved, (self.width - scaled.width) // 2, (self.height - scaled.height) // 2)

    def _scales(self, display: Window) -> tuple[float, float]:
        across, down = self.width / display.width, self.height / display.height
        match self.resize:
            case "width":
                return across, across
            case "height":
                return down, down
            case "fit":
                return min(across, down), min(across, down)
            case "fill":
                return max(across, down), max(across, down)
            case "distort":
                return across, down
            case _:
                return 1.0, 1.0
