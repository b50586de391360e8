"""An image model whole: pixels as they are go in, pixels as they are come out, of any size.

Written so that torch can both trace and script it, and with nothing that torch 1.12 lacks: that is what the
programs that play it have. Curves are spelled out in operators that ONNX has too. `half()` changes only the
network: curves are still computed in float32, for `value / scale` leaves the range of a half, and pixels may
be of either type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.nodes.learning.encoding import LARGEST_HALF

if TYPE_CHECKING:
    from understudy.nodes.learning.encoding import Encoding

_padded: Any = torch._C._nn.replication_pad2d  # type: ignore[attr-defined]  # noqa: SLF001 - functional.pad is newer


class Pixels(nn.Module):
    """Encoding, padding, the network, cropping, activation and decoding.

    Args:
        network: Takes encoded pixels `(N, C, H, W)`, H and W multiples of stride.
        stride: See there.
        encoding: Of the input.
        target: Of the output.
        activation: A name in `losses.ACTIVATIONS`.
    """

    __constants__ = ("stride", "curve", "scale", "target_curve", "target_scale", "activation", "largest")

    def __init__(
        self, network: nn.Module, stride: int, encoding: Encoding, target: Encoding, activation: str
    ) -> None:
        super().__init__()
        self.network = network
        self.stride = stride
        self.largest = LARGEST_HALF
        self.curve, self.scale = encoding.curve, encoding.scale
        self.mean, self.deviation = list(encoding.mean), list(encoding.deviation)
        self.target_curve, self.target_scale = target.curve, target.scale
        self.target_mean, self.target_deviation = list(target.mean), list(target.deviation)
        self.activation = activation
        self.kind: Tensor
        self.register_buffer("kind", torch.zeros(()))  # of the type that a host gives the weights

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels `(N, inputs, H, W)` of any value to pixels `(N, outputs, H, W)` of the same type."""
        height, width = pixels.size(2), pixels.size(3)
        below = (self.stride - height % self.stride) % self.stride
        right = (self.stride - width % self.stride) % self.stride
        x = _padded(self.encoded(pixels.float()), [0, right, 0, below])
        y = self.network(x.type_as(self.kind)).float()
        return self.decoded(y[:, :, :height, :width]).type_as(pixels)

    def encoded(self, x: Tensor) -> Tensor:
        """What `Encoding.encode` gives."""
        x = torch.where(torch.isnan(x), torch.zeros_like(x), x)
        x = torch.where(torch.isinf(x), torch.sign(x) * self.largest, x)
        if self.curve == "log":
            x = x / self.scale
            x = torch.where(x > 0, torch.log1p(x.clamp(min=0.0)), x)
        elif self.curve == "asinh":
            x = x / self.scale
            size = torch.abs(x)
            x = torch.sign(x) * torch.log1p(size + size * size / (1.0 + torch.sqrt(size * size + 1.0)))
        mean = torch.tensor(self.mean, dtype=torch.float32, device=x.device).view(1, -1, 1, 1)
        return (x - mean) / torch.tensor(self.deviation, dtype=torch.float32, device=x.device).view(
            1, -1, 1, 1
        )

    def decoded(self, y: Tensor) -> Tensor:
        """What the activation and `Encoding.decode` give."""
        if self.activation == "sigmoid":
            y = torch.sigmoid(y)
        deviation = torch.tensor(self.target_deviation, dtype=torch.float32, device=y.device).view(
            1, -1, 1, 1
        )
        mean = torch.tensor(self.target_mean, dtype=torch.float32, device=y.device).view(1, -1, 1, 1)
        y = y * deviation + mean
        if self.target_curve == "log":
            y = torch.where(y > 0, torch.exp(y.clamp(min=0.0)) - 1.0, y) * self.target_scale
        elif self.target_curve == "asinh":
            y = (torch.exp(y) - torch.exp(-y)) * (0.5 * self.target_scale)
        return y
