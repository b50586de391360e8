"""What a loss asks for."""

from __future__ import annotations

import pytest
import torch

from understudy.nodes.learning.losses import ACTIVATIONS, Loss
from understudy.nodes.learning.losses.colour import ColourLoss
from understudy.nodes.learning.losses.matte import MatteLoss, softened


@pytest.mark.parametrize("loss", [MatteLoss(), ColourLoss()])
def test_activation_is_known(loss: Loss) -> None:
    """What a checkpoint will name is there to be looked up, and gives float32."""
    values = ACTIVATIONS[loss.activation](torch.zeros(1, 1, 2, 2, dtype=torch.bfloat16))
    assert values.dtype == torch.float32


def test_a_right_solid_matte_costs_next_to_nothing() -> None:
    """Sure logits on the right side are the least of the matte loss, grey ones are not."""
    matte = torch.ones(1, 1, 4, 4)
    sure, grey = (MatteLoss()(torch.full_like(matte, logit), matte) for logit in (12.0, 1.1))
    assert float(sure) < 1e-4
    assert float(grey) > 0.4


def test_values_beyond_coverage_do_not_run_away() -> None:
    """A painted matte with 1.1 in it pulls to 1, not to infinity."""
    over = torch.full((1, 1, 4, 4), 1.1)
    costs = [float(MatteLoss()(torch.full_like(over, logit), over)) for logit in (5.0, 10.0, 20.0)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] >= 0


def test_softening_keeps_solids_up_to_the_border() -> None:
    """A box of 3x3 changes edges only; a solid at the frame's border stays solid."""
    matte = torch.zeros(1, 1, 5, 6)
    matte[..., :3] = 1
    assert softened(matte)[0, 0, 2].tolist() == pytest.approx([1, 1, 2 / 3, 1 / 3, 0, 0])


def test_colour_loss_is_the_mean_absolute_error() -> None:
    """Every pixel and channel counts alike."""
    output = torch.tensor([[[[1.0, -2.0]]]])
    assert float(ColourLoss()(output, torch.zeros_like(output))) == 1.5
