"""How steady a result is: flicker that the plate does not explain, and seams along rows or columns.

Every block of a plate is looked for in the next frame (block matching, Jain and Jain 1981, "Displacement
measurement and its application in interframe image coding"), and the result is followed along. What the
result changes by on the way, where the plate was found again, is flicker: the eye sees the same thing become
something else. Mistakes that move along with the picture are none.

Legend of shapes: H rows, W columns, C channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]

SMALL = 480
"""Frames are compared at this width, in pixels, or at their own where that is less."""

REACH = 10
"""How far a block may have moved each way, in pixels at that width."""

BLOCK = 5
"""Width and height of a block."""

FOUND = 0.2
"""A block is found again where its mean difference is below this share of the plate's own deviation."""

_NEAR = 12
_INVISIBLE = 1e-3


@dataclass(frozen=True, slots=True)
class Flicker:
    """How much a result changed from one frame to the next where the plate did not.

    Attributes:
        change: The mean absolute change, in the result's units; 0 where nothing could be followed.
        followed: The share of the picture that was found again in the next frame, 0 to 1.
    """

    change: float
    followed: float


@dataclass(frozen=True, slots=True)
class Seam:
    """The row or column across which a result steps most, against its neighbours and against the plate.

    Attributes:
        axis: "row" or "column".
        place: The first row or column behind it.
        times: How many times as large as beside it the step is, over the same of the plate. Pictures have
            up to about 2 by themselves.
    """

    axis: str
    place: int
    times: float


def flicker(plates: tuple[Pixels, Pixels], results: tuple[Pixels, Pixels], limit: float = FOUND) -> Flicker:
    """The flicker between two frames.

    Args:
        plates: Both frames of the plate, `(H, W, C)`; of more than three channels the first three count.
        results: Both frames of the result, `(H, W, C)` of the same height and width.
        limit: See `FOUND`.
    """
    before, after = (shrunk(plate[..., :3]).mean(axis=-1) for plate in plates)
    was, now = (shrunk(result) for result in results)
    deviation = float(before.std()) or 1.0
    cost = np.full(after.shape, np.inf, np.float32)
    change = np.zeros(after.shape, np.float32)
    reach = range(-REACH, REACH + 1)
    for _, dy, dx in sorted((y * y + x * x, y, x) for y, x in product(reach, reach)):  # short ones win ties
        there = np.roll(before, (dy, dx), (0, 1))
        found = _blocks(np.abs(after - there))
        better = found < cost
        if better.any():
            cost[better] = found[better]
            moved = np.abs(now - np.roll(was, (dy, dx), (0, 1))).mean(axis=-1)
            change[better] = moved[better]
    inner = (slice(REACH, -REACH or None),) * 2
    known = cost[inner] < limit * deviation
    least = _least_around(was, now, change)[inner]
    if not known.any():
        return Flicker(0.0, 0.0)
    return Flicker(float(least[known].mean()), float(known.mean()))


def seams(results: Pixels, plates: Pixels) -> Seam:
    """The strongest seam in frames: a border of tiles lies at the same place in all of them.

    Args:
        results: Frames of a result, `(N, H, W, C)`.
        plates: The same frames of its plate, `(N, H, W, C)`.
    """
    found = []
    for axis, name in ((1, "row"), (2, "column")):
        ours, theirs = (_steps(frames, axis) for frames in (results, plates))
        times = ours / np.maximum(theirs, 1.0)
        place = int(np.argmax(times))
        found.append(Seam(name, place + 1, float(times[place])))
    return max(found, key=lambda seam: seam.times)


def shrunk(pixels: Pixels) -> Pixels:
    """Pixels at `SMALL`'s width or below it, by means of whole blocks; NaN is taken as 0."""
    factor = -(-pixels.shape[1] // SMALL)
    height, width = (length // factor * factor for length in pixels.shape[:2])
    whole = np.nan_to_num(pixels[:height, :width], nan=0.0, posinf=1e4, neginf=-1e4)
    blocks = whole.reshape(height // factor, factor, width // factor, factor, -1)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float32)


def _blocks(values: Pixels) -> Pixels:
    """The mean over the block around each pixel."""
    from scipy.ndimage import uniform_filter

    return np.asarray(uniform_filter(values, BLOCK, mode="nearest"), np.float32)


def _least_around(was: Pixels, now: Pixels, change: Pixels) -> Pixels:
    """Changes, but for those that a movement of less than a pixel explains.

    An edge that moved by half a pixel changes by what the result differs from its neighbours there.
    """
    from scipy.ndimage import maximum_filter, minimum_filter

    size = (3, 3, 1)
    slack = np.minimum(*(maximum_filter(one, size) - minimum_filter(one, size) for one in (was, now)))
    return np.asarray(np.maximum(change - slack.mean(axis=-1), 0.0))


def _steps(frames: Pixels, axis: int) -> NDArray[np.float64]:
    """For each border between rows or columns the usual step across it, over that of the borders beside it.

    A seam steps all along, an edge in the picture only where it crosses: so the median tells them apart.
    """
    finite = np.nan_to_num(frames, posinf=0.0, neginf=0.0)
    others = tuple(one for one in range(frames.ndim) if one != axis)
    step = np.median(np.abs(np.diff(finite, axis=axis)), axis=others).astype(np.float64)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(step, _NEAR, mode="reflect"), 2 * _NEAR + 1)
    invisible = _INVISIBLE * max(float(np.ptp(finite)), 1e-9)
    return np.asarray((step + invisible) / (np.median(around, axis=-1) + invisible))
