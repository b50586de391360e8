"""Swapping what computes a network: the network goes in, and one that gives the same comes out.

Mixed precision is only for the convolutions over several pixels. A network that adds anything finer to
them, such as its own input, says so with two methods beside `forward`: `spatial(x)`, which may be computed in
bfloat16, and `completed(x, y)`, which makes the output of the input and of what `spatial` gave, in float32.
Of such a network only `spatial` leaves torch. Any other is computed whole by the library, in float32.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

from torch import nn

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from torch import Tensor

    from understudy.nodes.learning.images.model import ImageModel

PACKAGES = {"torch": "torch", "onnxruntime": "onnxruntime", "openvino": "openvino"}
"""The back ends by their names, each with the package that it needs; a module here bears the same name."""

BROUGHT_BY = {"onnxruntime": "onnxruntime", "openvino": "understudy[openvino]"}
"""What brings a package that is not there, by `pip install`."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a network will be used.

    Attributes:
        channels: Input channels.
        precision: "float32" or "bfloat16".
        at_once: Calls from as many threads at the same time.
        threads: Threads that each call may take.
    """

    channels: int
    precision: str
    at_once: int
    threads: int


class BackEnd(Protocol):
    """A module of this folder: `compiled(module, load)` gives a module that computes the same."""

    def compiled(self, module: nn.Module, load: Load) -> nn.Module:
        """A module that takes and gives what the other does, `(N, C, H, W)` of any N, H and W."""


class Split(nn.Module):
    """A network whose spatial part is computed by something else.

    Args:
        network: Has `completed`.
        spatial: Computes what the network's own `spatial` does.
    """

    def __init__(self, network: Any, spatial: nn.Module) -> None:
        super().__init__()
        self.network, self.spatial = network, spatial

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What the network gives."""
        return self.network.completed(x_NCHW, self.spatial(x_NCHW))  # type: ignore[no-any-return]


class Spatial(nn.Module):
    """The spatial part of a network as a module of its own."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What `network.spatial` gives."""
        return self.network.spatial(x_NCHW)  # type: ignore[no-any-return]


def installed() -> tuple[str, ...]:
    """The names of the back ends whose packages are there."""
    return tuple(name for name, package in PACKAGES.items() if find_spec(package))


def swapped(network: nn.Module, name: str, load: Load) -> nn.Module:
    """The network computed by a back end; torch leaves it as it is.

    Raises:
        UnderstudyError: The back end's package is missing, or it can't compute this network.
    """
    if name == "torch":
        return network
    if not find_spec(PACKAGES[name]):
        raise UnderstudyError(
            f"{name} is not installed. Get it with: pip install '{BROUGHT_BY[name]}', or say "
            'backend = "torch".'
        )
    module: BackEnd = importlib.import_module(f"understudy.nodes.learning.backends.{name}")
    if hasattr(network, "spatial") and hasattr(network, "completed"):
        return Split(network, module.compiled(Spatial(network), load))
    plain = Load(load.channels, "float32", load.at_once, load.threads)
    return module.compiled(network, plain)


def computed_by(model: ImageModel, name: str, load: Load) -> ImageModel:
    """The model with its network swapped; tiles stay what they are.

    Raises:
        UnderstudyError: See `swapped`.
    """
    return replace(model, network=swapped(model.network, name, load), _geometry=model.geometry())
