"""What tiling has to know of a network that does not say it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from understudy.nodes.learning.networks.geometry import apply_padded, geometry, measure_reach, padded


def test_reach_of_stacked_convolutions() -> None:
    """Three 3x3 convolutions, one of them dilated by 2, see four pixels to each side, even when dead."""
    network = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(4, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 1, 3, padding=1),
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(-1.0)
    assert measure_reach(network, 2) == 4


def test_reach_counts_every_phase_of_a_strided_network() -> None:
    """A pixel at the end of its coarse cell sees the whole cell."""
    network = nn.Sequential(nn.Conv2d(1, 1, 4, stride=4), nn.Upsample(scale_factor=4))
    assert measure_reach(network, 1, stride=4) == 3


def test_global_pooling_is_refused() -> None:
    """A network that sees the whole frame has no reach."""

    class Global(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x - x.mean(dim=(2, 3), keepdim=True)

    with pytest.raises(ValueError, match="can't be tiled"):
        measure_reach(Global(), 1)


def test_declarations_win_over_measuring() -> None:
    """A network that declares stride, reach and memory is taken at its word."""
    network = nn.Identity()
    network.stride, network.reach, network.bytes_per_pixel = 8, 20, 100  # type: ignore[assignment]
    found = geometry(network, 3)
    assert (found.stride, found.reach, found.bytes_per_pixel) == (8, 20, 100)


def test_padding_repeats_the_border() -> None:
    """Rows and columns are added at the end only, and are copies of the last."""
    pixels = torch.arange(6.0).reshape(1, 1, 2, 3)
    result = padded(pixels, 4)
    assert result.shape == (1, 1, 4, 4)
    assert result[0, 0].tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]


def test_padding_is_cropped_back() -> None:
    """A frame of odd size comes back in its size."""
    pixels = torch.randn(1, 2, 17, 33)
    assert torch.equal(pixels, apply_padded(nn.Identity(), pixels, 16))
