"""Pictures that tests look at: made of noise of several sizes, as photographs are, with sharp edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray


def photo(seed: int, height: int = 180, width: int = 240) -> NDArray[np.float32]:
    """A picture of overlapping patches with texture, (H, W, 3), from 0.05 to 0.9."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    picture = np.full((height, width, 3), 0.4)
    for _ in range(60):
        cx, cy, size = rng.integers(0, width), rng.integers(0, height), rng.integers(6, 50)
        inside = np.hypot(x - cx, (y - cy) * rng.uniform(0.5, 2)) < size
        picture[inside] = rng.uniform(0.1, 0.85, 3)
    texture = ndimage.gaussian_filter(rng.normal(0, 1, (height, width)), 1.0)
    return np.clip(picture + 0.08 * texture[..., None], 0.05, 0.9).astype(np.float32)


def blurred(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Out of focus."""
    return np.asarray(ndimage.gaussian_filter(picture, (sigma, sigma, 0)), np.float32)


def moved(picture: NDArray[np.float32], x: int, y: int) -> NDArray[np.float32]:
    """Some pixels to the right and below; the border is repeated."""
    return np.asarray(ndimage.shift(picture, (y, x, 0), order=0, mode="nearest"), np.float32)


def subject(seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A picture with a bright blob in it, and its matte, (H, W, 1)."""
    picture = photo(seed)
    y, x = np.mgrid[0:180, 0:240]
    angle = np.arctan2(y - 90, x - 120)
    inside = np.hypot(x - 120, y - 90) < 42 + 10 * np.sin(3 * angle + seed)
    matte = inside[..., None].astype(np.float32)
    return picture * (1 - matte) + matte * np.float32((0.95, 0.8, 0.1)), matte
