"""Chance for the rendered shots: a function of (seed, purpose, frame), whatever was drawn before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.runtime.randomness import seed_of

if TYPE_CHECKING:
    from understudy.cli.templates.arrays import Array


def generator(seed: int, purpose: str, frame: int = 0) -> np.random.Generator:
    """A generator of its own for each seed, purpose and frame."""
    return np.random.Generator(np.random.Philox(key=[seed_of(seed, purpose), frame]))


def cloud(
    seed: int, purpose: str, shape: tuple[int, int], *, stretch: float = 1.0, slope: float = 1.0
) -> Array:
    """Fractal noise of mean 0 and deviation 1 that tiles, shape (height, width).

    White noise is filtered in the frequency domain to an amplitude of 1 / f**slope (spectral synthesis:
    Saupe, "Algorithms for random fractals", 1988).

    Args:
        seed: The shot's seed.
        purpose: What it is for.
        shape: Height and width, in texels.
        stretch: How many times longer its features are downwards than across.
        slope: 0 is white; 1 and more is cloudy.
    """
    noise = generator(seed, purpose).standard_normal(shape)
    down = np.fft.fftfreq(shape[0])[:, None] * stretch
    across = np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(noise) / frequency**slope, s=shape)
    normal: Array = ((field - field.mean()) / field.std()).astype(np.float32)
    return normal
