"""Small copies of frames to measure on: means of blocks, grey values, gradients."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

REC709 = np.array((0.2126, 0.7152, 0.0722), np.float32)
"""Weights of red, green and blue in luminance (ITU-R BT.709)."""


def grey(pixels_HWC: NDArray[np.float32]) -> NDArray[np.float32]:
    """Luminance of the first three channels, or the first channel; NaN becomes 0, shape (H, W)."""
    colour = pixels_HWC[..., :3]
    plain = colour @ REC709 if colour.shape[-1] == 3 else colour[..., 0]
    return np.nan_to_num(plain, nan=0.0, posinf=65504.0, neginf=-65504.0).astype(np.float32, copy=False)


def curved(plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scene-linear values about as a display takes them: their square roots, which cost little."""
    return np.asarray(np.sqrt(np.maximum(plain, 0)), np.float32)


def factor_for(shape: tuple[int, ...], most: int) -> int:
    """The whole number by which the longer side is divided so that it has at most `most` pixels.

    >>> factor_for((1080, 1920), 512)
    4
    """
    return max(1, -(-max(shape[:2]) // most))


def block_means(plain: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """The mean of each block of `factor` x `factor` pixels; what fills no block at the border is left out.

    Args:
        plain: Shape (H, W) or (H, W, C).
        factor: Side of a block, in pixels.
    """
    if factor == 1:
        return plain
    height, width = (side // factor * factor for side in plain.shape[:2])
    rows = sum_of_rows(plain[:height, :width], factor)
    blocks = sum_of_rows(rows.swapaxes(0, 1), factor).swapaxes(0, 1)
    return blocks * np.float32(1 / (factor * factor))


def sum_of_rows(plain: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """The sums of every `factor` rows; rows at the end that are fewer are left out."""
    height = plain.shape[0] // factor * factor
    total = plain[0:height:factor].astype(np.float32)
    for row in range(1, factor):  # adding slices is several times faster than reducing an axis
        total += plain[row:height:factor]
    return total


def thumbnail_of(plain: NDArray[np.float32], side: int, factor: int) -> NDArray[np.float32]:
    """The means over a grid of equal areas, which need not be whole pixels; shape (side, side).

    Args:
        plain: Shape (H, W).
        side: Rows and columns of the result.
        factor: Side of the blocks that are averaged first, in pixels.
    """
    down, across = (_weights(length, factor, side) for length in plain.shape)
    return np.asarray(down @ block_means(plain, factor) @ across.T, np.float32)


@lru_cache(maxsize=16)
def _weights(length: int, factor: int, count: int) -> NDArray[np.float32]:
    """What each block of `factor` pixels gives to each of `count` areas of a line, (count, blocks)."""
    ends = np.linspace(0, length, count + 1)
    first = np.arange(length // factor) * factor
    shared = np.minimum(ends[1:, None], first + factor) - np.maximum(ends[:-1, None], first)
    shared = np.clip(shared, 0, None)
    return np.asarray(shared / shared.sum(1, keepdims=True), np.float32)


def slopes(plain: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Differences of neighbours along y and x (central differences), each of shape (H, W)."""
    y, x = np.gradient(plain)
    return np.asarray(y, np.float32), np.asarray(x, np.float32)


def edges(plain: NDArray[np.float32]) -> NDArray[np.float32]:
    """How strong edges are, from 0 to 1: the gradient over itself plus its mean, so that none outshines all.

    It changes little with brightness, contrast or gamma, so that graded pictures can be compared.
    """
    y, x = slopes(plain)
    size = np.hypot(x, y)
    return np.asarray(size / (size + size.mean() + 1e-6), np.float32)
