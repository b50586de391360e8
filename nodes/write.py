"""Writes what a graph made to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output
from understudy.nodes.media.sinks import sink_for, sink_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.runtime.context import Context


class Write(Node):
    """Writes frames to EXR, DPX, TIFF, PNG or JPEG files, by the path's suffix.

    Each file is replaced whole: under its name there is never half a frame. Frames that are there and right
    are skipped. A frame that fails does not stop the others; they are listed at the end, and the node fails.

    An EXR keeps channels, windows and metadata, and says in `understudy/...` what made it. Other formats
    hold the display window and values from 0 to 1.
    """

    version = 1
    keeps = True
    framewise = True
    input = Input("frames shapes labels", "What to write.")
    files = Output("files", "The files, and their frame numbers.")

    path = Knob("", "Where frames go, with padding such as out/matte.####.exr; folders are made.", path=True)
    frames = Knob("", "The frames to write, such as 1001-1100; all that the input has when empty.")
    channels = Knob("", "The channels or layers to write, such as rgb or A; all when empty.")
    dtype = Knob(
        "auto",
        "Type of the values: half or float for EXR, uint8 to uint16 or float for others; auto takes half for "
        "EXR, 10 bits for DPX, 16 for TIFF, 8 for PNG and JPEG.",
    )
    compression = Knob(
        "auto",
        "Compression, with a quality where it has one: zip, piz, dwaa:45, jpeg:90; auto for the usual.",
    )

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """The files; what can't be written is a fault."""
        source = inputs["input"][0]
        sink = sink_of(self.path_of(self.path), source.kind)
        if sink is None:
            expected = "a file of frames, such as out/matte.####.exr"
            if source.kind != "frames":
                expected = f"a file that holds {source.kind}"
            report.fault(f"{source.kind} are not written to such a file", knob="path", found=f'"{self.path}"',
                         expected=expected)  # fmt: skip
        else:
            sink.check(self, source, report)
        return {"files": Outline("files")}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, Any]:
        """Writes what is not there yet; says what is there now."""
        sink = sink_for(self.path_of(self.path), inputs["input"])
        return sink.write(self, inputs["input"], context)
