"""A deformer as a folder like Maya's .mldf: the model beside its metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.describing import described, drawn_inputs
from understudy.nodes.learning.deformers.onnx_export import checked_onnx
from understudy.runtime.durable import make_folder, remove, replace_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.onnx_export import OnnxReport

MODEL, METADATA = "model.onnx", "metadata.json"


def export(deformer: Deformer, path: Path) -> OnnxReport:
    """Writes `model.onnx` and then `metadata.json`, so that a folder with metadata is whole.

    Raises:
        UnderstudyError: onnx or onnxruntime is missing, results differ, or the folder has the metadata of
            another program; nothing is written then.
        StorageError: It can't be written.
    """
    data, report = checked_onnx(deformer, drawn_inputs(deformer))
    metadata = path / METADATA
    if metadata.exists() and b'"understudy"' not in metadata.read_bytes():
        raise UnderstudyError(
            f"{metadata} was written by another program and is left alone. Name another folder."
        )
    found = described(deformer)
    found["understudy"] |= {"model": MODEL, "difference": report.difference}
    make_folder(path)
    remove(metadata)
    replace_bytes(path / MODEL, [data])
    replace_bytes(metadata, [json.dumps(found, indent=1).encode()])
    return report
