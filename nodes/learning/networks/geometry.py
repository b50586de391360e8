"""What tiling has to know of a network: its stride, and how far it sees."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LARGEST_REACH = 1024
"""Pixels. A network that sees farther sees whole frames, and can't be tiled."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a network looks at a frame.

    Attributes:
        stride: Height, width and tile origins are multiples of it.
        reach: How many pixels to each side an output pixel can depend on.
        bytes_per_pixel: Memory that applying it takes, per input pixel, in float32.
        scale: How many pixels it makes of one, along each side.
    """

    stride: int
    reach: int
    bytes_per_pixel: int
    scale: int = 1


def geometry(network: nn.Module, channels: int) -> Geometry:
    """What the network declares as attributes; for what it does not: 1, and the reach is measured."""
    stride = int(getattr(network, "stride", 1))
    reach = getattr(network, "reach", None)
    if reach is None:
        reach = measure_reach(network, channels, stride=stride)
    memory, scale = getattr(network, "bytes_per_pixel", 1024), getattr(network, "scale", 1)
    return Geometry(stride, int(reach), int(memory), int(scale))


def padded(x_NCHW: Tensor, stride: int) -> Tensor:
    """The same pixels with the last row and column repeated until height and width are multiples of it."""
    height, width = x_NCHW.shape[-2:]
    below, right = -height % stride, -width % stride
    if not below and not right:
        return x_NCHW
    shape = (*x_NCHW.shape[:2], height + below, width + right)
    lies = torch.channels_last if x_NCHW.stride(1) == 1 else torch.contiguous_format  # as frames do, or not
    result = torch.empty(shape, dtype=x_NCHW.dtype, device=x_NCHW.device, memory_format=lies)
    result[..., :height, :width] = x_NCHW
    result[..., height:, :width] = x_NCHW[..., -1:, :]
    result[..., width:] = result[..., width - 1 : width]
    return result


def apply_padded(network: nn.Module, x_NCHW: Tensor, stride: int) -> Tensor:
    """A network's output for pixels of any height and width: padded, and cropped back."""
    height, width = x_NCHW.shape[-2:]
    y_NCHW: Tensor = network(padded(x_NCHW, stride))
    return y_NCHW[..., :height, :width]


def measure_reach(network: nn.Module, channels: int, *, stride: int = 1) -> int:
    """How many pixels to each side an output pixel of this network can depend on, by its gradient.

    It is measured on a copy with positive weights, so that no rectifier is dead, at as many places as the
    stride has phases.

    Args:
        network: Takes `(1, channels, H, W)` with H and W multiples of stride.
        channels: Input channels.
        stride: The period of the network's grid, in pixels.

    Raises:
        ValueError: It sees farther than `LARGEST_REACH`, as one with global pooling does.
    """
    positive = copy.deepcopy(network).double().eval()
    with torch.no_grad():
        for parameter in positive.parameters():
            parameter.fill_(1.0 / parameter[:1].numel())
    size = 64
    while size <= 2 * LARGEST_REACH + 2 * stride:
        length = -(-size // stride) * stride
        places = [(axis, length // 2 + phase) for phase in range(stride) for axis in (2, 3)]
        reach = max(_seen(positive, channels, stride, length, axis, place) for axis, place in places)
        if reach < length // 2 - stride:
            return reach
        size *= 2
    raise ValueError(f"The network sees farther than {LARGEST_REACH} pixels, so its frames can't be tiled.")


def _seen(network: nn.Module, channels: int, stride: int, length: int, axis: int, place: int) -> int:
    """How far along one axis a pixel of a narrow strip sees."""
    shape = [1, channels, 2 * stride, 2 * stride]
    shape[axis] = length
    x_NCHW = torch.ones(shape, dtype=torch.double, requires_grad=True)
    seen = network(x_NCHW).sum(dim=(0, 1)).select(axis - 2, place).sum()
    (gradient,) = torch.autograd.grad(seen, x_NCHW)
    touched = torch.nonzero(gradient.abs().sum(dim=tuple({0, 1, 2, 3} - {axis})))
    return int((touched - place).abs().max())
