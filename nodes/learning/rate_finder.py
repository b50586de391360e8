"""Finding a learning rate: a short trial with a rate that rises until the loss breaks (Smith 2017).

"Cyclical learning rates for training neural networks", section 3.3: the loss falls as the rate comes to be
large enough, and rises when it is too large. The rate that is taken is the one at which the smoothed loss
falls fastest over the rate's logarithm, from a coarse ladder, so that noise of another machine's last bit
does not choose another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.loop import Loop, Plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.learning.subject import Subject

LEAST, MOST = 1e-5, 1.0
"""The rates that are tried."""

STEPS = 150
"""Steps of the trial."""

SMOOTHING = 0.9
"""How much of the smoothed loss is carried to the next step."""

BROKEN = 3.0
"""A smoothed loss this many times its lowest ends the trial."""

LADDER = 4
"""Rungs that a rate is rounded to, for each factor of ten."""


@dataclass(frozen=True)
class _Rising(Plan):
    """A plan whose rate rises by the same factor at each step."""

    def rate_at(self, step: int) -> float:
        """The rate of a step, from 1."""
        return float(LEAST * (MOST / LEAST) ** ((step - 1) / (STEPS - 1)))


@dataclass(frozen=True, slots=True)
class RateTrial:
    """What a trial saw.

    Attributes:
        rates: Of each step, `(S,)`.
        losses: Of each step, smoothed, `(S,)`.
        rate: The one to take.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    rate: float


def find_rate(
    subject: Subject, *, batch: int, precision: str, device: str, told: Callable[[int, int], None]
) -> RateTrial:
    """Tries rates on a fresh network, which is thrown away; a pure function of the subject's seed.

    Args:
        subject: What is learned.
        batch: Samples a step.
        precision: "float32" or "bfloat16".
        device: As torch names it.
        told: Takes the steps that are made and their number.
    """
    network = subject.network()
    plan = _Rising(
        steps=STEPS, batch=batch, rate=MOST, schedule="constant", precision=precision, device=device
    )
    smoothed, carried = [], 0.0
    with Loop(subject, network, subject.optimiser(network, LEAST), plan) as loop:
        for step in range(1, STEPS + 1):
            loss = loop.step(step)
            told(step, STEPS)
            if not math.isfinite(loss):
                break
            carried = SMOOTHING * carried + (1 - SMOOTHING) * loss
            smoothed.append(carried / (1 - SMOOTHING**step))
            if smoothed[-1] > BROKEN * min(smoothed):
                break
    losses = np.array(smoothed)
    rates = np.array([plan.rate_at(step) for step in range(1, len(losses) + 1)])
    return RateTrial(rates, losses, _steepest(rates, losses))


def _steepest(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> float:
    """The rate before the lowest loss at which it falls fastest, on the ladder."""
    end = int(np.argmin(losses)) + 1
    if end < 3:
        return LEAST
    slopes = np.gradient(losses[:end], np.log(rates[:end]))
    steepest = rates[int(np.argmin(slopes))]
    return float(10.0 ** (round(math.log10(steepest) * LADDER) / LADDER))


def draw_rates(trial: RateTrial, path: Path) -> None:
    """Writes a PNG: the smoothed loss over the rate, a mark at the rate that was taken."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.11, 0.12, 0.87, 0.79))
    axes.plot(trial.rates, trial.losses, color="#1b7837")
    axes.axvline(trial.rate, color="#d7301f", linestyle="--", label=f"taken: {trial.rate:.2g}")
    axes.set(xscale="log", yscale="log", xlabel="learning rate", ylabel="loss, smoothed")
    axes.set_title("Trial of learning rates")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend()
    figure.savefig(path, format="png")
