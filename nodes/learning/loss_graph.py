"""The picture of trainings: losses over steps, of one run or of several in one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from understudy.runtime.runs.summary import Summary

MOST_POINTS = 2000
"""Longer curves are thinned to about this many points."""

SMOOTHED = 50
"""A smoothed curve is the moving average over the number of steps divided by this."""

LEAST_SMOOTHED = 20
"""Shorter curves are drawn as they are."""

TRAINING = ("#1b7837", "#7fbc41", "#00441b", "#5aae61", "#a6d96a", "#4d9221")
HELD_OUT = ("#2166ac", "#67a9cf", "#053061", "#3690c0", "#92c5de", "#4575b4")
"""Greens and blues, each run's beside those that differ most from it."""

STYLES = ("-", "--", "-.", ":")
MARKERS = "osD^vPX*"


@dataclass(frozen=True, slots=True)
class Curve:
    """One run's part of a picture.

    Attributes:
        name: What the legend calls it; empty where it is the only one.
        summary: Its losses.
        best_step: The step that is marked; None for none.
    """

    name: str
    summary: Summary
    best_step: int | None = None


def draw_loss_graph(summary: Summary, path: Path, title: str, best_step: int | None) -> None:
    """Writes a PNG of one run: training loss in green, held-out loss in blue, a mark at the best step."""
    draw_loss_graphs([Curve("", summary, best_step)], path, title)


def draw_loss_graphs(curves: Sequence[Curve], path: Path, title: str, *, linear: bool = False) -> None:
    """Writes a PNG of runs: training loss in greens, smoothed and faintly as it was, held-out loss in blues.

    Args:
        curves: The runs; each has a shade, a line style and a marker of its own.
        path: The picture.
        title: What stands above it.
        linear: A linear scale; else it is logarithmic, where no loss forbids that.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    several = len(curves) > 1
    figure = Figure(figsize=(12, 5) if several else (9, 4.5), dpi=110)
    FigureCanvasAgg(figure)
    # a layout engine would cost as much as the drawing
    axes = figure.add_axes((0.06, 0.11, 0.68, 0.81) if several else (0.08, 0.12, 0.9, 0.79))
    positive = [_draw(axes, curve, number) for number, curve in enumerate(curves)]
    if all(positive) and not linear:
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel="loss", title=title)
    axes.grid(visible=True, which="both", alpha=0.2)
    if axes.get_legend_handles_labels()[0]:
        place = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0, "fontsize": 8}
        axes.legend(**(place if several else {}))
    figure.savefig(path, metadata={"Software": "Understudy"})


def _draw(axes: Any, curve: Curve, number: int) -> bool:
    """Draws one run; says whether a logarithmic scale can show it."""
    import numpy as np

    summary, style = curve.summary, STYLES[number % len(STYLES)]
    green, blue = TRAINING[number % len(TRAINING)], HELD_OUT[number % len(HELD_OUT)]
    finite = np.isfinite(summary.losses)
    steps, losses = summary.steps[finite], summary.losses[finite]
    name = f"{curve.name}: " if curve.name else ""
    _draw_training(axes, steps, losses, f"{name}training", color=green, linestyle=style)
    measured = np.isfinite(summary.validation)
    points, held_out = summary.validation_steps[measured], summary.validation[measured]
    if len(points):
        marker = MARKERS[number % len(MARKERS)] if curve.name else "."
        mark = {"marker": marker, "markersize": 4 if curve.name else 6}
        axes.plot(points, held_out, color=blue, linestyle=style, label=f"{name}held out", **mark)
    if curve.best_step is not None:
        _mark_best(axes, curve, points, held_out, blue)
    return bool(np.all(losses > 0) and np.all(held_out > 0))


def _draw_training(
    axes: Any, steps: NDArray[np.int64], losses: NDArray[np.float64], label: str, **look: Any
) -> None:
    import numpy as np

    stride = max(1, -(-len(steps) // MOST_POINTS))
    smoothed = len(losses) >= LEAST_SMOOTHED
    raw = {"linewidth": 0.6, "alpha": 0.35} if smoothed else {"label": label, "linestyle": look["linestyle"]}
    axes.plot(steps[::stride], losses[::stride], color=look["color"], **raw)
    if smoothed:
        width = max(2, len(losses) // SMOOTHED)
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        axes.plot(steps[width - 1 :][::stride], smooth[::stride], label=label, **look)


def _mark_best(
    axes: Any, curve: Curve, points: NDArray[np.int64], held_out: NDArray[np.float64], color: str
) -> None:
    """A line at the best step of the only run; a ring on the curve where there are several."""
    step = curve.best_step
    label = f"{curve.name}: best" if curve.name else "best"
    if not curve.name:
        axes.axvline(step, color="#b2182b", linewidth=1, linestyle="--", label=f"{label}: step {step:,}")
    elif step in points:
        ring = {"markersize": 11, "markerfacecolor": "none", "markeredgecolor": "#b2182b"}
        value = held_out[list(points).index(step)]
        axes.plot([step], [value], "o", color=color, label=f"{label}, {value:.4g} at step {step:,}", **ring)
