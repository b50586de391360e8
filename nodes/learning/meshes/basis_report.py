"""How accurate principal shapes are: as sentences, and as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes

TOLD = (0.9, 0.95, 0.99, 0.999)
"""Accuracies for which the number of shapes is told."""

USUAL = (0.01, 0.10)
"""The shares of a mesh's vertices between which the number of principal shapes usually lies."""

ENOUGH = 0.99
"""An accuracy at which fewer shapes than usual do."""

_GREEN, _BLUE, _GREY = "tab:green", "tab:blue", "0.45"


def sentences(found: PrincipalShapes, limit: int, accuracy: float, units: str, points: int) -> Iterator[str]:
    """What the shapes give back, and what a person may want to change.

    Args:
        found: The principal shapes.
        limit: The most that were asked for.
        accuracy: What was asked for, 0 to 1.
        units: Of lengths, or what else a residual is of.
        points: Vertices of the mesh; 0 for frames.
    """
    what = "poses" if points else "frames"
    reached = [f"{count} for {100 * wanted:g} %" for wanted, count in _counts(found)]
    told = _described(found, units, what)
    yield told + (f"; {', '.join(reached)}" if reached else "")
    kept = len(found.shapes)
    if accuracy < 1.0 and found.accuracies()[kept] < accuracy:
        yield (
            f"The limit of {limit} shapes ends before the accuracy of {100 * accuracy:g} %. Raise "
            f"principal_shapes_limit, to {found.count:,} at most: there can be no more shapes than {what}."
        )
    if kept == found.count:
        yield f"There are as many shapes as {what}, so others will hardly be made of them. Capture more."
    if points:
        yield from _usual(found, limit, points)


def _described(found: PrincipalShapes, units: str, what: str) -> str:
    kept = len(found.shapes)
    return (
        f"{kept} principal shapes of {found.count:,} {what} give back "
        f"{100 * found.accuracies()[kept]:.3f} %, and leave {found.residuals()[kept]:.3g} {units} (rms)"
    )


def _usual(found: PrincipalShapes, limit: int, points: int) -> Iterator[str]:
    kept = len(found.shapes)
    least, most = (max(1, round(share * points)) for share in USUAL)
    span = f"than the usual 1 to 10 % of {points:,} vertices ({least:,} to {most:,})"
    if kept > most:
        yield f"{kept} shapes are more {span}; a lower limit or accuracy makes the model smaller and faster."
    elif kept == limit < least and found.accuracies()[kept] < ENOUGH:
        yield f"{kept} shapes are fewer {span}; where what they leave is too much, raise the limit."


def _counts(found: PrincipalShapes) -> list[tuple[float, int]]:
    """How many shapes reach each of the accuracies that are told."""
    accuracies, kept = found.accuracies(), len(found.shapes)
    return [(wanted, int(np.argmax(accuracies >= wanted))) for wanted in TOLD if accuracies[kept] >= wanted]


def draw_accuracy(found: PrincipalShapes, path: Path, title: str, units: str, accuracy: float) -> None:
    """Draws how accurate so many shapes are, and what they leave, as a PNG.

    Args:
        found: The principal shapes.
        path: The PNG.
        title: What stands above it.
        units: Of what is left.
        accuracy: The accuracy asked for, 0 to 1; a dashed line where it is below 1.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kept, accuracies = len(found.shapes), 100.0 * found.accuracies()
    counts = np.arange(kept + 1)
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{title}: {kept} principal shapes of {found.count:,} give back {accuracies[kept]:.2f} %", fontsize=11
    )
    axes = figure.add_subplot(xlabel="principal shapes", xlim=(0, kept), ylim=(0, 103))
    axes.plot(counts, accuracies[: kept + 1], color=_GREEN, linewidth=2)
    axes.set_ylabel("given back, in percent", color=_GREEN)
    axes.grid(visible=True, alpha=0.25)
    if accuracy < 1.0:
        axes.axhline(100.0 * accuracy, color=_GREY, linestyle="--", linewidth=1)
    for wanted, count in _counts(found):
        axes.plot([count, count], [0, accuracies[count]], color=_GREY, linewidth=0.8, linestyle=":")
        axes.annotate(f"{count}: {100 * wanted:g} %", (count, 3), rotation=90, fontsize=8, color=_GREY,
                      ha="right", va="bottom")  # fmt: skip
    left = axes.twinx()
    left.plot(counts, np.maximum(found.residuals()[: kept + 1], 1e-12), color=_BLUE, linewidth=1.2)
    left.set_yscale("log")
    left.set_ylabel(f"left (rms), {units}", color=_BLUE)
    figure.savefig(path, format="png", metadata={"Software": None})
