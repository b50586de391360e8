"""Modules of torch as TorchScript."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from small_image_model import write_image_model
from torch import nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.images import exportable
from understudy.nodes.export.models.pixels import Pixels
from understudy.nodes.export.models.torchscript import (
    checked_torchscript,
    half_difference,
    known_operators,
)
from understudy.nodes.learning.encoding import identity
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from understudy.nodes.export.models.exportable import TorchExportable

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")


class Newer(nn.Module):
    """Normalises by an operator of torch 2.4."""

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Each row by its size."""
        return torch.rms_norm(x_NCHW, [x_NCHW.size(3)])


class Single(nn.Module):
    """Names a type, so that halves become something else."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 1, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """A layer of what is no half any more."""
        return self.layer(x_NCHW.to(torch.float32))


def around(model: TorchExportable, network: nn.Module) -> TorchExportable:
    """The same with another network, and its own result as ours."""
    module = Pixels(network, 1, identity(3), identity(1), "identity").eval()

    def ours(sample: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return module(torch.from_numpy(sample)).numpy()

    return replace(model, module=module, ours=ours)


@pytest.fixture
def model(tmp_path: Path) -> TorchExportable:
    """A matte."""
    return exportable(read_container(write_image_model(tmp_path / "m.cat")), "m.cat", None)


def test_the_file_gives_our_result(model: TorchExportable) -> None:
    """Of batches and frames of any size; 1e-5 is rounding."""
    data, difference = checked_torchscript(model)

    script = torch.jit.load(io.BytesIO(data))
    found = script(torch.from_numpy(model.samples[1])).detach().numpy()
    assert np.abs(found - model.expected(model.samples[1])).max() <= difference <= 1e-5


def test_it_computes_in_half_precision(model: TorchExportable) -> None:
    """Ten bits of mantissa through twenty layers cost some thousandths of the range."""
    data, _ = checked_torchscript(model)

    found = half_difference(model, data)

    assert found is not None
    assert 1e-5 < found < 0.02


def test_a_network_that_names_a_type_can_not_compute_in_half_precision(model: TorchExportable) -> None:
    """Its file is good, and that is told."""
    single = around(model, Single())

    assert half_difference(single, checked_torchscript(single)[0]) is None


def test_an_operator_that_old_torch_lacks_is_named(model: TorchExportable) -> None:
    """Nuke would refuse the file with a message that nobody understands."""
    with pytest.raises(UnderstudyError, match=r"aten::rms_norm, which Nuke's torch \(1.12\) lacks"):
        checked_torchscript(around(model, Newer()))


def test_operators_of_old_torch_are_known() -> None:
    """Those of the list: what all networks have, and nothing newer."""
    known = known_operators()

    assert {"aten::_convolution", "aten::upsample_nearest2d", "aten::type_as"} <= known
    assert "aten::rms_norm" not in known
