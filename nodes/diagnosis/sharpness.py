"""How sharp a picture is, so that pictures of different things can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.reducing import curved, middle

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPAN = 16
"""Pixels over which the contrast of an edge is taken."""

LINES = 18
"""Rows, and columns, that are looked at."""

_STRONGEST = 0.97
"""The share of places that are no strong edge."""

_OF_NOISE = 3.2
"""How many standard deviations of noise the largest step of `SPAN` neighbours has on average, twice over."""


def sharpness_and_noise(plain_HW: NDArray[np.float32], *, linear: bool = False) -> tuple[float, float]:
    """How sharp the strongest edges are, from 0 to 1, and the noise.

    Sharpness is the part of an edge's contrast, over 16 pixels, that lies between two neighbours: 1 for a
    step, about 0.4 for an edge blurred with a sigma of one pixel, 0.4 / sigma beyond that. So it does not
    depend on how much detail or contrast a picture has. It is that of the rows or that of the columns,
    whichever is lower, for motion blurs one of them only. What noise adds is taken off.

    Noise is the standard deviation in luminance, by the median of the mixed second differences of
    neighbours (as in Immerkaer 1996, "Fast noise variance estimation"), which edges hardly change.

    Args:
        plain_HW: Luminance, finite.
        linear: Whether it is scene-linear; else it is as a display takes it.
    """
    step = max(2, plain_HW.shape[0] // LINES)
    rows, below = (_lines(plain_HW, start, step, linear=linear) for start in (step // 2 - 1, step // 2))
    below = below[: len(rows)]
    noise = _noise(rows[: len(below)], below)
    turned = plain_HW.T
    step = max(2, turned.shape[0] // LINES)
    columns = _lines(turned, step // 2, step, linear=linear)
    return float(min(_steepness(lines, noise) for lines in (rows, columns))), noise


def _lines(plain: NDArray[np.float32], start: int, step: int, *, linear: bool) -> NDArray[np.float32]:
    """Every `step`th row, as a display takes it."""
    lines = np.ascontiguousarray(plain[start::step])
    return curved(lines) if linear else lines


def _noise(rows: NDArray[np.float32], below: NDArray[np.float32]) -> float:
    if rows.size < 64:
        return 0.0
    mixed = (rows[:, 1:] - rows[:, :-1] - below[:, 1:] + below[:, :-1])[:, ::4]
    return middle(np.abs(mixed)) / (2 * 0.6745)


def _steepness(lines: NDArray[np.float32], noise: float) -> float:
    """The largest step within each strong edge over its contrast."""
    if lines.shape[1] <= SPAN + 1:
        return 0.0
    steps = np.abs(lines[:, 1:] - lines[:, :-1])
    width = 1
    while width < SPAN:  # a running maximum, by doubling its width
        steps = np.maximum(steps[:, width:], steps[:, :-width])
        width *= 2
    contrast = np.abs(lines[:, SPAN:] - lines[:, :-SPAN])
    some = contrast[:, ::4].ravel()
    place = int(_STRONGEST * some.size)
    strong = contrast >= max(float(np.partition(some, place)[place]), 1e-4)
    least, all_of_it = steps[strong], float(contrast[strong].sum())
    least = np.sqrt(np.maximum(least * least - (_OF_NOISE * noise) ** 2, 0))
    return min(1.0, float(least.sum()) / all_of_it) if all_of_it > 0 else 0.0
