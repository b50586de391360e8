"""Scales, offsets and bends the values of frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.graph.knobs import Knob
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame


class Grade(Operator):
    """Scales, offsets and bends the values of frames, as a grade in a compositing program does.

    With A = multiply * (gain - lift) / (whitepoint - blackpoint) and B = offset + lift - A * blackpoint, a
    value x becomes (A x + B) to the power of 1 / gamma. Below 0 the power is left out, and above 1 the curve
    goes on straight, with its slope at 1. Nothing is clamped.

    Every number is one for all channels, or a list with one for each of them.
    """

    version = 1
    channels = Knob("rgb", "The channels or layers to grade; others pass through.")
    blackpoint = Knob((0.0,), "The value that becomes lift.", many=True)
    whitepoint = Knob((1.0,), "The value that becomes gain.", many=True)
    lift = Knob((0.0,), "What blackpoint becomes.", many=True)
    gain = Knob((1.0,), "What whitepoint becomes.", many=True)
    multiply = Knob((1.0,), "Factor on every value.", many=True)
    offset = Knob((0.0,), "Added to every value.", many=True)
    gamma = Knob((1.0,), "Brightens the middle where above 1.", many=True, least=0.01, most=100.0)

    def change(self, *frames: Frame) -> Frame:
        """The graded frame."""
        from understudy.nodes.media.images.frame import bands, channel_indices, chosen_channels

        (frame,) = frames
        chosen = chosen_channels(self.channels, frame.channels)
        indices = channel_indices(chosen, frame.channels)
        pixels = frame.pixels.copy()
        for rows in bands(frame.data.height):
            pixels[rows, :, indices] = self._graded(frame.pixels[rows][..., indices])
        return replace(frame, pixels=pixels)

    def _graded(self, values: NDArray[Any]) -> NDArray[Any]:
        import numpy as np

        count = values.shape[-1]
        black, white = self._numbers("blackpoint", count), self._numbers("whitepoint", count)
        lift, gain = self._numbers("lift", count), self._numbers("gain", count)
        if (white == black).any():
            raise UnderstudyError("whitepoint and blackpoint are the same; nothing lies between them")
        scale = self._numbers("multiply", count) * (gain - lift) / (white - black)
        linear: NDArray[Any] = values * scale + (self._numbers("offset", count) + lift - scale * black)
        power = 1 / self._numbers("gamma", count)
        if (power == 1).all():
            return linear
        between = np.clip(linear, 0, 1)
        bent: NDArray[Any] = between**power + np.minimum(linear, 0) + np.maximum(linear - 1, 0) * power
        return bent

    def _numbers(self, knob: str, count: int) -> NDArray[Any]:
        import numpy as np

        given = getattr(self, knob)
        if len(given) not in (1, count):
            raise UnderstudyError(
                f"{knob} has {len(given)} numbers for {count} channels; give one, or {count}"
            )
        return np.asarray(given, np.float32)
