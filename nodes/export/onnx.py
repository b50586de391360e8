"""A model as one ONNX file, with what a host must know in its metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.nodes.export.format import Format, Options, Written

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.export.models.exportable import Exportable


def write(model: Exportable, path: Path, options: Options) -> Written:  # noqa: ARG001 - this format has none
    """Writes an .onnx; its metadata has `understudy`, the model's notes as JSON."""
    from understudy.nodes.export.models.onnx_file import checked_onnx, milliseconds
    from understudy.runtime.durable import make_folder, replace_bytes

    data, difference, play = checked_onnx(model)
    taken = milliseconds(model, play) if model.subject == "meshes" else None
    make_folder(path.parent)
    replace_bytes(path, [data])
    return Written((path,), len(data), difference, model.compared, taken)


FORMAT = Format(
    name="onnx",
    help="one file that ONNX Runtime and most programs load",
    subjects=("images", "meshes", "tables"),
    example="matte.onnx",
    write=write,
)
