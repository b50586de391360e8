"""Network and loss nodes: what they build, what a checkpoint keeps, and that one file adds one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import torch

from understudy.graph.errors import UnderstudyError
from understudy.graph.knobs import Knob
from understudy.nodes.learning.images.recipes import (
    NetworkNode,
    build_network,
    default_loss,
    default_network,
    description,
    restore_network,
)
from understudy.nodes.learning.networks.geometry import geometry
from understudy.nodes.networks.u_net import UNet

if TYPE_CHECKING:
    from torch import nn


class ThreeLayers(NetworkNode):
    """Three convolutions: all that a new kind of network needs is a class like this, in a file of its own."""

    width = Knob(8, "Channels in the middle.", least=1)

    def build(self, inputs: int, outputs: int, *, colour: bool) -> nn.Module:  # noqa: ARG002 - a net may ignore it
        """The three convolutions."""
        from torch import nn

        return nn.Sequential(
            nn.Conv2d(inputs, self.width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(self.width, self.width, 3, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(self.width, outputs, 3, padding=1),
        )


def test_a_network_in_one_file_can_be_built_trained_and_tiled() -> None:
    """A network that declares nothing gets channels, seed, reach and stride all the same."""
    network = build_network(ThreeLayers("own", {"width": 4}), 3, 1, colour=False, seed=5)
    assert network(torch.randn(1, 3, 9, 11)).shape == (1, 1, 9, 11)
    facts = geometry(network, 3)
    assert (facts.stride, facts.reach) == (1, 3)


def test_weights_depend_on_the_seed_alone() -> None:
    """The same seed gives the same weights, and torch's own generator is left alone."""
    first = build_network(UNet("a", {"model_size": "small"}), 3, 1, colour=False, seed=5)
    state = torch.random.get_rng_state()
    second = build_network(UNet("b", {"model_size": "small"}), 3, 1, colour=False, seed=5)
    other = build_network(UNet("c", {"model_size": "small"}), 3, 1, colour=False, seed=6)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(first.stem.weight, second.stem.weight)  # type: ignore[union-attr, arg-type]
    assert not torch.equal(first.stem.weight, other.stem.weight)  # type: ignore[union-attr, arg-type]


def test_a_checkpoint_gives_the_same_network_back() -> None:
    """Type, knobs and channels are kept as plain values; the network built from them takes the weights."""
    recipe = UNet("unet", {"model_size": "small"})
    values = description(recipe, 4, 4, colour=True)
    assert values["knobs"] == {"model_size": "small"}
    trained = build_network(recipe, 4, 4, colour=True, seed=1)
    restored = restore_network(values)
    restored.load_state_dict(trained.state_dict())
    assert {type(value) for value in values.values()} <= {str, dict, int, bool}


@pytest.mark.parametrize(
    ("change", "told"),
    [({"type": "Write"}, "Write"), ({"type": "Nothing"}, "Nothing"), ({"knobs": {"depth": 3}}, "depth")],
)
def test_a_checkpoint_of_unknown_make_is_refused(change: dict[str, object], told: str) -> None:
    """What is missing here is named."""
    with pytest.raises(UnderstudyError, match=told):
        restore_network(description(UNet("unet"), 3, 1, colour=False) | change)


@pytest.mark.parametrize(
    ("inputs", "outputs", "most", "expected"),
    [
        (3, 1, 1.0, "MatteLoss"),
        (3, 3, 1.0, "ColourLoss"),
        (1, 1, 1.0, "ColourLoss"),
        (3, 1, 9.0, "ColourLoss"),
    ],
)
def test_the_kind_of_data_picks_the_loss(inputs: int, outputs: int, most: float, expected: str) -> None:
    """One channel of coverage is a matte; as many channels as the plate has are a colour effect."""
    assert default_loss(inputs, outputs, 0.0, most).type_name == expected


def test_default_network_is_a_u_net_of_the_size_asked_for() -> None:
    """Nobody has to connect a network."""
    recipe = default_network("large")
    assert isinstance(recipe, UNet)
    assert recipe.model_size == "large"


def test_describing_networks_and_losses_needs_no_torch() -> None:
    """Their pages and their checks start without torch."""
    code = (
        "import sys, understudy.nodes.networks.u_net, understudy.nodes.losses.matte_loss, "
        "understudy.nodes.losses.colour_loss; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
