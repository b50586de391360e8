"""Whether a picture is a matte, and what can be wrong with it: empty, inverted, beside what it outlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.reducing import block_means, factor_for, slopes

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = 480
"""Longer side of the copies on which outlines are compared, in pixels."""

REACH = 0.08
"""How far off an outline is looked for, as a part of the longer side."""


def is_matte(pixels_HWC: NDArray[np.float32]) -> bool:
    """Whether it looks like a matte: one value for all channels, and nearly everywhere 0 or 1."""
    colour = pixels_HWC[::2, ::2, :3]
    first = colour[..., 0]
    if colour.shape[-1] > 1 and float(np.abs(colour - first[..., None]).max()) > 0.02:
        return False
    sure = (np.abs(first) < 0.02) | (np.abs(first - 1) < 0.02)
    return float(sure.mean()) > 0.9


@dataclass(frozen=True, slots=True)
class Cover:
    """What a matte covers, in parts from 0 to 1.

    Attributes:
        whole: Of the frame.
        border: Of the frame's outermost pixels.
        least: The smallest value.
        most: The largest value.
    """

    whole: float
    border: float
    least: float
    most: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing is matted; a few stray pixels of a scan are nothing."""
        return self.most < 0.02 or self.whole < 1e-5

    @property
    def is_full(self) -> bool:
        """Whether the whole frame is matted."""
        return self.least > 0.98 or self.whole > 1 - 1e-5

    @property
    def is_inverted(self) -> bool:
        """Whether it covers what frames something: most of the border, and a hole within is left out."""
        return self.border > 0.7 and 0.3 < self.whole < 0.995 and self.whole < self.border + 0.2


def cover(matte_HW: NDArray[np.float32]) -> Cover:
    """What a matte covers."""
    rim = np.concatenate((matte_HW[0], matte_HW[-1], matte_HW[:, 0], matte_HW[:, -1]))
    values = np.clip(np.nan_to_num(matte_HW), 0, 1)
    return Cover(float(values.mean()), float(np.clip(np.nan_to_num(rim), 0, 1).mean()), float(values.min()),
                 float(values.max()))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outline:
    """How a matte's outline meets the edges of the plate.

    Attributes:
        x: How far to the right of the plate's edges it lies, in pixels.
        y: How far below them, in pixels.
        here: The strength of the plate's edges along the outline as it lies, in standard deviations over all
            places within reach.
        best: The same at the best place.
    """

    x: float
    y: float
    here: float
    best: float

    @property
    def off(self) -> float:
        """The distance in pixels."""
        return float(np.hypot(self.x, self.y))


def outline(plate_HWC: NDArray[np.float32], matte_HW: NDArray[np.float32]) -> Outline:
    """Where the matte's outline meets the plate's edges best; only edges of the same direction count.

    Directions are compared by doubled angles (as in the structure tensor: Bigun and Granlund 1987), so that
    it does not matter which side is the brighter one.
    """
    factor = factor_for(plate_HWC.shape, SMALL)
    matte = block_means(np.clip(np.nan_to_num(matte_HW), 0, 1), factor)
    plate = block_means(np.nan_to_num(plate_HWC[..., :3]), factor)
    surface = _meeting(_directions(plate), _directions(matte[..., None]))
    reach = max(4, round(REACH * max(matte.shape)))
    near = np.roll(surface, (reach, reach), (0, 1))[: 2 * reach + 1, : 2 * reach + 1]
    row, column = divmod(int(near.argmax()), near.shape[1])
    spread = float(near.std()) + 1e-9
    zero = float(near[reach - 1 : reach + 2, reach - 1 : reach + 2].max())  # a pixel is drawn off at times
    mean = float(near.mean())
    return Outline(
        float((reach - column) * factor),
        float((reach - row) * factor),
        (zero - mean) / spread,
        (float(near.max()) - mean) / spread,
    )


def _directions(plain_HWC: NDArray[np.float32]) -> NDArray[np.complex64]:
    """The gradient of the channel that has the strongest, its angle doubled, its size compressed."""
    found = [slopes(plain_HWC[..., channel]) for channel in range(plain_HWC.shape[-1])]
    gradients = np.stack([x + 1j * y for y, x in found], -1)
    size = np.abs(gradients)
    strongest = np.take_along_axis(gradients, size.argmax(-1)[..., None], -1)[..., 0]
    size = np.abs(strongest)
    doubled = strongest**2 / (size**2 + 1e-12)
    return np.asarray(doubled * size / (size + 2 * size.mean() + 1e-6), np.complex64)


def _meeting(plate: NDArray[np.complex64], matte: NDArray[np.complex64]) -> NDArray[np.float64]:
    """How well both meet when the matte is moved by (row, column)."""
    cross = np.fft.fft2(plate) * np.conj(np.fft.fft2(matte))
    return np.asarray(np.fft.ifft2(cross).real, np.float64)
