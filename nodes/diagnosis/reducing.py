"""Small copies of frames to measure on: means of blocks, grey values, gradients."""

from __future__ import annotations

import math
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


def thumbnail_of(plain: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The means over a grid of equal areas, which need not be whole pixels; shape (side, side).

    Args:
        plain: Shape (H, W).
        side: Rows and columns of the result.
    """
    height, width = plain.shape
    rows = np.zeros((side, width), np.float32)
    ends = np.linspace(0, height, side + 1)
    for place in range(side):  # a sum of whole rows is far faster than a product with a matrix
        _add_rows(rows[place], plain, ends[place], ends[place + 1])
    rows *= np.float32(side / height)
    return np.asarray(rows @ _weights(width, side), np.float32)


def _add_rows(total: NDArray[np.float32], plain: NDArray[np.float32], first: float, last: float) -> None:
    """Adds the rows from `first` to `last`, of which the outer ones may be parts."""
    top, bottom = math.ceil(first - 1e-9), math.floor(last + 1e-9)
    if top > bottom:  # a part of a single row
        total += plain[bottom] * np.float32(last - first)
        return
    if bottom > top:
        np.add.reduce(plain[top:bottom], axis=0, out=total)
    if top - first > 1e-9:
        total += plain[top - 1] * np.float32(top - first)
    if last - bottom > 1e-9:
        total += plain[bottom] * np.float32(last - bottom)


@lru_cache(maxsize=16)
def _weights(length: int, count: int) -> NDArray[np.float32]:
    """What each pixel of a line gives to each of `count` areas, (length, count)."""
    ends = np.linspace(0, length, count + 1)
    first = np.arange(length)
    shared = np.minimum(ends[1:], first[:, None] + 1) - np.maximum(ends[:-1], first[:, None])
    return np.asarray(np.clip(shared, 0, None) * (count / length), np.float32)


def middle(values: NDArray[np.float32]) -> float:
    """The median, of an even count the greater of both in the middle; numpy's own takes much longer."""
    half = values.size // 2
    return float(np.partition(values.ravel(), half)[half])


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
