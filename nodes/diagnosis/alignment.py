"""Whether two pictures of the same thing lie on each other: their shift in pixels and their scale.

Phase correlation of edges (Kuglin and Hines 1975) measures the shift of tiles, first in small copies, then at
full resolution; a shift and a scale about the centre are fitted to them, robustly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.reducing import block_means, edges, factor_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SMALL = 256
"""Longer side of the small copies, in pixels."""

TILE = 128
"""Side of the tiles at full resolution, in pixels."""

SCALES = tuple(float(step) for step in np.geomspace(0.5, 2.0, 41))
"""Scales that are tried where nothing fits without one; tiles find what lies between."""

RESIZED = 0.01
"""From this difference in scale on, the truth is resized before its tiles are compared."""

_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Alignment:
    """How the truth lies on the input.

    A point at `p` from the frame's centre in the input is at `scale * p + (x, y)` in the truth.

    Attributes:
        x: Shift to the right, in pixels.
        y: Shift down, in pixels.
        scale: 1 where both have the same size.
        match: Correlation of the edges once this is undone, up to 1.
        match_unmoved: Their correlation as they lie.
    """

    x: float
    y: float
    scale: float
    match: float
    match_unmoved: float

    def moved(self, shape: tuple[int, ...]) -> float:
        """How far the corners of a frame of this shape are off at most, in pixels."""
        reach = float(np.hypot(shape[0], shape[1])) / 2
        return float(np.hypot(self.x, self.y)) + abs(self.scale - 1) * reach

    @property
    def is_better(self) -> bool:
        """Whether undoing it makes the edges meet clearly better."""
        gain = self.match - self.match_unmoved
        return self.match >= 0.25 and gain > max(0.03, 0.1 * (1 - self.match_unmoved))


def align(source: NDArray[np.float32], truth: NDArray[np.float32]) -> Alignment:
    """The shift and scale of the truth against the input.

    Args:
        source: Grey values, (H, W).
        truth: Grey values, (H, W).
    """
    factor = factor_for(source.shape, SMALL)
    small = edges(block_means(source, factor)), edges(block_means(truth, factor))
    x, y, scale = _coarse(*small)
    x, y = x * factor, y * factor
    both = edges(source), edges(truth)
    for _ in range(_ROUNDS):
        x, y, scale = _refined(*both, x, y, scale)
    return Alignment(x, y, scale, _match(*both, x, y, scale), _match(*both, 0.0, 0.0, 1.0))


def phase_shift(one: NDArray[np.float32], other: NDArray[np.float32]) -> tuple[float, float, float]:
    """How far `other` lies to the right of and below `one`, in pixels, and how sure that is, from 0 to 1.

    Args:
        one: Shape (H, W).
        other: The same shape.
    """
    height, width = one.shape
    window = np.hanning(height)[:, None] * np.hanning(width)[None, :]
    first, second = (np.fft.rfft2((plain - plain.mean()) * window) for plain in (one, other))
    cross = second * np.conj(first)
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    smooth = np.exp(-(down**2 + across**2) / (2 * 0.15**2))  # noise and blur rule the high frequencies
    surface = np.fft.irfft2(cross / (np.abs(cross) + 1e-9) * smooth, s=one.shape)
    row, column = divmod(int(surface.argmax()), width)
    y = row + _vertex(surface[(row - 1) % height, column], surface[row, column],
                      surface[(row + 1) % height, column])  # fmt: skip
    x = column + _vertex(surface[row, column - 1], surface[row, column], surface[row, (column + 1) % width])
    sure = float(surface[row, column] / np.fft.irfft2(smooth + 0j, s=one.shape)[0, 0])
    return (x + width / 2) % width - width / 2, (y + height / 2) % height - height / 2, sure


def _vertex(before: float, peak: float, after: float) -> float:
    """Where the parabola through three values has its top, from -0.5 to 0.5."""
    bend = before - 2 * peak + after
    return float(np.clip((before - after) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _coarse(source: NDArray[np.float32], truth: NDArray[np.float32]) -> tuple[float, float, float]:
    """Of no change, a shift, and shifts at other scales, the one with which edges meet best."""
    x, y, _ = phase_shift(source, truth)
    found = max(((0.0, 0.0, 1.0), (x, y, 1.0)), key=lambda model: _match(source, truth, *model))
    if _match(source, truth, *found) > 0.6:
        return found
    candidates = [found]
    for scale in SCALES:
        moved = _placed(truth, 0.0, 0.0, scale)
        x, y, _ = phase_shift(source, moved)
        candidates.append((x * scale, y * scale, scale))
    return max(candidates, key=lambda model: _match(source, truth, *model))


def _placed(truth: NDArray[np.float32], x: float, y: float, scale: float) -> NDArray[np.float32]:
    """The truth with a shift and a scale undone."""
    from scipy import ndimage

    centre = (np.array(truth.shape) - 1) / 2
    offset = centre - scale * centre + np.array((y, x))
    placed = ndimage.affine_transform(truth, np.array((scale, scale)), offset, order=1, mode="nearest")
    return np.asarray(placed, np.float32)


def _match(
    source: NDArray[np.float32], truth: NDArray[np.float32], x: float, y: float, scale: float
) -> float:
    """Correlation of the edges where both pictures are, once shift and scale are undone."""
    if scale == 1.0:  # whole pixels need no filter, which would blur one side only
        right, down = round(x), round(y)
        height, width = source.shape
        rows = slice(max(0, -down), min(height, height - down))
        columns = slice(max(0, -right), min(width, width - right))
        first = source[rows, columns]
        second = truth[rows.start + down : rows.stop + down, columns.start + right : columns.stop + right]
    else:
        first, second = source, _placed(truth, x, y, scale)
    return correlation(first, second)


def correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Pearson's correlation of two arrays of the same shape; 0 where one is constant or empty."""
    if one.size < 64:
        return 0.0
    first, second = one - one.mean(), other - other.mean()
    size = float(np.sqrt((first * first).sum() * (second * second).sum()))
    return float((first * second).sum()) / size if size > 1e-12 else 0.0


