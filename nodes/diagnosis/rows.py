"""What is wrong with rows of a table or poses of a rig: repeats, outliers, columns that never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.finding import Finding
from understudy.nodes.diagnosis.naming import entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.diagnosis.row_values import Rows

FAR = 12.0
"""How many robust standard deviations a value lies off the median to be an outlier in its column.

Real poses have long tails: a bent knee is eight off where most frames stand."""

ALONE = 8.0
"""How many times as far as usual a row lies from its nearest row to be an outlier by itself."""

MOST_ROWS = 20_000
"""Of more rows, nearest ones are looked for among so many, evenly spread."""


def column_faults(values_ND: NDArray[np.floating], names: Sequence[str]) -> list[Finding]:
    """Columns that never change, and tell nothing.

    Args:
        values_ND: A row for each pose or line; NaN where a value is missing.
        names: The names of the columns.
    """
    if len(values_ND) < 2:
        return []
    found = []
    for place, name in enumerate(names):
        column = values_ND[:, place]
        known = column[np.isfinite(column)]
        if len(known) and np.ptp(known) <= 1e-9 * max(1.0, float(np.abs(known).max())):
            sentence = f'the column "{name}" is {known[0]:g} in every row; leave it out'
            found.append(Finding("constant", sentence, {"column": name, "value": float(known[0])}))
    return found


def row_faults(rows: Rows) -> dict[int, list[Finding]]:
    """What is wrong with each row or pose, by its place.

    "missing" is a row without a number; "duplicate" one that is there before; "contradiction" one whose
    labels differ from those of the row that it repeats; "outlier" one with a value far off all others, or one
    that lies far from every other. Windows repeat each other bit by bit; they are outliers where one of their
    lines is.
    """
    usable = np.asarray(np.isfinite(rows.values).all(axis=1))
    lines = _missing(rows.values, rows.columns)
    if usable.sum() > 1 and rows.values.shape[1]:
        lines |= _outliers(rows.values, rows.columns, np.flatnonzero(usable))
    found: dict[int, list[Finding]] = {}
    for row, start in enumerate(rows.starts.tolist()):
        wrong = next((line for line in range(start, start + rows.length) if line in lines), None)
        if wrong is not None:
            found[row] = [lines[wrong]]
    if rows.values.shape[1]:
        for row, finding in _repeats(rows, usable).items():
            found.setdefault(row, []).append(finding)
    return found


def _missing(values: NDArray[np.float64], names: Sequence[str]) -> dict[int, Finding]:
    found = {}
    for line in np.flatnonzero(~np.isfinite(values).all(axis=1)).tolist():
        column = names[int(np.flatnonzero(~np.isfinite(values[line]))[0])]
        sentence = f'it has no number in the column "{column}"'
        found[line] = Finding("missing", sentence, {"column": column})
    return found


def _repeats(rows: Rows, usable: NDArray[np.bool_]) -> dict[int, Finding]:
    compared = np.isfinite(rows.steps)
    what, values, labels = rows.words
    several = len({clip for clip, _ in rows.names}) > 1
    found, seen = {}, dict[bytes, int]()
    for row, start in enumerate(rows.starts.tolist()):
        end = start + rows.length
        if not usable[start:end].all():
            continue
        lines = rows.values[start:end]
        code = lines if rows.length > 1 else np.round((lines / rows.steps)[:, compared]) + 0.0
        first = seen.setdefault(code.tobytes(), row)
        if first == row:
            continue
        clip, frame = rows.names[first]
        earlier = f"{what} {entry((clip if several else '', frame))}"
        evidence: dict[str, float | str] = {"clip": clip, "frame": float(frame)}
        if rows.labels is not None and not _alike(rows.labels[row], rows.labels[first], rows.tolerance):
            sentence = f"its {values} are those of {earlier}, and its {labels} are others"
            found[row] = Finding("contradiction", sentence, evidence)
        else:
            found[row] = Finding("duplicate", f"it repeats {earlier}", evidence)
    return found


def _alike(one: NDArray[np.float64], other: NDArray[np.float64], tolerance: float) -> bool:
    return bool(np.allclose(one, other, atol=tolerance, equal_nan=True))


def _outliers(
    values: NDArray[np.float64], names: Sequence[str], usable: NDArray[np.intp]
) -> dict[int, Finding]:
    """The lines with a value far off all others, or far from every other line."""
    lines = values[usable]
    median = np.asarray(np.median(lines, axis=0))
    spread = _spread(lines, median)
    scaled = (lines - median) / np.where(spread > 1e-9 * np.maximum(1, np.abs(median)), spread, np.inf)
    lonely = _lonely(scaled)
    found = {}
    for place in np.flatnonzero(np.abs(scaled).max(axis=1) > FAR).tolist():
        column = int(np.abs(scaled[place]).argmax())
        sentence = (
            f"its {names[column]} is {lines[place, column]:.4g}, where others have about "
            f"{median[column]:.4g} and hardly differ by more than {3 * spread[column]:.2g}"
        )
        evidence: dict[str, float | str] = {
            "column": names[column],
            "value": float(lines[place, column]),
            "deviations": float(abs(scaled[place, column])),
        }
        found[int(usable[place])] = Finding("outlier", sentence, evidence)
    for place, times in lonely.items():
        sentence = f"it lies {times:.0f} times as far from its nearest row as rows usually do"
        found.setdefault(int(usable[place]), Finding("outlier", sentence, {"times_as_far": times}))
    return found


def _spread(lines: NDArray[np.float64], median: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much the values of each column usually differ from its median, as a standard deviation."""
    # Quantiles that are values of the column leave the tails of few lines out, too.
    low = np.quantile(lines, 0.01, axis=0, method="higher")
    high = np.quantile(lines, 0.99, axis=0, method="lower")
    away = np.abs(lines - median)
    usual = np.asarray(1.4826 * np.median(away, axis=0))
    for column in np.flatnonzero(
        usual == 0
    ):  # it mostly rests: what is usual is how far it moves when it does
        moved = away[away[:, column] > 0, column]
        usual[column] = 1.4826 * np.median(moved) if len(moved) else 0.0
    return np.asarray(np.maximum(usual, np.clip(lines, low, high).std(axis=0)))


def _lonely(scaled: NDArray[np.float64]) -> dict[int, float]:
    """Rows far from every other, and how many times as far as usual."""
    if len(scaled) < 10:
        return {}
    from scipy.spatial import KDTree

    step = max(1, len(scaled) // MOST_ROWS)
    distances = np.asarray(KDTree(scaled[::step]).query(scaled, k=2)[0])
    away = np.where(distances[:, 0] > 1e-12, distances[:, 0], distances[:, 1])
    usual = float(np.median(away))
    if usual <= 0:
        return {}
    times = away / max(usual, 0.05 * float(np.sqrt(scaled.shape[1])))
    return {int(place): float(times[place]) for place in np.flatnonzero(times > ALONE)}
