"""Shifts frames in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.graph.ports import Outline
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context


class TimeOffset(Operator):
    """Gives frames other numbers: with an offset of 10, frame 1 becomes frame 11."""

    version = 1
    offset = Knob(0, "Frames that the sequence is shifted by; later where positive.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - nothing can be wrong
        """The shifted numbers."""
        frames = inputs["input"][0].frames
        return {"output": Outline("frames", None if frames is None else self._shifted(frames))}

    def _shifted(self, numbers: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(number + self.offset for number in numbers)

    def compute(self, inputs: Inputs, context: Context) -> Frames:  # noqa: ARG002 - nothing is computed yet
        """The same frames under other numbers."""
        from understudy.nodes.media.images.derived import RenumberedFrames

        return RenumberedFrames(inputs["input"], self.offset)
