"""Labels as pictures: confusion matrix, prediction against truth, the rows most wrong, a time line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.table import Table

BACKGROUND, TEXT, MUTED = "#18181a", "#e1e1e1", "#8a8a90"
BLUE, ORANGE = "#67a9cf", "#f4a261"
COLOURS = ("#67a9cf", "#f4a261", "#7fbc41", "#d6604d", "#b392d9", "#e6c229", "#5ac8b8", "#d988b9")

SIZE = 4.6
"""Of a chart, in inches of 100 pixels."""

MOST_COUNTED = 20
"""A confusion matrix of more classes has no numbers in its fields."""

MOST_POINTS = 5000

TIME_LINE = (12.0, 1.5)
"""Width of a time line and height of each of its parts, in inches of 100 pixels."""

MOST_CLIPS = 8
"""Clips of a time line."""


def sheet(truth: Table, found: Table, title: str, worst: int = 10) -> Image:
    """For each label a chart, and the rows that are most wrong.

    Args:
        truth: The true labels of some rows.
        found: The labels that a model gave the same rows, in the same order.
        title: What stands above it.
        worst: Rows that are listed.
    """
    count = len(truth.columns)
    figure = _figure(2 * SIZE + 1.2, SIZE * count + 0.4)
    axes = figure.subplots(count, 2, squeeze=False, width_ratios=(1.0, 1.1))
    figure.suptitle(title, color=TEXT, fontsize=11, x=0.02, ha="left")
    for place, column in enumerate(truth.columns):
        real = truth.column(column.name)
        given = _recoded(found, column)
        _styled(axes[place, 0])
        if column.kind in ("category", "boolean"):
            _confusion(axes[place, 0], column, real, given)
        else:
            _scatter(axes[place, 0], column, real, given)
        _worst(axes[place, 1], column, truth, found, real, given, worst)
    return _drawn(figure)


def time_line(found: Table, truth: Table | None = None) -> Image:
    """What a model says over each clip: classes as bands, numbers as curves with their spread."""
    columns = found.results
    groups = np.unique(found.groups).tolist()[:MOST_CLIPS]
    figure = _figure(TIME_LINE[0], TIME_LINE[1] * len(groups) * len(columns) + 0.6)
    axes = figure.subplots(len(groups) * len(columns), 1, squeeze=False)[:, 0]
    for place, column in enumerate(columns):
        for number, group in enumerate(groups):
            axis = axes[number * len(columns) + place]
            _styled(axis)
            rows = np.flatnonzero(found.groups == group)
            rows = rows[np.argsort(found.frames[rows])]
            axis.set_title(f"{group}  {column.name}".strip(), color=TEXT, fontsize=9, loc="left")
            if column.kind in ("category", "boolean"):
                _bands(axis, column, found, rows)
            else:
                _curve(axis, column, found, rows, truth)
    axes[-1].set_xlabel("frame", color=MUTED, fontsize=8)
    return _drawn(figure)


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=100, facecolor=BACKGROUND, layout="constrained")


def _drawn(figure: Any) -> Image:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image as Images

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Images.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _styled(axis: Any) -> None:
    axis.set_facecolor(BACKGROUND)
    axis.tick_params(colors=MUTED, labelsize=8)
    for side in axis.spines.values():
        side.set_color("#444448")


def _recoded(found: Table, column: Column) -> NDArray[np.float64]:
    """The found values of a label with the places that its categories have in the truth."""
    values = found.column(column.name)
    given = found.columns[found.names.index(column.name)].categories
    if given == column.categories:
        return values
    known = {name: place for place, name in enumerate(column.categories)}
    places = [known.get(name, len(known)) for name in given]
    return np.array([places[int(value)] for value in values], np.float64)


def _confusion(axis: Any, column: Column, real: NDArray[np.float64], given: NDArray[np.float64]) -> None:
    names = list(column.categories) if column.kind == "category" else ["false", "true"]
    if len(given) and given.max() >= len(names):
        names.append("another")
    count = len(names)
    places = real.astype(np.int64) * count + given.astype(np.int64)
    table = np.bincount(places, minlength=count * count).reshape(count, count)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axis.imshow(share, cmap="viridis", vmin=0.0, vmax=1.0)
    shown = [name if len(name) <= 18 else name[:17] + "…" for name in names]
    axis.set_xticks(range(count), shown, rotation=45, ha="right")
    axis.set_yticks(range(count), shown)
    axis.set_xlabel("found", color=MUTED, fontsize=9)
    axis.set_ylabel("true", color=MUTED, fontsize=9)
    if count <= MOST_COUNTED:
        for row, entry in np.ndindex(count, count):
            if table[row, entry]:
                dark = share[row, entry] > 0.6
                axis.text(entry, row, f"{table[row, entry]:,}", ha="center", va="center", fontsize=8,
                          color="#101012" if dark else TEXT)  # fmt: skip
    right = float(np.trace(table)) / max(1, int(table.sum()))
    axis.set_title(f"{column.name}: {100 * right:.1f} % right", color=TEXT, fontsize=10, loc="left")


def _scatter(axis: Any, column: Column, real: NDArray[np.float64], given: NDArray[np.float64]) -> None:
    step = max(1, len(real) // MOST_POINTS)
    axis.scatter(real[::step], given[::step], s=9, color=BLUE, alpha=0.6, linewidths=0)
    low, high = min(real.min(), given.min()), max(real.max(), given.max())
    axis.plot([low, high], [low, high], color=ORANGE, linewidth=1)
    axis.set_xlabel("true", color=MUTED, fontsize=9)
    axis.set_ylabel("found", color=MUTED, fontsize=9)
    error = _errors(column, real, given)
    axis.set_title(
        f"{column.name}: off by {error.mean():.3g} on average", color=TEXT, fontsize=10, loc="left"
    )


def _errors(column: Column, real: NDArray[np.float64], given: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = np.abs(given - real)
    if column.kind == "circular":
        return np.minimum(difference, column.period - difference)
    return (difference > 0).astype(np.float64) if column.kind in ("category", "boolean") else difference


def _worst(
    axis: Any, column: Column, truth: Table, found: Table, real: NDArray[np.float64],
    given: NDArray[np.float64], most: int,
) -> None:  # fmt: skip
    """The rows most wrong, as text: of classes the wrong ones that it was surest of first."""
    axis.axis("off")
    error = _errors(column, real, given)
    unsure = f"{column.name} uncertainty"
    if column.kind in ("category", "boolean") and unsure in found.names:
        error = error * (2.0 - found.column(unsure))
    order = np.argsort(-error, kind="stable")[:most]
    order = order[error[order] > 0]
    place = found.names.index(column.name)
    lines: list[tuple[str, str, str]] = [("row", "true", "found")]
    there = truth.names.index(column.name)
    lines += [(truth.row_name(row), truth.text(row, there), found.text(row, place)) for row in order.tolist()]
    heading = f"the rows most wrong in {column.name}" if len(order) else f"no row is wrong in {column.name}"
    axis.set_title(heading, color=TEXT, fontsize=10, loc="left")
    for number, line in enumerate(lines if len(order) else []):
        for left, text in zip((0.0, 0.5, 0.76), line, strict=True):
            shown = text if len(text) <= 30 else text[:14] + "…" + text[-15:]
            axis.text(left, 0.95 - 0.08 * number, shown, transform=axis.transAxes, fontsize=9, va="baseline",
                      color=TEXT if number else MUTED)  # fmt: skip


def _bands(axis: Any, column: Column, found: Table, rows: NDArray[np.int64]) -> None:
    names: Sequence[str] = column.categories or ("false", "true")
    frames = found.frames[rows]
    chances = [found.column(f"{column.name}={name}")[rows] for name in names
               if f"{column.name}={name}" in found.names]  # fmt: skip
    if len(chances) != len(names):
        values = found.column(column.name)[rows]
        chances = [(values == place).astype(np.float64) for place in range(len(names))]
    seen = [place for place, chance in enumerate(chances) if chance.max() > 0.05]
    axis.stackplot(frames, *[chances[place] for place in seen], step="mid" if len(rows) > 1 else None,
                   colors=[COLOURS[place % len(COLOURS)] for place in seen],
                   labels=[names[place] for place in seen])  # fmt: skip
    axis.set_ylim(0.0, 1.0)
    axis.set_yticks([0.0, 0.5, 1.0])
    if len(frames) > 1:
        axis.set_xlim(frames[0], frames[-1])
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False, labelcolor=TEXT)


def _curve(axis: Any, column: Column, found: Table, rows: NDArray[np.int64], truth: Table | None) -> None:
    frames, values = found.frames[rows], found.column(column.name)[rows]
    if f"{column.name} uncertainty" in found.names:
        spread = found.column(f"{column.name} uncertainty")[rows]
        axis.fill_between(frames, values - spread, values + spread, color=BLUE, alpha=0.25, linewidth=0)
    axis.plot(frames, values, color=BLUE, linewidth=1.2, label="found")
    if truth is not None and column.name in truth.names:
        mine = truth.groups == found.groups[rows[0]]
        axis.plot(
            truth.frames[mine], truth.column(column.name)[mine], color=ORANGE, linewidth=1, label="true"
        )
    axis.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize=8, frameon=False, labelcolor=TEXT)
