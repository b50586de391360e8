"""What a frame is like, in numbers: sharpness, noise, exposure, histogram, perceptual hash."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.diagnosis.reducing import REC709, curved, middle, thumbnail_of
from understudy.nodes.diagnosis.sharpness import sharpness_and_noise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

VERSION = 2
"""Raised when a frame gets other numbers than before."""

THUMBNAIL = 32
"""Rows and columns of the thumbnail that frames are compared by."""

BINS = 16
WHITE = 0.998
BLACK = 0.002


@dataclass(frozen=True, slots=True)
class Measures:
    """A frame's measures: plain data. Pixels count by their display values, linear ones by their square root.

    Attributes:
        sharpness: How sharp the strongest edges are, from 0 to 1; 0.4 is a blur of one pixel's sigma.
        noise: Standard deviation in luminance; the peak is at 1.
        brightness: The median of luminance, from 0 to 1.
        contrast: The standard deviation of luminance.
        white: The share of pixels with a channel at or beyond white.
        black: The share of pixels with all channels at or below black.
        bad: Values that are NaN or infinite, over all channels.
        cut: The share of rows, from below, that are all of middle grey, as those are that a cut JPEG lacks.
        width: Of the data window, in pixels.
        height: Of the data window, in pixels.
        hash: 64 bits that say how neighbouring areas compare, as hexadecimal digits: the perceptual hash.
        histogram: The shares of 16 classes of red, of green and of blue, or of one channel, in thousandths.
        thumbnail: 32 x 32 means of luminance, uint16, 65535 for 1, in base64.
    """

    sharpness: float
    noise: float
    brightness: float
    contrast: float
    white: float
    black: float
    bad: int
    cut: float
    width: int
    height: int
    hash: str
    histogram: list[int]
    thumbnail: str

    def as_data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Measures:
        """What `as_data` made."""
        return cls(**data)

    def picture(self) -> NDArray[np.float32]:
        """The thumbnail, (32, 32), from 0 to 1."""
        values = np.frombuffer(base64.b64decode(self.thumbnail), "<u2")
        return values.reshape(THUMBNAIL, THUMBNAIL).astype(np.float32) / np.float32(65535)


def measure(pixels_HWC: NDArray[np.float32], *, linear: bool) -> Measures:
    """A frame's measures.

    Args:
        pixels_HWC: The frame; of more than three channels the first three count, except for NaN.
        linear: Whether values are scene-linear.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # of infinity, and of values that can't be squared
        return _measured(pixels_HWC, linear=linear)


def _measured(pixels_HWC: NDArray[np.float32], *, linear: bool) -> Measures:
    colour = pixels_HWC[..., : 3 if pixels_HWC.shape[-1] >= 3 else 1]
    plain = _luminance(colour)
    looked_at = plain if colour.shape == pixels_HWC.shape else pixels_HWC
    bad = 0 if _finite(looked_at) else _bad_values(pixels_HWC)
    if bad:
        colour = np.nan_to_num(colour, nan=0.0, posinf=1.0, neginf=0.0)
        plain = _luminance(colour)
    height, width = plain.shape
    sharpness, noise = sharpness_and_noise(plain, linear=linear)
    thumbnail = thumbnail_of(plain, THUMBNAIL)
    thumbnail = np.clip(curved(thumbnail) if linear else thumbnail, 0, 1)
    step = max(1, min(height, width) // 48)
    some = colour[step // 2 :: step, :: 2 * step].copy()
    white, black = _clipped(some)
    return Measures(
        sharpness=round(sharpness, 4),
        noise=round(noise, 6),
        brightness=round(middle(thumbnail), 4),
        contrast=round(float(thumbnail.std()), 4),
        white=white,
        black=black,
        bad=bad,
        cut=_cut(colour),
        width=width,
        height=height,
        hash=_hash(thumbnail),
        histogram=_histogram(curved(some) if linear else some),
        thumbnail=base64.b64encode(np.rint(thumbnail * 65535).astype("<u2").tobytes()).decode(),
    )


def _bad_values(pixels: NDArray[np.float32]) -> int:
    return int(pixels.size - np.count_nonzero(np.isfinite(pixels)))


def _finite(plain: NDArray[np.float32]) -> bool:
    """Whether a sum of squares is finite, which is far faster than to look at each; huge values overflow."""
    flat = plain.reshape(-1)
    return bool(np.isfinite(np.dot(flat, flat)))


def _luminance(colour: NDArray[np.float32]) -> NDArray[np.float32]:
    return colour @ REC709 if colour.shape[-1] == 3 else np.ascontiguousarray(colour[..., 0])


def _cut(colour: NDArray[np.float32]) -> float:
    """The share of rows from below that are of the grey with which readers fill what a file lacks."""
    filled = 128 / 255
    if np.abs(colour[-1, -1] - filled).max() > 0.004:  # the usual case
        return 0.0
    whole = np.abs(colour[::-1] - filled).max(axis=(1, 2)) > 0.004
    return round(float(whole.argmax() if whole.any() else len(whole)) / len(whole), 4)


def _clipped(some: NDArray[np.float32]) -> tuple[float, float]:
    """The shares of white and of black pixels."""
    most = some[..., 0].copy()
    for channel in range(1, some.shape[-1]):  # the last axis is too short for numpy to reduce it fast
        np.maximum(most, some[..., channel], out=most)
    counts = (int(np.count_nonzero(chosen)) for chosen in (most >= WHITE, most <= BLACK))
    white, black = (round(count / most.size, 5) for count in counts)
    return white, black


def _histogram(some: NDArray[np.float32]) -> list[int]:
    channels = some.shape[-1]
    places = np.clip(some * BINS, 0, BINS - 1).astype(np.intp) + np.arange(channels) * BINS
    counts = np.bincount(places.ravel(), minlength=channels * BINS)
    return [round(1000 * count) for count in (counts / (places.size / channels)).tolist()]


def _hash(thumbnail: NDArray[np.float32]) -> str:
    """Which of the 64 lowest frequencies but the mean are above their median (as in Zauner 2010, pHash)."""
    lowest = _cosines() @ thumbnail @ _cosines().T
    values = lowest.ravel()
    bits = np.packbits(values > middle(values[1:].astype(np.float32)))
    return bits.tobytes().hex()


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float32]:
    """The first eight rows of the discrete cosine transform (type 2)."""
    places = (np.arange(THUMBNAIL) + 0.5) * np.pi / THUMBNAIL
    return np.asarray(np.cos(np.arange(8)[:, None] * places[None, :]), np.float32)
