"""What the curves of a training tell, as numbers: plain functions of losses over steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.learning.subject import HIGHER_IS_BETTER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.runtime.runs.summary import Summary

WINDOWS = 20
"""A training's losses are looked at in so many windows; single losses are those of single crops."""

FEWEST = 10
"""Losses in a window at least."""

SIGNIFICANT = 3.0
"""Differences under so many standard errors are noise."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Losses of a training, in windows of equal length.

    Attributes:
        ends: The last step of each window, shape (W,).
        means: The mean loss of each, non-finite ones left out, shape (W,).
        errors: The standard error of each mean, shape (W,).
        bad: The share of losses in each that were not finite, shape (W,).
    """

    ends: NDArray[np.int64]
    means: NDArray[np.float64]
    errors: NDArray[np.float64]
    bad: NDArray[np.float64]

    def above(self, one: int, other: int) -> float:
        """By how many standard errors the one window's mean lies above the other's."""
        noise = float(np.hypot(self.errors[one], self.errors[other]))
        return float(self.means[one] - self.means[other]) / max(noise, 1e-12)


def windows(summary: Summary) -> Windows | None:
    """The losses in at most 20 windows of ten or more; None where there are fewer, or the first are bad."""
    count = min(WINDOWS, len(summary.losses) // FEWEST)
    if not count:
        return None
    parts = np.array_split(summary.losses, count)
    finite = [part[np.isfinite(part)] for part in parts]
    if not finite[0].size:
        return None
    means = np.array([part.mean() if part.size else np.inf for part in finite])
    errors = np.array([part.std() / max(1, part.size) ** 0.5 if part.size else 0.0 for part in finite])
    ends = np.array([part[-1] for part in np.array_split(summary.steps, count)])
    return Windows(
        ends, means, errors, np.array([1 - len(f) / len(p) for f, p in zip(finite, parts, strict=True)])
    )


@dataclass(frozen=True, slots=True)
class Rise:
    """A curve that was better once.

    Attributes:
        step: Where it was best.
        best: Its value there.
        last: Its value at the end, the median of the last measurements.
        share: By how much of its best it is worse.
    """

    step: int
    best: float
    last: float

    @property
    def share(self) -> float:
        """By how much of its best the last value is worse; 0.1 for a tenth."""
        return abs(self.last - self.best) / max(abs(self.best), 1e-12)


def rise(steps: NDArray[Any], values: NDArray[np.float64]) -> Rise | None:
    """Where and by how much a measured error rose after its best; None where it did not, beyond its noise.

    Single measurements are smoothed by the median of three. Noise is what neighbouring measurements differ
    by.

    Args:
        steps: Of the measurements, shape (M,).
        values: An error, shape (M,): larger is worse.
    """
    finite = np.isfinite(values)
    steps, values = steps[finite], values[finite]
    if len(values) < 5:
        return None
    inner = [float(np.median(values[at - 1 : at + 2])) for at in range(1, len(values) - 1)]
    smooth = np.array([values[0], *inner, values[-1]])
    best = int(np.argmin(smooth))
    tail = min(len(values) - 1 - best, max(2, len(values) // 5))
    if tail < 2:
        return None
    last = float(np.median(values[-tail:]))
    noise = float(np.median(np.abs(np.diff(values[best:])))) / tail**0.5
    if last - smooth[best] <= SIGNIFICANT * noise:
        return None
    return Rise(int(steps[best]), float(smooth[best]), last)


def as_error(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """A figure as an error that shrinks as the result gets better: 1 - IoU; the amplitude for decibels.

    >>> as_error("IoU", np.array([0.75])).tolist(), as_error("PSNR (dB)", np.array([20.0])).tolist()
    ([0.25], [0.1])
    """
    figure = name.partition(" of ")[0]  # with several labels, each has its own: "accuracy of phase"
    if "(dB)" in figure:
        return np.asarray(10.0 ** (-values / 20.0))
    return 1.0 - values if figure in HIGHER_IS_BETTER else values
