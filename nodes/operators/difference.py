"""Shows where two sequences differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.ports import Input
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame, FrameSpec


class Difference(Operator):
    """Shows where two sequences differ: the distance of their values, channel by channel.

    A value is gain times (the distance less offset), and never below 0. The result has the channels and the
    window that both have.
    """

    version = 1
    input = Input("frames", "One sequence.")
    other = Input("frames", "The other one.")
    offset = Knob(0.0, "Distance that is taken for none.", least=0.0)
    gain = Knob(1.0, "Factor on what is left.", least=0.0)

    def change(self, *frames: Frame) -> Frame:
        """The differences of a frame."""
        import numpy as np

        from understudy.nodes.media.images.frame import bands

        one, other = frames
        spec = self.change_spec(one.spec(), other.spec())
        one, other = (frame.fitted(spec.data).select(spec.channels) for frame in frames)
        pixels = np.empty_like(one.pixels)
        for rows in bands(spec.data.height):
            distance = np.abs(one.pixels[rows] - other.pixels[rows])
            pixels[rows] = np.maximum(distance - np.float32(self.offset), 0) * np.float32(self.gain)
        return replace(one, pixels=pixels)

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """What both have."""
        one, other = specs
        channels = tuple(name for name in one.channels if name in other.channels)
        data = one.data.intersection(other.data)
        if not channels or not data.area:
            missing = "channel" if not channels else "pixel"
            raise UnderstudyError(
                f"the two have no {missing} in common: {', '.join(one.channels)} in {one.data} and "
                f"{', '.join(other.channels)} in {other.data}"
            )
        return replace(one, channels=channels, data=data)
