"""What the loop needs of a deformer's net."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.distilling import crossed
from understudy.nodes.learning.deformers.settings import ACTIVATIONS, DeformerSettings
from understudy.nodes.learning.deformers.training import DeformerTraining, conclude

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes


def trained(subject: DeformerTraining, steps: int) -> torch.nn.Module:
    """A net after some steps at a constant rate."""
    network = subject.network()
    optimiser = subject.optimiser(network, 3e-3)
    for step in range(1, steps + 1):
        inputs, targets = subject.batch(step, 32)
        optimiser.zero_grad()
        subject.loss(network(inputs), targets).backward()
        optimiser.step()
    return network


def test_a_fresh_net_is_near_its_ridge_and_learning_helps(prepared: Prepared) -> None:
    """The loss begins near that of the floor, 1, and falls well below it."""
    subject = DeformerTraining(prepared)

    assert subject.validate(subject.network()) < 3.0
    assert subject.validate(trained(subject, 250)) < 0.5


def test_equal_seeds_make_equal_nets(prepared: Prepared) -> None:
    """Weights and batches depend on the seed and the step only."""
    first, second = (DeformerTraining(prepared) for _ in range(2))

    for a, b in zip(first.network().parameters(), second.network().parameters(), strict=True):
        assert torch.equal(a, b)
    second.batch(7, 32)
    for a, b in zip(first.batch(3, 32), second.batch(3, 32), strict=True):
        assert torch.equal(a, b)


def test_an_epoch_goes_through_every_pose_once(prepared: Prepared) -> None:
    """Batches of an epoch hold each row, made-up ones included, exactly once."""
    subject = DeformerTraining(prepared)
    size = 20
    assert subject.pairs % size == 0

    rows = [row for step in range(1, subject.pairs // size + 1) for row in subject.rows(step, size)]

    assert sorted(rows) == list(range(80 + 100))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_plain_arrays_compute_what_torch_computes(prepared: Prepared, activation: str) -> None:
    """The stored form of a net agrees with the net, for every activation."""
    settings = DeformerSettings(neurons=16, activation=activation)
    network = local_net.GroupedNet(_with(prepared, settings))
    inputs = prepared.validation[0]

    with torch.no_grad():
        expected = network(torch.from_numpy(inputs)).numpy()

    np.testing.assert_allclose(expected, local_net.numpy_net(network).predict(inputs), atol=1e-6)


def test_conclude_compares_all_three(bar: dict[str, PosedMeshes], prepared: Prepared) -> None:
    """Ridge, kernel and net are measured on the validation poses, and the uncertainty comes with the best."""
    network = trained(DeformerTraining(prepared), 20)

    end = conclude(prepared, bar["val"], network)

    assert set(end.percent) == {"ridge", "kernel", "net"}
    assert end.deformer.figures["chosen"] == end.chosen
    assert end.uncertainty is not None


def test_crossed_poses_take_every_control_from_a_real_one() -> None:
    """Columns of a group come together from one training row."""
    inputs = np.arange(40, dtype=np.float32).reshape(8, 5)
    groups = np.array([0, 0, 1, 1, 2])

    made = crossed(inputs, groups, 50, seed=0)

    assert made.shape == (50, 5)
    assert (made[:, 1] - made[:, 0] == 1.0).all()
    assert np.isin(made, inputs).all()
    assert (made[:, 4] - made[:, 0] != 4.0).any()


def _with(prepared: Prepared, settings: DeformerSettings) -> Prepared:
    from dataclasses import replace

    return replace(prepared, settings=settings)
