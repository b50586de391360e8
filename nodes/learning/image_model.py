"""A trained image effect: from pixels to pixels, for frames of any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.encoding import Encoding
from understudy.nodes.learning.loop import computing_in
from understudy.nodes.learning.losses import ACTIVATIONS
from understudy.nodes.learning.networks.geometry import Geometry, geometry
from understudy.nodes.learning.recipes import restore_network
from understudy.nodes.learning.state import load_network
from understudy.nodes.learning.tiles import MEMORY_BUDGET, apply_tiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from understudy.runtime.runs.container import Container

WEIGHTS = "network/"
"""What the names of a network's weights begin with in a checkpoint."""


@dataclass(slots=True)
class ImageModel:
    """A network and how pixels are encoded for it.

    Attributes:
        network: Takes encoded pixels `(N, C, H, W)`.
        inputs: The channels it takes, by name and in order.
        outputs: The channels it gives.
        encoding: How input pixels are encoded.
        target: How output pixels were encoded.
        activation: The name of what makes encoded values of the network's output.
        colour: Whether it changes colours of its input, rather than making something new.
    """

    network: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    encoding: Encoding
    target: Encoding
    activation: str
    colour: bool
    _geometry: Geometry | None = None

    def header(self) -> dict[str, Any]:
        """Plain data that `from_container` reads, beside the network's description."""
        return {
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "encoding": self.encoding.as_dict(),
            "target": self.target.as_dict(),
            "activation": self.activation,
            "colour": self.colour,
        }

    @classmethod
    def from_container(cls, container: Container, path: str) -> ImageModel:
        """The model in a `.cat`.

        Raises:
            FormatError: It is a checkpoint of something else, or its parts don't fit together.
        """
        header = container.header
        if header.get("subject") != "images":
            raise FormatError(
                path, f"this is a model of {header.get('subject', 'something else')}, and images were given"
            )
        try:
            network = restore_network(header["network"])
            load_network(network, weights_of(container.tensors))
            return cls(
                network,
                tuple(header["inputs"]),
                tuple(header["outputs"]),
                Encoding.from_dict(header["encoding"]),
                Encoding.from_dict(header["target"]),
                str(header["activation"]),
                bool(header["colour"]),
            )
        except (KeyError, TypeError, ValueError, UnderstudyError) as error:
            raise FormatError(path, f"the checkpoint does not hold a usable model: {error}") from error

    def geometry(self) -> Geometry:
        """What tiling has to know of the network; measured once where the network does not say."""
        if self._geometry is None:
            self._geometry = geometry(self.network, len(self.inputs))
        return self._geometry

    def predict(self, pixels_NCHW: Tensor, precision: str, device: str) -> Tensor:
        """The effect on pixels whose height and width are multiples of the network's stride.

        Args:
            pixels_NCHW: The input channels, not encoded.
            precision: "float32" or "bfloat16".
            device: Where the network is.

        Returns:
            `(N, outputs, H, W)` float32 on the same device.
        """
        x = self.encoding.encode(pixels_NCHW.to(device)).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), computing_in(precision, device):
            y = self.network(x)
        return self.target.decode(ACTIVATIONS[self.activation](y))

    def apply(
        self,
        pixels: NDArray[np.float32],
        *,
        precision: str,
        device: str,
        tile: int | str = "auto",
        budget: int = MEMORY_BUDGET,
    ) -> NDArray[np.float32]:
        """The effect on one frame of any size.

        Args:
            pixels: `(H, W, inputs)` float32.
            precision: "float32" or "bfloat16".
            device: Where the network is.
            tile: See `tiles.apply_tiled`.
            budget: See there too.

        Returns:
            `(H, W, outputs)` float32.
        """
        result = apply_tiled(
            lambda x_NCHW: self.predict(x_NCHW, precision, device).cpu(),
            torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1),
            tile=tile,
            geometry=self.geometry(),
            budget=budget,
        )
        return np.ascontiguousarray(result.permute(1, 2, 0).numpy())


def weights_of(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The network's weights among a checkpoint's tensors, by their names in the network."""
    return {name.removeprefix(WEIGHTS): array for name, array in tensors.items() if name.startswith(WEIGHTS)}
