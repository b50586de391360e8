"""A trained image effect: from pixels to pixels, for frames of any size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.encoding import Encoding
from understudy.nodes.learning.images.recipes import restore_network
from understudy.nodes.learning.images.tiles import MEMORY_BUDGET, apply_tiled
from understudy.nodes.learning.images.uncertainty import (
    DIRECTIONS,
    MORE_REACH,
    Halved,
    ImageUncertainty,
    output_and_features,
)
from understudy.nodes.learning.loop import computing_in
from understudy.nodes.learning.losses import ACTIVATIONS
from understudy.nodes.learning.networks.geometry import Geometry, geometry
from understudy.nodes.learning.state import load_network, weights_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from understudy.runtime.runs.container import Container

UNCERTAINTY = "uncertainty/"
"""What the names of its uncertainty's arrays begin with."""


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
        uncertainty: How far off a result may be; None in checkpoints of older versions.
    """

    network: nn.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    encoding: Encoding
    target: Encoding
    activation: str
    colour: bool
    uncertainty: ImageUncertainty | None = None
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
                _uncertainty_of(container.tensors),
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
            `(N, outputs, S H, S W)` float32 on the same device, with the geometry's scale S.
        """
        x = self.encoding.encode(pixels_NCHW.to(device)).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), computing_in(precision, device):
            y = self.network(x)
        return self.target.decode(ACTIVATIONS[self.activation](y))

    def doubt(self, pixels_NCHW: Tensor, precision: str, device: str) -> Tensor:
        """How far off `predict` may be at each pixel, `(N, 1, H, W)`; arguments as there."""
        assert self.uncertainty is not None
        assert isinstance(self.network, Halved)
        x = self.encoding.encode(pixels_NCHW.to(device)).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            output, features = output_and_features(self.network, x, precision, device)
            with computing_in(precision, device):
                return self.uncertainty.to(device).of(output, features)

    def apply(
        self,
        pixels: NDArray[np.float32],
        *,
        precision: str,
        device: str,
        tile: int | str = "auto",
        budget: int = MEMORY_BUDGET,
        doubt: bool = False,
    ) -> NDArray[np.float32]:
        """The effect on one frame of any size.

        Args:
            pixels: `(H, W, inputs)` float32.
            precision: "float32" or "bfloat16".
            device: Where the network is.
            tile: See `tiles.apply_tiled`.
            budget: See there too.
            doubt: Whether to give how far off the effect may be instead of the effect.

        Returns:
            `(S H, S W, outputs)` float32 with the geometry's scale S; `(H, W, 1)` of doubt.
        """
        compute, seen = (self.doubt, self._seen_by_doubt()) if doubt else (self.predict, self.geometry())
        result = apply_tiled(
            lambda x_NCHW: compute(x_NCHW, precision, device).cpu(),
            torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1),
            tile=tile,
            geometry=seen,
            budget=budget,
        )
        return np.ascontiguousarray(result.permute(1, 2, 0).numpy())

    def _seen_by_doubt(self) -> Geometry:
        """The network's geometry, with what its uncertainty sees and keeps beyond that."""
        seen = self.geometry()
        return replace(
            seen, reach=seen.reach + MORE_REACH, bytes_per_pixel=seen.bytes_per_pixel + 8 * DIRECTIONS
        )


def _uncertainty_of(tensors: Mapping[str, NDArray[Any]]) -> ImageUncertainty | None:
    arrays = {
        name[len(UNCERTAINTY) :]: array for name, array in tensors.items() if name.startswith(UNCERTAINTY)
    }
    return ImageUncertainty.built(arrays) if arrays else None
