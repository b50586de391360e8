"""Small copies of frames to measure on: means of blocks, grey values, gradients."""

from __future__ import annotations

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
    height, width = (side // factor for side in plain.shape[:2])
    whole = plain[: height * factor, : width * factor]
    rows = np.add.reduceat(whole, np.arange(0, height * factor, factor), axis=0)
    blocks = np.add.reduceat(rows, np.arange(0, width * factor, factor), axis=1)
    return np.asarray(blocks / np.float32(factor * factor), np.float32)


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
