"""A deformer as one ONNX file, with what a host must know in its metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from understudy.nodes.export.describing import described, drawn_inputs
from understudy.nodes.learning.deformers.onnx_export import checked_onnx
from understudy.runtime.durable import replace_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.onnx_export import OnnxReport


def export(deformer: Deformer, path: Path) -> OnnxReport:
    """Writes an .onnx file; its metadata has `understudy`, the JSON that `described` gives.

    Raises:
        UnderstudyError: onnx or onnxruntime is missing, or results differ; nothing is written then.
        StorageError: It can't be written.
    """
    notes = {"understudy": json.dumps(described(deformer))}
    data, report = checked_onnx(deformer, drawn_inputs(deformer), notes)
    replace_bytes(path, [data])
    return report
