"""A module of torch as ONNX, of the lowest opset that has all its operators: old programs load new models.

Torch's exporter that traces is used: its successor writes opset 18 at the least, and wants a package more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.onnx_file import needed
from understudy.nodes.learning.onnx_tracing import traced

if TYPE_CHECKING:
    from understudy.nodes.export.models.exportable import TorchExportable

OPSETS = range(11, 21)
"""Opset 11 is the first in which a frame of any size can be padded; the exporter knows 20."""


def onnx_bytes(model: TorchExportable) -> bytes:
    """The module as ONNX; equal models give equal bytes.

    Raises:
        UnderstudyError: onnx is missing, or no opset has one of the operators; the message names it.
    """
    from torch.onnx.errors import OnnxExporterError, UnsupportedOperatorError

    onnx = needed("onnx")
    reason = ""
    for opset in OPSETS:
        try:
            data = traced(model.module, model.samples[0], opset, (model.input, model.output), model.free)
        except UnsupportedOperatorError as error:
            reason = str(error).partition(". ")[0]
        except (OnnxExporterError, RuntimeError) as error:  # its passes raise both
            reason = str(error).strip().partition("\n")[0]
        else:
            made = onnx.load_model_from_string(data)
            made.producer_name, made.producer_version = "understudy", ""
            return bytes(made.SerializeToString(deterministic=True))
    raise UnderstudyError(
        f"The network has something that ONNX lacks, up to opset {OPSETS[-1]}. {reason.rstrip('.')}. Train "
        "one without it, such as UNet."
    )
