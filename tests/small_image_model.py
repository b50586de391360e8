"""An untrained image model as a checkpoint, of any channels and encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from understudy.nodes.learning.encoding import Encoding, identity
from understudy.nodes.learning.images import recipes
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.learning.state import WEIGHTS, network_arrays
from understudy.nodes.networks.u_net import UNet
from understudy.runtime.runs.container import read_container, write_container

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn


def encoding(channels: int, curve: str = "linear") -> Encoding:
    """Statistics such as frames have."""
    scale = 1.0 if curve == "linear" else 0.18
    return Encoding(curve, scale, (0.4,) * channels, (0.3,) * channels)


def shaken(network: nn.Module) -> nn.Module:
    """The network with a last layer that says something: untrained, it begins near zero."""
    generator = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=generator)
    return network


def write_image_model(
    path: Path,
    *,
    inputs: tuple[str, ...] = ("R", "G", "B"),
    outputs: tuple[str, ...] = ("A",),
    curve: str = "linear",
    recipe: recipes.NetworkNode | None = None,
    precision: str = "float32",
) -> Path:
    """A matte where inputs and outputs differ, else a colour effect; gives the path of the `.cat`."""
    colour, taken, given = inputs == outputs, len(inputs), len(outputs)
    recipe = recipe or UNet("network", {"model_size": "small"})
    network = shaken(recipes.build_network(recipe, taken, given, colour=colour, seed=0))
    target = encoding(given, curve) if colour else identity(given)
    activation = "identity" if colour else "sigmoid"
    model = ImageModel(network, inputs, outputs, encoding(taken, curve), target, activation, colour)
    header = {
        "subject": "images",
        "network": recipes.description(recipe, taken, given, colour=colour),
        "precision": precision,
        "step": 120,
        "provenance": {"graph": "0123", "seed": 7},
        **model.header(),
    }
    write_container(
        path, "cat", header, {WEIGHTS + name: each for name, each in network_arrays(network).items()}
    )
    return path


def read_image_model(path: Path) -> ImageModel:
    """The model in a `.cat`."""
    model = ImageModel.from_container(read_container(path, "cat"), str(path))
    model.network.eval()
    return model
