"""What is wrong with rows of a table or poses of a rig: repeats, outliers, columns that never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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


def row_faults(
    values_ND: NDArray[np.floating],
    names: Sequence[str],
    numbers: Sequence[int],
    labels_NK: NDArray[np.floating] | None = None,
) -> dict[int, list[Finding]]:
    """What is wrong with each row, by its place.

    "duplicate" is a row that is there before; "contradiction" one whose labels differ from those of the row
    that it repeats; "outlier" one with a value far off all others, or one that lies far from every other.

    Args:
        values_ND: A row for each pose or line; NaN where a value is missing.
        names: The names of the columns.
        numbers: What each row is called: its frame number.
        labels_NK: What each row is to teach; a row repeats another only with the same labels.
    """
    found: dict[int, list[Finding]] = {}
    values = np.asarray(values_ND, np.float64)
    _add_missing(found, values, names)
    usable = np.flatnonzero(np.isfinite(values).all(axis=1))
    if len(usable) > 1 and values.shape[1]:
        _add_repeats(found, values, numbers, labels_NK, usable)
        _add_outliers(found, values, names, usable)
    return found


def _add(found: dict[int, list[Finding]], row: int, finding: Finding) -> None:
    found.setdefault(row, []).append(finding)


def _add_missing(found: dict[int, list[Finding]], values: NDArray[np.float64], names: Sequence[str]) -> None:
    for row in np.flatnonzero(~np.isfinite(values).all(axis=1)):
        column = names[int(np.flatnonzero(~np.isfinite(values[row]))[0])]
        sentence = f'it has no number in the column "{column}"'
        _add(found, int(row), Finding("missing", sentence, {"column": column}))


def _add_repeats(
    found: dict[int, list[Finding]],
    values: NDArray[np.float64],
    numbers: Sequence[int],
    labels: NDArray[np.floating] | None,
    usable: NDArray[np.intp],
) -> None:
    scale = np.maximum(np.ptp(values[usable], axis=0), 1e-12)
    rounded = np.round(values / scale * 1e6)
    seen: dict[bytes, int] = {}
    for row in usable.tolist():
        first = seen.setdefault(rounded[row].tobytes(), row)
        if first == row:
            continue
        if labels is not None and not np.allclose(labels[row], labels[first], equal_nan=True):
            sentence = f"its features are those of row {numbers[first]}, and its labels are others"
            _add(found, row, Finding("contradiction", sentence, {"of_row": float(numbers[first])}))
        else:
            sentence = f"it repeats row {numbers[first]}"
            _add(found, row, Finding("duplicate", sentence, {"of_row": float(numbers[first])}))


def _add_outliers(
    found: dict[int, list[Finding]],
    values: NDArray[np.float64],
    names: Sequence[str],
    usable: NDArray[np.intp],
) -> None:
    rows = values[usable]
    median = np.asarray(np.median(rows, axis=0))
    # A column that mostly rests has no spread by its median; its standard deviation without the tails is one.
    low, high = (np.asarray(np.quantile(rows, share, axis=0)) for share in (0.01, 0.99))
    inner = np.clip(rows, low, high)
    spread = np.maximum(1.4826 * np.median(np.abs(rows - median), axis=0), inner.std(axis=0))
    scaled = (rows - median) / np.where(spread > 1e-9 * np.maximum(1, np.abs(median)), spread, np.inf)
    far = np.abs(scaled)
    lonely = _lonely(scaled)
    for place, row in enumerate(usable.tolist()):
        column = int(far[place].argmax())
        if far[place, column] > FAR:
            sentence = (
                f"its {names[column]} is {rows[place, column]:.4g}, where others have about "
                f"{median[column]:.4g} and hardly differ by more than {3 * spread[column]:.2g}"
            )
            evidence: dict[str, float | str] = {
                "column": names[column],
                "value": float(rows[place, column]),
                "deviations": float(far[place, column]),
            }
            _add(found, row, Finding("outlier", sentence, evidence))
        elif place in lonely:
            sentence = f"it lies {lonely[place]:.0f} times as far from its nearest row as rows usually do"
            _add(found, row, Finding("outlier", sentence, {"times_as_far": lonely[place]}))


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
