"""Writes a trained model for another program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output
from understudy.nodes.export.format import Options, formats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.runtime.context import Context


class Export(Node):
    """Writes a trained model for another program, and only if it gives there what it gives here.

    Encoding, normalisation, padding and decoding are inside: the program feeds pixels, or values of
    controls, as they are. What is written is loaded again, run, and compared with Inference's result, on what
    is drawn from the model's own statistics and on what is connected to `check`.

    `understudy export FILE.cat --to FORMAT PATH` does the same, and its help lists the formats.
    """

    version = 1
    keeps = True
    model = Input("model", "The trained model, from a Checkpoint.")
    check = Input("frames controls features", "What to compare results on, such as the plate.", optional=True)
    files = Output("files", "The files.")

    path = Knob("", "The file or folder that is written; folders are made.", path=True)
    format = Knob("onnx", "The format.", choices=tuple(formats()))
    host = Knob("", "The program's version where the format asks for one, such as 14.0 for nuke.")
    precision = Knob("", "float32 or float16 where the format can; float32 when empty.")
    shapes = Knob(
        "", "The smallest, best and largest frame, such as 64x64 1920x1080 4096x2160, for tensorrt."
    )

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - any model will do
        """The files; a path is needed, and options must be the format's."""
        chosen = formats()[self.format]
        if not self.path:
            report.fault(
                "nowhere to write the model", knob="path", expected=f"a path such as {chosen.example}"
            )
        for knob in ("host", "precision", "shapes"):
            if getattr(self, knob) and knob not in chosen.options:
                takers = [name for name, each in formats().items() if knob in each.options]
                report.fault(
                    f"{self.format} has no use for it",
                    knob=knob,
                    found=f'"{getattr(self, knob)}"',
                    suggestion=f"It is for {' and '.join(takers)}; leave it out.",
                )
        return {"files": Outline("files")}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, Any]:
        """Writes the model; gives its files and its largest difference."""
        from pathlib import Path

        from understudy.nodes.export.exporting import export

        options = Options(host=self.host, precision=self.precision, shapes=self.shapes)
        source, target = Path(inputs["model"]["path"]), self.path_of(self.path)
        written = export(source, self.format, target, options, inputs.get("check"))
        context.say(f"{self.name}: {written.sentence(self.path)}")
        for remark in written.remarks:
            context.say(f"{self.name}: {remark}")
        context.files.extend(written.files)
        context.wrote(written.files[0], f"model for {self.format}")
        return {"paths": [str(file) for file in written.files], "difference": written.difference}
