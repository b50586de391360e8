"""Picks a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.runtime.context import Context
    from understudy.runtime.runs.folder import RunFolder

FILES = (".cat", ".onnx")
"""What the names of files that hold a model end with."""


class Checkpoint(Node):
    """Picks a checkpoint of a run, or takes one from a file.

    `pick` says which: "best" is the one with the lowest held-out loss, or the last one where nothing was
    held out; "last"; a step, such as "2000"; or a path to a .cat, and then no run is connected.

    A path to an .onnx takes a model of images from elsewhere: one picture in, one out, of the same
    size or a whole number of times as large. What it takes and gives stands in a TOML file of the same name
    beside it, such as `inputs = ["R", "G", "B"]` and, for a model of 0 to 255, `range = [0.0, 255.0]`; also
    outputs, output_range, mean, deviation, stride, reach and scale. An .onnx that this program exported
    needs none.
    """

    version = 1
    run = Input("run", "The run to pick from.", optional=True)
    model = Output("model", "The trained model.")
    pick = Knob("best", "best, last, a step, or a path to a .cat or .onnx.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """A model; a file that is not there, and a pick without a run, are faults."""
        if self._file is not None:
            if not self._file.is_file():
                report.fault("there is no such checkpoint", knob="pick", found=f'"{self.pick}"')
        elif not (self.pick in ("best", "last") or self.pick.isdecimal()):
            report.fault(
                "this is no pick",
                knob="pick",
                found=f'"{self.pick}"',
                expected="best, last, a step, a .cat or an .onnx",
            )
        elif "run" not in inputs:
            report.fault(
                "nothing to pick from", knob="inputs", expected="a run, or pick = the path of a .cat"
            )
        gives = inputs["run"][0].gives if "run" in inputs else None
        return {"model": Outline("model", gives=gives if self._file is None else self._kind())}

    def _kind(self) -> str | None:
        """What the file's model gives; None where its header can't be read."""
        from understudy.runtime.runs.container import read_table

        try:
            header = read_table(str(self._file), "cat").header
        except UnderstudyError:
            return None
        return {"images": "frames", "meshes": "shapes", "tables": "labels"}.get(str(header.get("subject")))

    @property
    def _file(self) -> Path | None:
        return self.path_of(self.pick) if self.pick.endswith(FILES) else None

    def contents(self) -> Iterable[Path]:
        """The file, where one is named, and what stands beside it."""
        if self._file is None:
            return ()
        sidecar = self._file.with_suffix(".toml")
        beside = self._file.suffix == ".onnx" and sidecar.is_file()
        return (self._file, sidecar) if beside else (self._file,)

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Gives `{"path": path of the .cat or .onnx}`."""
        if self._file is not None:
            return {"path": str(self._file)}
        from understudy.runtime.runs.folder import RunFolder

        folder = RunFolder(context.graph.folder / inputs["run"]["folder"])
        cats = folder.cats()
        if not cats:
            raise NodeError(self.name, f"{folder.path} has no checkpoint yet", knob="pick")
        step = self._step(folder, cats)
        if step not in cats:
            known = ", ".join(str(one) for one in cats)
            raise NodeError(
                self.name, f"there is no checkpoint of step {step}; there are {known}", knob="pick"
            )
        return {"path": str(cats[step])}

    def _step(self, folder: RunFolder, cats: Mapping[int, Path]) -> int:
        if self.pick.isdecimal():
            return int(self.pick)
        from understudy.runtime.runs.manifest import read_manifest

        best = read_manifest(folder.manifest).best_step if self.pick == "best" else None
        return best if best is not None and best in cats else max(cats)
