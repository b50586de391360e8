"""Nets that end at their own time, and a learning rate that is divided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from understudy.nodes.learning.deformers.net_schedule import NetSchedule
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.deformers.training import DeformerTraining
from understudy.nodes.networks.differential_deformer import DifferentialDeformer

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.local_net import GroupedNet
    from understudy.nodes.media.meshes.posed import PosedMeshes

BATCH = 40
"""Two steps are an epoch of the bar's 80 poses."""


def training(bar: dict[str, PosedMeshes], **knobs: Any) -> DeformerTraining:
    """A training of the two nets, with settings."""
    settings = DeformerSettings(mode="differential", limit=4, neurons=4, **knobs)
    return DeformerTraining(prepare(bar["train"], bar["val"], settings))


def stepped(
    subject: DeformerTraining, network: GroupedNet, optimiser: torch.optim.Optimizer, steps: range
) -> None:
    """Makes these steps as the loop does: the rate is set before each."""
    for step in steps:
        optimiser.zero_grad()
        inputs, targets = subject.batch(step, BATCH)
        subject.loss(network(inputs), targets).backward()
        for group in optimiser.param_groups:
            group["lr"] = 0.01
        optimiser.step()


def weights(network: GroupedNet, net: int) -> torch.Tensor:
    """All weights of one of the nets, as a row."""
    return torch.cat([weight.detach()[net].flatten() for weight in network.parameters()])


@pytest.mark.parametrize("ending", [0, 1])
def test_a_net_learns_no_more_after_its_epochs(bar: dict[str, PosedMeshes], ending: int) -> None:
    """It stays to the bit, decay included, while the other goes on as if both did."""
    epochs = [0, 0]
    epochs[ending] = 2
    subject, free = training(bar, net_epochs=tuple(epochs)), training(bar)
    network, both = subject.network(), free.network()
    optimiser = subject.optimiser(network, 0.01, BATCH)
    stepped(subject, network, optimiser, range(1, 5))
    at_its_end = weights(network, ending)

    stepped(subject, network, optimiser, range(5, 9))
    stepped(free, both, free.optimiser(both, 0.01, BATCH), range(1, 9))

    assert torch.equal(weights(network, ending), at_its_end)
    assert torch.equal(weights(network, 1 - ending), weights(both, 1 - ending))
    assert not torch.equal(weights(both, ending), at_its_end)


def test_a_resumed_training_counts_on(bar: dict[str, PosedMeshes]) -> None:
    """A new optimiser with the saved state ends and divides where the old one would have."""
    subject = training(bar, net_epochs=(2, 0), rate_decay_epochs=1)
    unbroken, resumed = subject.network(), subject.network()
    stepped(subject, unbroken, subject.optimiser(unbroken, 0.01, BATCH), range(1, 9))
    first = subject.optimiser(resumed, 0.01, BATCH)
    stepped(subject, resumed, first, range(1, 4))

    second = subject.optimiser(resumed, 0.01, BATCH)
    second.load_state_dict(first.state_dict())
    stepped(subject, resumed, second, range(4, 9))

    for net in (0, 1):
        assert torch.equal(weights(resumed, net), weights(unbroken, net))


def test_the_rate_is_divided_every_few_epochs() -> None:
    """By the divider each time, from the step on that begins the epoch."""
    weight = torch.nn.Parameter(torch.zeros(2, 1))
    settings = DeformerSettings(rate_decay_epochs=2, rate_divider=10.0)
    optimiser = torch.optim.AdamW([weight])
    NetSchedule(optimiser, settings, 2.0)
    rates = []
    for _ in range(9):
        weight.grad = torch.ones_like(weight)
        optimiser.param_groups[0]["lr"] = 1.0
        optimiser.step()
        rates.append(optimiser.param_groups[0]["lr"])

    assert rates == pytest.approx([1.0] * 4 + [0.1] * 4 + [0.01])


def test_the_knobs_reach_the_settings() -> None:
    """Their words stand for no limit; numbers are taken as they are."""
    node = DifferentialDeformer("net")
    settings = node.settings(0)
    assert (settings.net_epochs, settings.batch_divider, settings.rate_decay_epochs) == ((0, 0), 0, 0)

    node = DifferentialDeformer("net", {"differential_epochs": 5, "anchor_epochs": 9, "batch_divider": 4})
    settings = node.settings(0)
    assert (settings.net_epochs, settings.batch_divider) == ((5, 9), 4)
