"""The U-Net that learns an image effect from a few painted frames.

Ronneberger et al. 2015, "U-Net", with residual blocks, no normalisation layers and a strided stem, so that
most of the work is done at half the resolution and below.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor, jit, nn
from torch.nn import functional

SLOPE = 0.1
"""Slope of LeakyReLU below zero: plain ReLU ended in a dead head and a grey matte in 7 of 23 runs."""


@dataclass(frozen=True, slots=True)
class Size:
    """How wide and how deep a U-Net is, from the finest level to the coarsest.

    Attributes:
        widths: Channels of each level.
        blocks: Residual blocks of each level on the way down; on the way up it is one each.
    """

    widths: tuple[int, ...]
    blocks: tuple[int, ...]


SIZES = {
    "small": Size((8, 16, 24, 32), (1, 1, 1, 2)),
    "medium": Size((16, 32, 48, 64), (1, 1, 1, 2)),
    "large": Size((32, 64, 96, 128), (1, 1, 1, 2)),
}
"""About 79,000, 306,000 and 1,215,000 parameters."""


class Block(nn.Module):
    """Two 3x3 convolutions beside an identity: `act(x + conv(act(conv(x))))`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Features of the same shape."""
        inner = _act(self.first(x_NCHW))
        return _act(x_NCHW + self.second(inner))


IN_CACHE = 12288
"""Pixels whose features in the colour branch, 3 MB, stay in a processor's cache, five times as fast."""


