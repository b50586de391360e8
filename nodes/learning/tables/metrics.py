"""How far predicted labels are from true ones.

Definitions: Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009; the expected
calibration error after Guo et al. 2017, "On calibration of modern neural networks".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.tables.columns import Column

    Floats = NDArray[np.float64]

BINS = 10
"""Ranges of confidence over which calibration is measured."""


def confusion(truth: Floats, found: Floats, classes: int) -> NDArray[np.int64]:
    """`(classes, classes)`, how many rows of each true class, downwards, got each class."""
    places = truth.astype(np.int64) * classes + found.astype(np.int64)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


def accuracy(table: NDArray[np.int64]) -> float:
    """The share of rows that got their class, of a confusion matrix; 0 to 1."""
    return float(np.trace(table) / table.sum())


def balanced_accuracy(table: NDArray[np.int64]) -> float:
    """The mean over the classes that are there of the share that got its class; 0 to 1."""
    rows = table.sum(axis=1)
    there = rows > 0
    return float((np.diag(table)[there] / rows[there]).mean())


def calibration_error(truth: Floats, chances: Floats) -> float:
    """By how much confidence and accuracy differ on average, 0 to 1.

    Args:
        truth: `(n,)`, the true class of each row.
        chances: `(n, K)`, the probability of each class.
    """
    sure, right = chances.max(axis=1), chances.argmax(axis=1) == truth
    bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    gaps = [abs(sure[bins == one].sum() - right[bins == one].sum()) for one in range(BINS)]
    return float(sum(gaps) / len(truth))


def r_squared(truth: Floats, found: Floats) -> float:
    """The share of the variance that is explained: 1 is all, 0 no better than the mean."""
    spread = np.square(truth - truth.mean()).sum()
    return float(1.0 - np.square(truth - found).sum() / spread) if spread > 0 else 0.0


def error_of(column: Column, truth: Floats, found: Floats) -> Floats:
    """How far each row is off: in the column's units, around the circle, or 1 for a wrong class."""
    if column.kind in ("category", "boolean"):
        return np.asarray(truth != found, np.float64)
    difference: Floats = np.abs(found - truth)
    if column.kind == "circular":
        return np.asarray(np.minimum(difference, column.period - difference))
    return difference


def figures_of(column: Column, truth: Floats, found: Floats, chances: Floats | None) -> dict[str, float]:
    """What a person sees of a label's error, the most telling first."""
    error = error_of(column, truth, found)
    if chances is not None:
        table = confusion(truth, found, chances.shape[1])
        return {
            "accuracy": accuracy(table),
            "balanced accuracy": balanced_accuracy(table),
            "calibration error": calibration_error(truth, chances),
        }
    if column.kind == "circular":
        return {"mean error": float(error.mean()), "mean error (% of a turn)":
                100.0 * float(error.mean()) / column.period}  # fmt: skip
    return {"R²": r_squared(truth, found), "mean error": float(error.mean())}
