"""The U-Net: its shapes, its size, and what it declares of itself."""

from __future__ import annotations

import pytest
import torch

from understudy.nodes.learning.networks.geometry import measure_reach
from understudy.nodes.learning.networks.unet import ColourBranch, UNet


@pytest.mark.parametrize(
    ("size", "parameters"), [("small", 78_934), ("medium", 306_430), ("large", 1_214_542)]
)
def test_sizes(size: str, parameters: int) -> None:
    """The sizes have the parameters that the measurements speak of."""
    assert parameters == sum(p.numel() for p in UNet(3, 1, size=size).parameters())


@pytest.mark.parametrize(("inputs", "outputs", "colour"), [(3, 1, False), (4, 4, True), (1, 3, True)])
def test_any_multiple_of_the_stride(inputs: int, outputs: int, *, colour: bool) -> None:
    """Frames keep their height and width, with any number of channels on either side."""
    network = UNet(inputs, outputs, size="small", colour=colour)
    assert network(torch.randn(2, inputs, 48, 80)).shape == (2, outputs, 48, 80)


def test_declared_reach_is_the_measured_one() -> None:
    """What the network says of its reach is what its gradient shows."""
    network = UNet(3, 1, size="small")
    assert measure_reach(network, 3, stride=network.stride) == network.reach == 138


def test_colour_effects_begin_as_their_input() -> None:
    """An untrained network for a colour effect gives the input back, nearly."""
    torch.manual_seed(0)
    pixels = torch.randn(1, 3, 32, 32)
    difference = UNet(3, 3, size="small", colour=True)(pixels) - pixels
    assert float(difference.detach().abs().max()) < 0.05


def test_colour_branch_gives_the_same_in_bands() -> None:
    """Where nothing is learned a tall frame is computed in bands of rows, with the bits of all at once.

    40 rows of 1,000 pixels are four bands, the last of four rows.
    """
    branch = ColourBranch(3, 3)
    pixels = torch.randn(1, 3, 40, 1000, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        in_bands = branch(pixels)
    assert torch.equal(branch(pixels).detach(), in_bands)


def test_colour_branch_keeps_float32_in_mixed_precision() -> None:
    """Under bfloat16 the colour branch still tells values apart that bfloat16 would not."""
    branch = UNet(3, 3, size="small", colour=True).colour_branch
    assert branch is not None
    torch.nn.init.ones_(branch.third.weight)
    pixels = torch.full((1, 3, 16, 16), 0.5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        plain, changed = branch(pixels), branch(pixels + 1e-4)
    assert plain.dtype == torch.float32
    assert not torch.equal(plain, changed)
