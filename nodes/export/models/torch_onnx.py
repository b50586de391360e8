"""A module of torch as ONNX, of the lowest opset that has all its operators: old programs load new models.

Torch's exporter that traces is used: its successor writes opset 18 at the least, and wants a package more.
"""

from __future__ import annotations

import copy
import io
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.onnx_file import needed

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
            data = _exported(model, opset)
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


def _exported(model: TorchExportable, opset: int) -> bytes:
    axes, module = dict(model.free), _padded(copy.deepcopy(model.module))
    target: Any = io.BytesIO()  # which the exporter takes, and does not say so
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter announces its successor
        torch.onnx.export(
            module,
            (torch.from_numpy(model.samples[0]),),
            target,
            dynamo=False,
            opset_version=opset,
            input_names=[model.input],
            output_names=[model.output],
            dynamic_axes={model.input: axes, model.output: axes},
        )
    data: bytes = target.getvalue()
    return data


def _padded(module: nn.Module) -> nn.Module:
    """The module with a layer of its own for padding "same", which ONNX Runtime lacks with dilation."""
    for name, each in module.named_children():
        if isinstance(each, nn.Conv1d | nn.Conv2d) and each.padding == "same":
            sizes = [rate * (size - 1) for rate, size in zip(each.dilation, each.kernel_size, strict=True)]
            sides = [side for size in reversed(sizes) for side in (size // 2, size - size // 2)]
            each.padding = (0,) * len(sizes)
            pad = nn.ConstantPad1d if len(sizes) == 1 else nn.ConstantPad2d
            setattr(module, name, nn.Sequential(pad(sides, 0.0), each))  # type: ignore[arg-type]
        else:
            _padded(each)
    return module
