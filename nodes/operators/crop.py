"""Cuts frames to a rectangle."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from understudy.graph.knobs import Knob
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame, FrameSpec, Window

    Either = TypeVar("Either", Frame, FrameSpec)


class Crop(Operator):
    """Cuts frames to a rectangle; what lies outside is black.

    With `reformat` the rectangle becomes the display window too, with its corner at 0, 0. Without, the
    picture keeps its place and its format.
    """

    version = 1
    x = Knob(0, "Left edge, in pixels of the display window.")
    y = Knob(0, "Upper edge, in pixels of the display window, downwards.")
    width = Knob(1, "Width, in pixels.", least=1)
    height = Knob(1, "Height, in pixels.", least=1)
    reformat = Knob(True, "Whether the rectangle becomes the picture's format.")

    def _box(self, display: Window) -> Window:
        from understudy.nodes.media.images.frame import Window

        return Window(display.x + self.x, display.y + self.y, self.width, self.height)

    def change(self, *frames: Frame) -> Frame:
        """The cut frame."""
        (frame,) = frames
        return self._placed(frame.fitted(self._data(frame)), self._box(frame.display))

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """The windows that the cut frame has."""
        (spec,) = specs
        return self._placed(replace(spec, data=self._data(spec)), self._box(spec.display))

    def _data(self, frame: Frame | FrameSpec) -> Window:
        """What is left of the data window; a black pixel where nothing is."""
        box = self._box(frame.display)
        left = frame.data.intersection(box)
        return left if left.area else replace(box, width=1, height=1)

    def _placed(self, frame: Either, box: Window) -> Either:
        if not self.reformat:
            return frame
        return replace(frame, data=frame.data.moved(-box.x, -box.y), display=box.moved(-box.x, -box.y))
