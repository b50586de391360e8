"""Which piece of which frame a training sample is: pure functions of numbers drawn elsewhere.

Every function takes its chance as uniform numbers in [0, 1), which come from counter-based randomness; the
same numbers give the same sample, in any process and on any number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CROP_DRAWS = 6
"""How many uniform numbers `choose_crop` takes."""

JITTER_DRAWS = 2
"""How many uniform numbers `choose_jitter` takes."""

EDGE_SHARE = 0.5
"""The share of the crops that are laid around an edge of the matte."""

EDGE_DISTANCE = 15
"""Pixels by which such a crop's centre lies off the edge at most, in x and in y."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A square piece of a frame.

    Attributes:
        x: Its left column in the frame; 0 where the frame is narrower than the crop.
        y: Its top row in the frame; 0 where the frame is lower than the crop.
        size: Width and height, in pixels.
        flip: Whether it is mirrored from left to right.
    """

    x: int
    y: int
    size: int
    flip: bool


def choose_index(draw: float, count: int) -> int:
    """A whole number from 0 to count - 1.

    >>> [choose_index(draw, 4) for draw in (0.0, 0.3, 0.99)]
    [0, 1, 3]
    """
    return min(int(draw * count), count - 1)


def choose_crop(
    draws: Sequence[float] | NDArray[np.float64],
    height: int,
    width: int,
    size: int,
    *,
    edges: NDArray[np.int32] | None = None,
    flips: bool = True,
) -> Crop:
    """Where a crop lies.

    Its centre is drawn, and it is then pushed into the frame: with evenly drawn origins the frame's corners
    are hardly ever seen, and mattes had patches there.

    Args:
        draws: `CROP_DRAWS` uniform numbers.
        height: Of the frame, in pixels.
        width: Of the frame, in pixels.
        size: Of the crop, in pixels.
        edges: What `edge_pixels` found in this frame's matte. Half of the crops are then laid around one of
            these pixels; without, or with none, all are laid anywhere.
        flips: Whether half of the crops are mirrored.
    """
    flip = flips and draws[5] < 0.5
    if edges is not None and len(edges) and draws[0] < EDGE_SHARE:
        y, x = edges[choose_index(draws[1], len(edges))]
        reach = 2 * EDGE_DISTANCE + 1
        top = int(y) + choose_index(draws[2], reach) - EDGE_DISTANCE - size // 2
        left = int(x) + choose_index(draws[3], reach) - EDGE_DISTANCE - size // 2
    else:
        top = choose_index(draws[1], height) - size // 2
        left = choose_index(draws[2], width) - size // 2
    return Crop(_within(left, width - size), _within(top, height - size), size, bool(flip))


def edge_pixels(matte_HW: NDArray[Any]) -> NDArray[np.int32]:
    """The pixels (y, x) of a matte that lie at a border between under and over 0.5, shape `(K, 2)`."""
    solid = np.asarray(matte_HW, dtype=np.float32) > 0.5
    edge = np.zeros_like(solid)
    edge[1:] |= solid[1:] != solid[:-1]
    edge[:, 1:] |= solid[:, 1:] != solid[:, :-1]
    return np.argwhere(edge).astype(np.int32)


def cut(pixels_HWC: NDArray[Any], crop: Crop) -> NDArray[np.float32]:
    """The crop's pixels as float32 `(C, size, size)`, contiguous; a smaller frame is continued.

    Args:
        pixels_HWC: A frame, in memory or memory-mapped, of any float type.
        crop: What to cut out.
    """
    piece = pixels_HWC[crop.y : crop.y + crop.size, crop.x : crop.x + crop.size]
    below, right = crop.size - piece.shape[0], crop.size - piece.shape[1]
    if below or right:
        piece = np.pad(piece, ((0, below), (0, right), (0, 0)), mode="edge")
    if crop.flip:
        piece = piece[:, ::-1]
    return np.ascontiguousarray(piece.transpose(2, 0, 1), dtype=np.float32)


def choose_jitter(draws: Sequence[float] | NDArray[np.float64], amount: float) -> tuple[float, float]:
    """A gain and an offset for encoded input pixels: brightness that differs between shots.

    It hurts a single shot (IoU 0.93 to 0.78), so it is for training sets of several.

    Args:
        draws: `JITTER_DRAWS` uniform numbers.
        amount: The largest change; 0.1 gives gains of 0.9 to 1.1 and offsets of -0.1 to 0.1.
    """
    return 1.0 + amount * (2.0 * float(draws[0]) - 1.0), amount * (2.0 * float(draws[1]) - 1.0)


def _within(origin: int, most: int) -> int:
    return max(0, min(origin, most))
