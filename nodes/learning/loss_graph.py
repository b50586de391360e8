"""The picture of a training: losses over steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runtime.runs.summary import Summary

MOST_POINTS = 2000
"""Longer curves are averaged down to this many points."""


def draw_loss_graph(summary: Summary, path: Path, title: str, best_step: int | None) -> None:
    """Writes a PNG: training loss in green, held-out loss in blue, a mark at the best step, log scale."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.5), dpi=110)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.08, 0.12, 0.9, 0.79))  # a layout engine would cost as much as the drawing
    steps, losses = np.asarray(summary.steps), np.asarray(summary.losses)
    stride = max(1, -(-len(steps) // MOST_POINTS))
    axes.plot(steps[::stride], losses[::stride], color="#7fc97f", linewidth=0.6, alpha=0.6)
    if len(losses) >= 20:
        width = max(2, len(losses) // 50)
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        axes.plot(steps[width - 1 :][::stride], smooth[::stride], color="#1b7837", label="training")
    if len(summary.validation_steps):
        axes.plot(summary.validation_steps, summary.validation, color="#2166ac", label="held out", marker=".")
    if best_step is not None:
        axes.axvline(
            best_step, color="#b2182b", linewidth=1, linestyle="--", label=f"best: step {best_step:,}"
        )
    if np.all(losses > 0):
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel="loss", title=title)
    axes.grid(visible=True, which="both", alpha=0.2)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    figure.savefig(path, metadata={"Software": "Understudy"})
