"""Modules of torch as ONNX."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import onnx
import pytest
import torch
from small_image_model import write_image_model
from torch import nn
from torch.nn import functional

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.images import exportable
from understudy.nodes.export.models.onnx_file import checked_onnx, player
from understudy.nodes.export.models.torch_onnx import onnx_bytes
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from torch import Tensor

    from understudy.nodes.export.models.exportable import TorchExportable


class Warped(nn.Module):
    """Looks elsewhere: `GridSample` came with opset 16."""

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The same frame, by way of a grid."""
        theta = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
        grid = functional.affine_grid(theta, [1, 3, 64, 64], align_corners=True)
        return functional.grid_sample(x_NCHW, grid, align_corners=True)


class Ordered(nn.Module):
    """Sorts in a way that ONNX has no operator for."""

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The median of each row, in all of it."""
        return x_NCHW.mode(dim=-1, keepdim=True)[0].expand_as(x_NCHW)


@pytest.fixture
def model(tmp_path: Path) -> TorchExportable:
    """A matte."""
    return exportable(read_container(write_image_model(tmp_path / "m.cat")), "m.cat", None)


def test_the_lowest_opset_is_taken(model: TorchExportable) -> None:
    """A U-Net needs what is needed to pad any frame; a warp needs opset 16."""
    warped = replace(model, module=Warped())

    assert onnx.load_model_from_string(onnx_bytes(model)).opset_import[0].version == 11
    assert onnx.load_model_from_string(onnx_bytes(warped)).opset_import[0].version == 16


def test_equal_models_are_equal_files(model: TorchExportable) -> None:
    """Nothing of the clock or of the process is in them."""
    assert checked_onnx(model)[0] == checked_onnx(model)[0]


def test_an_operator_that_onnx_lacks_is_named(model: TorchExportable) -> None:
    """And what to do about it."""
    with pytest.raises(UnderstudyError, match=r"ONNX lacks, up to opset 20.*aten::mode.*such as UNet"):
        onnx_bytes(replace(model, module=Ordered()))


@pytest.mark.parametrize("kernel", [(3, 5), (4, 2)], ids=["odd", "even"])
def test_padding_to_the_same_size_is_spelled_out(model: TorchExportable, kernel: tuple[int, int]) -> None:
    """ONNX Runtime knows it only without dilation; the model in hand stays as it was."""
    layer = nn.Conv2d(3, 3, kernel, dilation=2, padding="same")
    around = nn.Sequential(layer)

    def ours(sample: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return around(torch.from_numpy(sample)).numpy()

    _, difference, _ = checked_onnx(replace(model, module=around, ours=ours))

    assert difference < 1e-5
    assert layer.padding == "same"


def test_what_onnx_runtime_can_not_compute_is_told(model: TorchExportable) -> None:
    """With its reason: an operator of a later time, here."""
    data = onnx.load_model_from_string(onnx_bytes(model))
    data.opset_import[0].version = 999

    with pytest.raises(UnderstudyError, match=r"ONNX Runtime can't compute the exported model: .*999"):
        player(model, data.SerializeToString())