class ColourBranch(nn.Module):
    """A function of each pixel alone, at full resolution: three 1x1 convolutions, 32 wide, in float32.

    Colour wants no spatial bottleneck: on a hard grade it brought 36 dB to 40. Eight bits of mantissa would
    be seen in a grade, so this branch stays out of mixed precision.
    """

    def __init__(self, inputs: int, outputs: int, width: int = 32) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, width, 1)
        self.second = nn.Conv2d(width, width, 1)
        self.third = nn.Conv2d(width, outputs, 1)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """What to add to each pixel, `(N, outputs, H, W)`."""
        device = x_NCHW.device.type
        if torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return self._added(x_NCHW)
        return self._added(x_NCHW)

    def _added(self, x_NCHW: Tensor) -> Tensor:
        """All at once where it is learned or traced; else in bands, which the processor's cache holds."""
        tracing = jit.is_tracing()  # type: ignore[attr-defined,no-untyped-call]
        if tracing or torch.is_grad_enabled() or x_NCHW.device.type != "cpu":
            return self._of(x_NCHW)
        rows = max(1, IN_CACHE // x_NCHW.shape[-1])
        return torch.cat([self._of(band) for band in torch.split(x_NCHW, rows, dim=2)], dim=2)

    def _of(self, x_NCHW: Tensor) -> Tensor:
        return self.third(_act(self.second(_act(self.first(x_NCHW)))))  # type: ignore[no-any-return]


class UNet(nn.Module):
    """Encoded pixels `(N, inputs, H, W)` to logits or encoded pixels `(N, outputs, H, W)`.

    H and W are multiples of `stride`; `padding.padded` makes any size one. Parameters are drawn from torch's
    global generator: build it through `recipes.build_network`, which seeds that.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        size: "small", "medium" or "large".
        colour: Whether the effect changes colours: the input is added to the output where both have the
            same channels, and a full-resolution colour branch is added.

    Attributes:
        stride: H and W are multiples of it, and so are the origins of tiles.
        reach: How many pixels to each side an output pixel can depend on.
        outer: Parameters by the beginning of their names that are no inner matrices (see `muon.Muon`).
        heads: Layers that give the output.
        bytes_per_pixel: Memory that applying it takes, per pixel of the input, in float32.
    """

    outer: ClassVar[tuple[str, ...]] = ("stem", "head", "join", "last", "colour_branch")
    heads: ClassVar[tuple[str, ...]] = ("last.", "colour_branch.third.")

    def __init__(self, inputs: int, outputs: int, *, size: str = "medium", colour: bool = False) -> None:
        super().__init__()
        widths, blocks = SIZES[size].widths, SIZES[size].blocks
        finest = widths[0]
        self.stride = 1 << len(widths)
        self.reach = reach_of(blocks)
        self.bytes_per_pixel = 256 + 3 * finest + (16 if colour else 0)
        self.adds_input = colour and inputs == outputs
        self.stem = nn.Conv2d(inputs, finest, 4, stride=2, padding=1)
        self.encoders = nn.ModuleList(_blocks(w, n) for w, n in zip(widths, blocks, strict=True))
        steps = list(pairwise(widths))
        self.downs = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in steps)
        self.ups = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in steps)
        self.decoders = nn.ModuleList(_blocks(fine, 1) for fine, _ in steps)
        beside = 8 + (8 - inputs) % 16  # together a multiple of 16, which is twice as fast as 19
        self.head = nn.Conv2d(finest, beside, 1)
        self.join = nn.Conv2d(beside + inputs, 16, 3, padding=1)
        self.last = nn.Conv2d(16, outputs, 3, padding=1)
        self.colour_branch = ColourBranch(inputs, outputs) if colour else None
        _start_near_zero(self.last)
        if self.colour_branch is not None:
            _start_near_zero(self.colour_branch.third)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """Logits for a matte; encoded pixels for a colour effect."""
        return self.completed(x_NCHW, self.spatial(x_NCHW))

    def spatial(self, x_NCHW: Tensor) -> Tensor:
        """What the convolutions over several pixels give: all of it may be computed in mixed precision."""
        return self.last(self.features(x_NCHW))  # type: ignore[no-any-return]

    def features(self, x_NCHW: Tensor) -> Tensor:
        """What the last convolution sees, `(N, 16, H, W)`: an uncertainty is told by it."""
        coarse = self._features(x_NCHW)
        joined = torch.cat([_doubled(self.head(coarse)), x_NCHW.type_as(coarse)], dim=1)
        return _act(self.join(joined))

    def completed(self, x_NCHW: Tensor, y_NCHW: Tensor) -> Tensor:
        """The output, from the input and what `spatial` made of it: what wants float32 is added."""
        if self.colour_branch is not None:
            y_NCHW = y_NCHW + self.colour_branch(x_NCHW)
        return x_NCHW + y_NCHW if self.adds_input else y_NCHW

    def _features(self, x_NCHW: Tensor) -> Tensor:
        features = self.encoders[0](self.stem(x_NCHW))
        skips = []
        for down, encoder in zip(self.downs, self.encoders[1:], strict=True):
            skips.append(features)
            features = encoder(down(features))
        for up, decoder in zip(reversed(self.ups), reversed(self.decoders), strict=True):
            features = decoder(skips.pop() + _doubled(up(features)))
        return features  # type: ignore[no-any-return]


def reach_of(blocks: tuple[int, ...]) -> int:
    """How many pixels to each side a U-Net with so many blocks a level sees; `measure_reach` agrees.

    A block sees two pixels of its level to each side. The stem adds 1, the head 2, and a pixel may lie at
    the far end of its coarsest cell.
    """
    coarsest = len(blocks) - 1
    up = [1] * coarsest + [0]
    pairs = zip(blocks, up, strict=True)
    seen = sum(2 * (down + back) * (2 << level) for level, (down, back) in enumerate(pairs))
    return seen + (1 << len(blocks)) - 1 + 1 + 2


def _blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))


def _act(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, SLOPE)


def _doubled(x_NCHW: Tensor) -> Tensor:
    return functional.interpolate(x_NCHW, scale_factor=2.0, mode="nearest")


def _start_near_zero(convolution: nn.Conv2d) -> None:
    nn.init.normal_(convolution.weight, std=1e-3)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
