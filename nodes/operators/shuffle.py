"""Moves channels about."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.graph.ports import Input
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.media.images.frame import Frame, FrameSpec


class Shuffle(Operator):
    """Makes channels from channels: renames, copies, swaps, fills, and takes some of another input.

    Each part of `channels` is `new = old`: `A = 1` fills, `R = depth.Z` copies, `A = other:R` takes the
    second input's, and `R` alone keeps one as it is. With `keep`, channels that are not named pass through.
    """

    version = 1
    other = Input("frames", "A second source of channels.", optional=True)
    channels = Knob(("rgba",), "The channels to make, such as R = A or A = other:R or A = 1.", many=True)
    keep = Knob(False, "Whether the input's other channels pass through.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """The frames that both have; a part that takes from what is not connected is a fault."""
        if "other" not in inputs and any(old.startswith("other:") for _, old in self._parts()):
            report.fault("other is not connected", knob="inputs", expected="a source of frames")
        return super().outline(inputs, report)

    def _parts(self) -> list[tuple[str, str]]:
        """Pairs of new and old channel."""
        parts = []
        for text in self.channels:
            for part in text.split(","):
                new, _, old = (word.strip() for word in part.partition("="))
                names = list(new.upper()) if new in ("rgb", "rgba") and not old else [new]
                parts += [(name, old or name) for name in names]
        return parts

    def _mapping(self, present: Sequence[str]) -> dict[str, str]:
        kept = {name: name for name in present} if self.keep else {}
        return {**kept, **dict(self._parts())}

    def change(self, *frames: Frame) -> Frame:
        """The frame with its new channels; the second input is fitted to the first one's window."""
        import numpy as np

        from understudy.nodes.media.images.frame import channel_indices

        frame = frames[0]
        other = frames[1].fitted(frame.data) if len(frames) > 1 else frame
        mapping = self._mapping(frame.channels)
        pixels = np.empty((frame.data.height, frame.data.width, len(mapping)), np.float32)
        for index, old in enumerate(mapping.values()):
            if old in ("0", "1"):
                pixels[..., index] = float(old)
                continue
            source = other if old.startswith("other:") else frame
            (place,) = channel_indices([old.removeprefix("other:")], source.channels)
            pixels[..., index] = source.pixels[..., place]
        return replace(frame, pixels=pixels, channels=tuple(mapping))

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """The first input's, with the new channels."""
        return replace(specs[0], channels=tuple(self._mapping(specs[0].channels)))
