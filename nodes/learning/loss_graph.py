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

SMOOTHED = 20
"""A smoothed curve is the mean around each step, over the number of steps divided by this."""

MARGIN = 2.0
"""The picture reaches beyond the smoothed curves by this factor; single losses may lie outside."""

TRAINING = ("#1b7837", "#7fbc41", "#00441b", "#5aae61", "#a6d96a", "#4d9221")
HELD_OUT = ("#2166ac", "#67a9cf", "#053061", "#3690c0", "#92c5de", "#4575b4")
"""Greens and blues, each run's beside those that differ most from it."""

MOST_LABELS = 30
"""Lines of a legend's column."""

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
    axes = figure.add_axes((0.06, 0.11, 0.7, 0.81) if several else (0.08, 0.12, 0.9, 0.79))
    drawn = [_draw(axes, curve, number) for number, curve in enumerate(curves)]
    _scale(axes, [low for low, _ in drawn], [high for _, high in drawn], linear=linear)
    axes.set(xlabel="step", ylabel="loss", title=title)
    axes.grid(visible=True, which="both", alpha=0.2)
    handles = axes.get_legend_handles_labels()[0]
    if handles:
        beside = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "borderaxespad": 0, "fontsize": 8}
        axes.legend(**(beside | {"ncols": -(-len(handles) // MOST_LABELS)} if several else {}))
    figure.savefig(path, metadata={"Software": "Understudy"}, bbox_inches="tight" if several else None)


def _scale(axes: Any, lows: Sequence[float], highs: Sequence[float], *, linear: bool) -> None:
    """Fits the picture to the smoothed and held-out curves, so that no single loss squeezes them."""
    low, high = min(lows, default=0.0), max(highs, default=0.0)
    if not linear and low > 0:
        axes.set_yscale("log")
        axes.set_ylim(low / MARGIN, high * MARGIN)
    elif high > low >= 0:
        axes.set_ylim(0, high * (1 + 1 / MARGIN))


def _draw(axes: Any, curve: Curve, number: int) -> tuple[float, float]:
    """Draws one run; gives the least and the greatest value that the picture has to show."""
    import numpy as np

    summary, style = curve.summary, STYLES[number % len(STYLES)]
    green, blue = TRAINING[number % len(TRAINING)], HELD_OUT[number % len(HELD_OUT)]
    finite = np.isfinite(summary.losses)
    steps, losses = summary.steps[finite], summary.losses[finite]
    smooth = smoothed(losses)
    name = f"{curve.name}: " if curve.name else ""
    stride = max(1, -(-len(steps) // MOST_POINTS))
    axes.plot(
        steps[::stride], losses[::stride], color=green, linewidth=0.6, alpha=0.2 if curve.name else 0.35
    )
    axes.plot(steps[::stride], smooth[::stride], color=green, linestyle=style, label=f"{name}training")
    measured = np.isfinite(summary.validation)
    points, held_out = summary.validation_steps[measured], summary.validation[measured]
    if len(points):
        marker = MARKERS[number % len(MARKERS)] if curve.name else "."
        mark = {"marker": marker, "markersize": 4 if curve.name else 6}
        axes.plot(points, held_out, color=blue, linestyle=style, label=f"{name}held out", **mark)
    if curve.best_step is not None:
        _mark_best(axes, curve, points, held_out, blue)
    shown = np.concatenate([smooth, held_out])
    return (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 0.0)


def smoothed(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the losses around each step, shape (S,); at the ends over the steps that there are.

    >>> import numpy as np
    >>> smoothed(np.array([1.0, 2.0, 3.0] + 57 * [3.0]))[:3].tolist()
    [1.5, 2.0, 2.6666666666666665]
    """
    import numpy as np

    reach = len(losses) // SMOOTHED // 2
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    at = np.arange(len(losses))
    first, end = np.maximum(at - reach, 0), np.minimum(at + reach + 1, len(losses))
    means: NDArray[np.float64] = (sums[end] - sums[first]) / (end - first)
    return means


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
