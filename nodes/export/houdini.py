"""The same ONNX for Houdini: its ONNX Inference node shows the tensors' names, so they say what goes in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.nodes.export import onnx
from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable


def write(model: Exportable, path: Path, options: Options) -> Written:
    """Writes an .onnx whose tensors are called after the channels in their order, such as `in_R_G_B`."""
    from understudy.nodes.export.models.exportable import TorchExportable

    if isinstance(model, TorchExportable) and model.subject == "images":
        names = (_name("in", model.notes["inputs"]), _name("out", model.notes["outputs"]))
        model = replace(model, input=names[0], output=names[1])
    written = onnx.write(model, path, options)
    steps = "Load it in an ONNX Inference node and press Setup Shapes from Model; axes of -1 are free."
    return replace(written, remarks=(steps,))


def _name(side: str, channels: list[str]) -> str:
    plain = ("".join(sign if sign.isalnum() else "_" for sign in name) for name in channels)
    return "_".join((side, *plain))


FORMAT = Format(
    name="houdini",
    help="ONNX whose tensors are named after the channels",
    subjects=("images", "meshes"),
    example="matte.onnx",
    write=write,
)
