"""Whether two pictures differ by a transfer curve: what becomes of a value on its way from input to truth.

A grade is no fault. A fault is a curve that no one grades with and every wrong setting gives: the sRGB curve,
a plain gamma of 1.8, 2.2 or 2.4, or a camera's log, on all channels alike.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.diagnosis.reducing import block_means, factor_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

BINS = 48
SMALL = 200
LEAST_SHARE = 0.002
LEAST_BINS = 10
CLOSE = 0.03
"""How far a curve may be from a known one, root mean square, the peak at 1: what noise and blur leave."""

UNDONE = 0.4
"""Of what sets a pair apart from its set, the share that a known curve may leave."""

LEAST_APART = 0.08
"""How far a pair is from the others of its set at least, in the same unit, before any curve is asked."""


def srgb_decoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Display values made linear (IEC 61966-2-1)."""
    return np.where(values <= 0.04045, values / 12.92, ((np.maximum(values, 0) + 0.055) / 1.055) ** 2.4)


def srgb_encoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear values as a display takes them (IEC 61966-2-1)."""
    return np.where(
        values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 1e-9) ** (1 / 2.4) - 0.055
    )


def cineon_encoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear values as Cineon printing density: 685 is white, 95 black, 0.002 density a step, gamma 0.6."""
    black = 10 ** ((95 - 685) * 0.002 / 0.6)
    return (685 + np.log10(np.maximum(values * (1 - black) + black, 1e-6)) * 0.6 / 0.002) / 1023


def cineon_decoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cineon printing density made linear."""
    black = 10 ** ((95 - 685) * 0.002 / 0.6)
    return (10 ** ((values * 1023 - 685) * 0.002 / 0.6) - black) / (1 - black)


def acescct_encoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear values as ACEScct (Academy S-2016-001)."""
    low = 10.5402377416545 * values + 0.0729055341958355
    return np.where(values <= 0.0078125, low, (np.log2(np.maximum(values, 1e-9)) + 9.72) / 17.52)


def acescct_decoded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """ACEScct values made linear (Academy S-2016-001)."""
    low = (values - 0.0729055341958355) / 10.5402377416545
    return np.where(values <= 0.155251141552511, low, 2.0 ** (values * 17.52 - 9.72))


def _power(exponent: float) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    return lambda values: np.maximum(values, 0) ** exponent


KNOWN: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "sRGB made linear": srgb_decoded,
    "linear made sRGB": srgb_encoded,
    "gamma 2.2 made linear": _power(2.2),
    "linear made gamma 2.2": _power(1 / 2.2),
    "gamma 2.4 made linear": _power(2.4),
    "linear made gamma 2.4": _power(1 / 2.4),
    "gamma 1.8 made linear": _power(1.8),
    "linear made gamma 1.8": _power(1 / 1.8),
    "linear made Cineon log": cineon_encoded,
    "Cineon log made linear": cineon_decoded,
    "linear made ACEScct": acescct_encoded,
    "ACEScct made linear": acescct_decoded,
}
"""Curves of wrong settings, from input to truth."""

Curve = list[list[float | None]]
"""For each channel the truth's median where the input has a bin's value, in `BINS` from 0 to 1; None: few."""

CENTRES = (np.arange(BINS) + 0.5) / BINS


def curve(source_HWC: NDArray[np.float32], truth_HWC: NDArray[np.float32]) -> Curve:
    """What becomes of the values of each channel; small copies are compared, so that noise counts little.

    Args:
        source_HWC: The input; values outside 0 to 1 are left out.
        truth_HWC: The truth, with as many channels.
    """
    factor = factor_for(source_HWC.shape, SMALL)
    source, truth = block_means(source_HWC, factor), block_means(truth_HWC, factor)
    return [_channel(source[..., one].ravel(), truth[..., one].ravel()) for one in range(source.shape[-1])]


def _channel(source: NDArray[np.float32], truth: NDArray[np.float32]) -> list[float | None]:
    usable = np.isfinite(source) & np.isfinite(truth) & (source >= 0) & (source <= 1)
    source, truth = source[usable], truth[usable]
    places = np.minimum((source * BINS).astype(int), BINS - 1)
    order = np.argsort(places, kind="stable")
    truth, starts = truth[order], np.searchsorted(places[order], np.arange(BINS + 1))
    least = max(8, LEAST_SHARE * len(truth))
    return [
        float(np.median(truth[first:last])) if last - first >= least else None
        for first, last in pairwise(starts)
    ]


def known_transfer(
    found: Curve, usual: Curve | None = None, scatter: float = 0.0
) -> tuple[str, float, float] | None:
    """The known curve that takes the usual values to the found ones, how far it is off, and how far none is.

    A pair alone has to lie on a known curve closely. A pair that is held against others has to stand apart
    from them by twice what they scatter, and a known curve has to undo most of that: noise, and a grade that
    mixes channels, leave more than a fixed bound allows, and in all pairs alike.

    Args:
        found: The curve of a pair.
        usual: The curve that pairs of its set have; where there is none, values should stay as they are.
        scatter: How far pairs of the set are from that, as `scatter_of` tells it.

    Returns:
        None where no known curve fits clearly better than none at all, or too few values tell.
    """
    pairs = _pairs(found, usual)
    if pairs is None:
        return None
    unchanged = max(_distance(before, after) for before, after in pairs)
    best = min(KNOWN, key=lambda name: max(_distance(KNOWN[name](one), two) for one, two in pairs))
    off = max(_distance(KNOWN[best](before), after) for before, after in pairs)
    if usual is None:
        fits = off < CLOSE and unchanged > 3 * off and unchanged > 0.05
    else:
        fits = off < UNDONE * unchanged and unchanged > max(LEAST_APART, 2 * scatter)
    return (best, off, unchanged) if fits else None


def scatter_of(curves: Sequence[Curve], usual: Curve) -> float:
    """How far curves typically are from the usual one, root mean square: the median over the curves."""
    compared = [pairs for pairs in (_pairs(one, usual) for one in curves) if pairs is not None]
    apart = [max(_distance(before, after) for before, after in pairs) for pairs in compared]
    return float(np.median(apart)) if apart else 0.0


def _pairs(found: Curve, usual: Curve | None) -> list[tuple[Any, Any]] | None:
    """The expected and the found values of each channel; None where there are too few to tell a curve."""
    before_each: Sequence[list[float | None] | None] = usual or [None] * len(found)
    pairs = [_both(one, other) for one, other in zip(found, before_each, strict=True)]
    few = any(len(before) < LEAST_BINS or np.ptp(before) < 0.25 for before, _ in pairs)
    return None if few else pairs


def _both(found: list[float | None], usual: list[float | None] | None) -> tuple[Any, Any]:
    expected = usual if usual is not None else list(CENTRES)
    pairs = [
        (one, two) for one, two in zip(expected, found, strict=True) if one is not None and two is not None
    ]
    before, after = np.array(pairs).reshape(-1, 2).T
    return before, after


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((one - other) ** 2)))


def usual_curve(curves: list[Curve]) -> Curve | None:
    """The median of several pairs' curves; None where they have unlike channels or too few are given."""
    if len(curves) < 4 or len({len(one) for one in curves}) != 1:
        return None
    stacked = np.array([[[np.nan if value is None else value for value in channel] for channel in one]
                        for one in curves])  # fmt: skip
    told = np.isfinite(stacked).sum(0) >= 3
    return [
        [
            float(np.nanmedian(stacked[:, channel, place])) if told[channel, place] else None
            for place in range(BINS)
        ]
        for channel in range(stacked.shape[1])
    ]
