"""Restraint: which weights a step may move."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.networks.unet import UNet
from understudy.nodes.learning.restraint import Restraint


def _stepped(restraint: Restraint, network: nn.Module, steps: range) -> None:
    """Steps of plain gradient descent by 1 for every weight."""
    for step in steps:
        for weight in network.parameters():
            weight.grad = torch.ones_like(weight)
        restraint.before(step)
        with torch.no_grad():
            for weight in network.parameters():
                if weight.grad is not None:
                    weight.sub_(weight.grad)
        restraint.after(step)


def _network() -> nn.Sequential:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 1, 3))
    for weight in network.parameters():
        nn.init.zeros_(weight)
    return network


def test_layers_are_held_for_the_first_steps() -> None:
    """Up to and with the layer that is named, for so many steps; the others move at once."""
    network = _network()
    _stepped(Restraint(network, freeze="1", freeze_steps=2), network, range(1, 4))
    assert [weight.flatten()[0].item() for weight in network.parameters()] == [-1, -1, -1, -1, -3, -3]


def test_a_share_of_the_weights_stays_at_each_step() -> None:
    """Half of the 872 weights stay, give or take five deviations of 15; others at the next step."""
    network = _network()
    _stepped(Restraint(network, dropout=0.5, seed=3), network, range(1, 2))
    first = torch.cat([weight.flatten() for weight in network.parameters()]).clone()
    assert abs(float((first == 0).sum()) - len(first) / 2) < 75
    _stepped(Restraint(network, dropout=0.5, seed=3), network, range(2, 3))
    second = torch.cat([weight.flatten() for weight in network.parameters()])
    assert set(second.tolist()) == {0.0, -1.0, -2.0}


def test_what_is_held_depends_on_seed_and_step_alone() -> None:
    """Somebody who comes in at a later step holds the same weights as one who was there from the start."""
    whole, resumed = _network(), _network()
    _stepped(Restraint(whole, dropout=0.3, seed=7), whole, range(1, 5))
    _stepped(Restraint(resumed, dropout=0.3, seed=7), resumed, range(1, 3))
    _stepped(Restraint(resumed, dropout=0.3, seed=7), resumed, range(3, 5))
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_layer_that_is_not_there_is_named_with_the_nearest() -> None:
    """The sentence has the layers' names."""
    with pytest.raises(UnderstudyError, match=r'no layer "encoder"\. Did you mean "encoders"'):
        Restraint(UNet(3, 1, size="small"), freeze="encoder", freeze_steps=1)
