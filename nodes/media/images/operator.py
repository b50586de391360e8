"""What the image operators share: they take frames, and compute a frame when somebody asks for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context


class Operator(Node, abstract=True):
    """A node that makes a frame from a frame of each of its inputs.

    A subclass writes `change`, and `change_spec` where windows or channels become others:

        class Invert(Operator):
            '''Turns dark into light.'''

            version = 1

            def change(self, frame):
                return replace(frame, pixels=1 - frame.pixels)

    It has the frames that all its inputs have. What `change` raises as an `UnderstudyError` is told with the
    node's name and the frame's number. The pixels that it is given must not be written to.
    """

    input = Input("frames", "Frames to change.")
    output = Output("frames", "The changed frames.")

    def change(self, *frames: Frame) -> Frame:
        """The result, from a frame of each connected input, in the order in which they are declared."""
        raise NotImplementedError(f"{type(self).__name__} has no change")

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """What is known of the result before it is computed; by default what is known of the first input."""
        return specs[0]

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """The frames that all inputs have; none in common is a fault."""
        known = [wires[0].frames for wires in inputs.values() if wires]
        numbers = [frames for frames in known if frames is not None]
        common = tuple(sorted(set(numbers[0]).intersection(*numbers))) if numbers else ()
        if len(numbers) > 1 and not common:
            report.fault(
                "the inputs have no frame in common",
                knob="inputs",
                expected="the same frame numbers on all; TimeOffset shifts one of them",
            )
        whole = bool(numbers) and len(numbers) == len(known)
        return {name: Outline("frames", common if whole else None) for name in self.outputs}

    def compute(self, inputs: Inputs, context: Context) -> Frames:  # noqa: ARG002 - nothing is computed yet
        """The lazy sequence."""
        from understudy.nodes.media.images.derived import MappedFrames

        sources = [source for port in self.inputs if (source := inputs.get(port)) is not None]
        return MappedFrames(self.name, sources, self.change, self.signature(), change_spec=self.change_spec)

    def signature(self) -> str:
        """What identifies the operation: the node's type, its version, and the knobs that change results."""
        knobs = {name: getattr(self, name) for name, knob in self.knobs.items() if knob.result}
        return json.dumps([self.type_name, self.code_version(), knobs], sort_keys=True)