def _tiles(shape: tuple[int, ...], x: float, y: float, scale: float) -> Iterator[tuple[int, int, int]]:
    """The tops, lefts and sides of tiles spread over what both pictures show, at most five a side."""
    side = min(TILE, min(shape) // 3)
    starts = []
    for length, shift in zip(shape[:2], (y, x), strict=True):
        middle = (length - side) / 2
        ends = [(one - shift) / max(scale, 1.0) for one in (-middle, middle)]
        low, high = max(-middle, ends[0]), min(middle, ends[1])
        count = min(5, length // side)
        starts.append((middle + np.linspace(low, max(low, high), count)).astype(int).tolist())
    for top in starts[0]:
        for left in starts[1]:
            yield top, left, side


def _refined(
    source: NDArray[np.float32], truth: NDArray[np.float32], x: float, y: float, scale: float
) -> tuple[float, float, float]:
    """The model that fits what tiles say, each looked for where the model so far puts it."""
    height, width = source.shape
    if min(height, width) < 32:
        return x, y, scale
    resized = abs(scale - 1) > RESIZED
    other = _placed(truth, x, y, scale) if resized else truth
    places, shifts, weights = [], [], []
    for top, left, side in _tiles(source.shape, x, y, scale):
        centre = np.array((left + side / 2 - width / 2, top + side / 2 - height / 2))
        expected = (scale - 1) * centre + (x, y)
        right, down = (0, 0) if resized else np.rint(expected).astype(int).tolist()
        row, column = top + down, left + right
        if row < 0 or column < 0 or row + side > height or column + side > width:
            continue
        one = source[top : top + side, left : left + side]
        dx, dy, sure = phase_shift(one, other[row : row + side, column : column + side])
        if abs(dx) < side / 4 and abs(dy) < side / 4:
            off = scale * np.array((dx, dy))
            places.append(centre)
            shifts.append(expected + off if resized else off / scale + (right, down))
            weights.append(sure * float(one.std()))
    return _fitted(np.array(places), np.array(shifts), np.array(weights), (x, y, scale))


def _fitted(
    places: NDArray[np.float64],
    shifts: NDArray[np.float64],
    weights: NDArray[np.float64],
    before: tuple[float, float, float],
) -> tuple[float, float, float]:
    """Shift and scale by least squares, reweighted so that tiles that disagree count little (Cauchy)."""
    if len(places) < 3:
        return before
    rows = np.zeros((2 * len(places), 3))
    rows[0::2, 0] = rows[1::2, 1] = 1
    rows[0::2, 2], rows[1::2, 2] = places[:, 0], places[:, 1]
    wanted = shifts.ravel()
    start = np.median(shifts, axis=0)
    x, y, grown = float(start[0]), float(start[1]), before[2] - 1
    for _ in range(10):
        off = (wanted - rows @ (x, y, grown)).reshape(-1, 2)
        trust = np.repeat(weights / (1 + (off**2).sum(1)), 2) ** 0.5
        x, y, grown = np.linalg.lstsq(rows * trust[:, None], wanted * trust, rcond=None)[0]
    return float(x), float(y), float(np.clip(1 + grown, 0.4, 2.5))
