"""Transfer: what fits of another network's weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from understudy.nodes.learning.networks.unet import UNet
from understudy.nodes.learning.state import load_network, network_arrays
from understudy.nodes.learning.transfer import transferred


def _unet(size: str, inputs: int = 3, outputs: int = 1, seed: int = 1) -> UNet:
    torch.manual_seed(seed)
    network = UNet(inputs, outputs, size=size).eval()
    torch.nn.init.normal_(network.last.weight, std=0.3)
    return network


@torch.inference_mode()
def _output(network: UNet, channels: int = 3) -> torch.Tensor:
    return network(torch.rand(1, channels, 64, 64, generator=torch.Generator().manual_seed(5)))


@pytest.mark.parametrize("size", ["small", "medium"])
def test_a_wider_network_begins_as_the_same_function(size: str) -> None:
    """Small into medium, and the same size: the output is the old one, to rounding (values are about 1)."""
    old, new = _unet("small"), _unet(size, seed=2)
    found = transferred(network_arrays(new), network_arrays(old))
    load_network(new, found.weights)
    assert not found.anew
    assert bool(found.widened) == (size == "medium")
    torch.testing.assert_close(_output(new), _output(old), atol=1e-5, rtol=0)


def test_more_input_channels_change_nothing_at_first() -> None:
    """A network of RGB and depth begins by looking at RGB alone."""
    old, new = _unet("small"), _unet("small", inputs=4, seed=2)
    found = transferred(network_arrays(new), network_arrays(old))
    assert "stem.weight" in found.widened
    np.testing.assert_array_equal(found.weights["stem.weight"][:, 3:], 0.0)


def test_a_narrower_network_begins_anew_where_it_is_narrower() -> None:
    """Nothing is cut down; the sentence names the layers and both shapes."""
    old, new = _unet("medium"), _unet("small", seed=2)
    found = transferred(network_arrays(new), network_arrays(old))
    assert found.anew["stem.weight"] == "16 x 3 x 4 x 4 there is wider than 8 x 3 x 4 x 4"
    np.testing.assert_array_equal(found.weights["stem.weight"], network_arrays(new)["stem.weight"])
    assert f"{len(found.anew)} begin anew: stem.weight (16 x 3 x 4 x 4 there" in found.described()


def test_another_head_begins_anew() -> None:
    """Where other channels come out, the last layer is not taken over though its shape would fit."""
    old, new = _unet("small"), _unet("small", seed=2)
    found = transferred(network_arrays(new), network_arrays(old), last=("last.",))
    assert {"last.weight", "last.bias"} == set(found.anew)
    assert set(found.anew.values()) == {"it gives other channels"}


def test_a_network_of_another_kind_fits_nowhere() -> None:
    """Layers of other names are told, and nothing of the new network is touched."""
    new = network_arrays(_unet("small"))
    found = transferred(new, {"elsewhere.weight": np.ones((2, 2), np.float32)})
    assert not found.same
    assert set(found.anew.values()) == {"it is not in the other"}
    assert found.described().startswith(f"0 of {len(new)} weights fit")
