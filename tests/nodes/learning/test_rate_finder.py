"""The learning-rate finder: a trial whose rate rises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from understudy.nodes.learning import rate_finder
from understudy.nodes.learning.rate_finder import RateTrial, draw_rates, find_rate

if TYPE_CHECKING:
    from pathlib import Path


class _Line:
    """A straight line to learn by gradient descent, whose largest stable rate is 2 / curvature."""

    pairs, batch_size, precision = 4, 4, "float32"

    def __init__(self, curvature: float) -> None:
        self.scale = curvature**0.5

    def network(self) -> nn.Module:
        network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(network.weight)
        return network

    def optimiser(self, network: nn.Module, rate: float) -> Any:
        return torch.optim.SGD(network.parameters(), lr=rate)

    def batch(self, _step: int, size: int) -> tuple[Tensor, Tensor]:
        inputs = torch.full((size, 1), self.scale)
        return inputs, 0.5 / self.scale**2 * inputs  # so near that no gradient is clipped

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return 0.5 * (output - target).square().mean()


def _trial(curvature: float) -> RateTrial:
    told: list[int] = []
    found = find_rate(
        _Line(curvature),  # type: ignore[arg-type]
        batch=4,
        precision="float32",
        device="cpu",
        told=lambda done, _: told.append(done),
    )
    assert told == list(range(1, told[-1] + 1))
    return found


@pytest.mark.parametrize("curvature", [20.0, 200.0])
def test_the_rate_is_below_the_one_that_breaks(curvature: float) -> None:
    """A rate above 2 / curvature diverges; what is taken learns in some tens of steps."""
    found = _trial(curvature)
    assert 0.01 / curvature < found.rate < 2 / curvature
    assert len(found.losses) == len(found.rates) <= rate_finder.STEPS


def test_the_same_job_finds_the_same_rate() -> None:
    """Nothing but the subject decides, and the rate stands on a ladder of four rungs for a factor of ten."""
    one, other = _trial(50.0), _trial(50.0)
    assert one.rate == other.rate
    assert np.log10(one.rate) * rate_finder.LADDER == pytest.approx(round(np.log10(one.rate) * 4))


def test_the_picture_is_a_png(tmp_path: Path) -> None:
    """It opens, and is as wide as the loss graph."""
    rates = np.geomspace(1e-5, 1, 20)
    draw_rates(RateTrial(rates, 1 / (1 + rates), 0.1), tmp_path / "rates.png")
    with Image.open(tmp_path / "rates.png") as picture:
        assert picture.size == (990, 495)
