"""A module of torch as ONNX, by running it once and writing down what it did.

Torch's exporter that traces is used: its successor writes opset 18 at the least, and wants a package more.
"""

from __future__ import annotations

import copy
import io
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def traced(
    module: nn.Module, sample: NDArray[Any], opset: int, names: tuple[str, str], free: Mapping[int, str]
) -> bytes:
    """The module as ONNX.

    Args:
        module: Takes and gives one tensor.
        sample: What it is run with.
        opset: The version of ONNX's operators.
        names: Of the input and the output.
        free: Names of the dimensions that may have any length, of both.

    Raises:
        torch.onnx.errors.OnnxExporterError: It has something that the opset lacks; some are RuntimeErrors.
    """
    target: Any = io.BytesIO()  # which the exporter takes, and does not say so
    with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter announces its successor
        torch.onnx.export(
            _padded(copy.deepcopy(module)),
            (torch.from_numpy(sample),),
            target,
            dynamo=False,
            opset_version=opset,
            input_names=[names[0]],
            output_names=[names[1]],
            dynamic_axes={name: dict(free) for name in names},
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
