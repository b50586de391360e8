"""Choosing a back end: the fastest of those whose pixels agree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from understudy.nodes.learning.backends import choosing
from understudy.nodes.learning.backends.backend import Load
from understudy.nodes.learning.backends.choosing import TOLERANCE, Trial, fastest, trials
from understudy.nodes.learning.encoding import identity
from understudy.nodes.learning.images.model import ImageModel

if TYPE_CHECKING:
    import pytest

LOAD = Load(channels=1, precision="float32", at_once=1, threads=1)


def _model() -> ImageModel:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1))
    return ImageModel(network, ("Y",), ("Y",), identity(1), identity(1), "identity", colour=True)


def test_every_back_end_is_measured_against_torch() -> None:
    """Torch comes first and differs from itself by nothing; the others agree with it."""
    found = trials(_model(), torch.rand(1, 1, 32, 32), LOAD)
    assert (found[0].name, found[0].difference) == ("torch", 0.0)
    assert "onnxruntime" in {trial.name for trial in found}
    assert all(trial.agrees and trial.seconds > 0 for trial in found)


def test_one_that_differs_is_never_chosen() -> None:
    """A quick back end with other pixels loses to a slow one with the right ones."""
    slow, quick = Trial("torch", 1.0, 0.0, TOLERANCE), Trial("openvino", 0.1, 0.01, TOLERANCE)
    assert fastest([slow, quick]) is slow
    assert fastest([slow, Trial("openvino", 0.1, 1e-6, TOLERANCE)]).name == "openvino"


def test_wrong_pixels_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that computes something else does not agree, however little of the picture it touches."""

    class Wrong(nn.Module):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, x_NCHW: Tensor) -> Tensor:
            y_NCHW: Tensor = self.network(x_NCHW).clone()
            y_NCHW[..., 5, 5] += 0.01
            return y_NCHW

    monkeypatch.setattr(choosing, "installed", lambda: ("torch", "other"))
    monkeypatch.setattr(
        choosing,
        "computed_by",
        lambda model, name, _: model if name == "torch" else replace(model, network=Wrong(model.network)),
    )
    found = trials(_model(), torch.rand(1, 1, 32, 32), LOAD)
    assert [trial.agrees for trial in found] == [True, False]
    assert fastest(found).name == "torch"
