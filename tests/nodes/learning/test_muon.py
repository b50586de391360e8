"""The optimiser: what it does to matrices, and that it goes on exactly from its state."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from understudy.nodes.learning.muon import (
    NEWTON_SCHULZ,
    NEWTON_SCHULZ_STEPS,
    Muon,
    clip_gradients,
    inner_names,
    orthogonalised,
)
from understudy.nodes.learning.networks.unet import UNet
from understudy.nodes.learning.state import load_optimiser, optimiser_arrays


def _network() -> nn.Module:
    torch.manual_seed(1)
    return UNet(3, 1, size="small")


def _train(network: nn.Module, optimiser: Muon, steps: range) -> None:
    for step in steps:
        pixels = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(step))
        (network(pixels) - pixels.mean(1, keepdim=True)).square().mean().backward()
        clip_gradients(network.parameters())
        optimiser.step()
        optimiser.zero_grad()


@pytest.mark.parametrize("shape", [(8, 72), (72, 8), (5, 5)])
def test_orthogonalised_is_the_iteration_of_jordan_et_al(shape: tuple[int, int]) -> None:
    """The result equals the quintic iteration run on the matrix itself in double precision."""
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    a, b, c = NEWTON_SCHULZ
    x = matrix.double() / matrix.double().norm()
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    found = orthogonalised([torch.zeros(8, 3), matrix])[1]
    torch.testing.assert_close(found.double(), x, rtol=0, atol=2e-4)


def test_singular_values_end_near_one() -> None:
    """Directions that differ by a factor of a hundred get the same speed, within a half."""
    matrix = torch.diag(torch.tensor([100.0, 10.0, 1.0]))
    values = torch.linalg.svdvals(orthogonalised([matrix])[0])
    assert 0.5 < float(values.min()) <= float(values.max()) < 1.5


def test_outer_layers_are_no_inner_matrices() -> None:
    """Stem, head and outputs are trained by AdamW, and so are biases."""
    names = inner_names(UNet(3, 3, size="small", colour=True))
    assert "encoders.0.0.first.weight" in names
    assert not [
        name
        for name in names
        if name.startswith(("stem", "head", "join", "last", "colour")) or name.endswith("bias")
    ]


def test_first_and_last_layer_of_an_undeclared_network() -> None:
    """A network that declares nothing keeps its first and last matrix for AdamW."""
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3), nn.Conv2d(2, 1, 3))
    assert inner_names(network) == {"1.weight"}


def test_it_learns() -> None:
    """A hundred steps on one pair bring the error under a tenth."""
    torch.manual_seed(2)
    network = UNet(3, 1, size="small")
    optimiser = Muon(network, rate=2e-3)
    pixels = torch.randn(1, 3, 32, 32)
    losses = []
    for _ in range(100):
        loss = (network(pixels) - pixels.mean(1, keepdim=True)).square().mean()
        loss.backward()
        losses.append(float(loss.detach()))
        optimiser.step()
        optimiser.zero_grad()
    assert losses[-1] < 0.1 * losses[0]


def test_stopped_and_continued_equals_uninterrupted() -> None:
    """Weights and state are all that going on bit for bit needs."""
    whole = _network()
    _train(whole, Muon(whole), range(6))
    first = _network()
    before = Muon(first)
    _train(first, before, range(3))
    second = UNet(3, 1, size="small")
    second.load_state_dict(first.state_dict())
    after = Muon(second)
    load_optimiser(second, after, optimiser_arrays(first, before))
    _train(second, after, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), second.parameters(), strict=True))


def test_clipping_keeps_the_direction() -> None:
    """Gradients are scaled together to the norm asked for, and the norm before is told."""
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.tensor([3.0, 4.0])
    assert clip_gradients([parameter], 1.0) == pytest.approx(5.0)
    assert parameter.grad.tolist() == pytest.approx([0.6, 0.8], abs=1e-5)


def test_a_closure_computes_the_gradients_first() -> None:
    """As torch's own optimisers do: gradients are on inside, and its loss comes back."""
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3), nn.Conv2d(4, 1, 3))
    before = [parameter.detach().clone() for parameter in network.parameters()]

    def closure() -> torch.Tensor:
        loss = network(torch.ones(1, 1, 9, 9)).square().mean()
        loss.backward()
        return loss.detach()

    assert float(Muon(network).step(closure)) > 0
    after = list(network.parameters())
    assert not any(torch.equal(old, new) for old, new in zip(before, after, strict=True))
