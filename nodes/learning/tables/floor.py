"""Ridge and logistic regression: the floor that every network for labels is held against.

Hastie, Tibshirani and Friedman, "The Elements of Statistical Learning", 2009, sections 3.4 and 4.4. A quarter
of the training groups decides how strong the penalty is; the held-out rows have no part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.tables.targets import Head, Targets

    Floats = NDArray[np.float64]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""Penalties that are tried, for each row and number of deviation 1."""

MOST_NUMBERS = 192
"""Inputs are reduced to so many principal components at most."""

LOGISTIC_STEPS = 80


@dataclass(frozen=True, slots=True)
class Floor:
    """A linear model of the summaries of inputs.

    Attributes:
        means: `(F,)`.
        axes: `(F, P)`, from centred summaries to standardised principal components.
        weights: `(P + 1, outputs)`, the last row added.
    """

    means: Floats
    axes: Floats
    weights: Floats

    def output(self, summary: Floats) -> Floats:
        """What a network would give, `(N, outputs)`."""
        found: Floats = _with_one((summary - self.means) @ self.axes) @ self.weights
        return found


def fitted(summary: Floats, values: Floats, targets: Targets, groups: NDArray[np.int64], seed: int) -> Floor:
    """The floor of training rows.

    Args:
        summary: `(N, F)`.
        values: `(N, L)`, the labels.
        targets: How labels are compared.
        groups: `(N,)`, rows that belong together.
        seed: Of the drawing of those that decide on the penalty.
    """
    means, axes = _principal(summary)
    inputs, wanted = _with_one((summary - means) @ axes), targets.encode(values).astype(np.float64)
    order = permutation(seed, "floor", 0, int(groups.max()) + 1)
    tested = np.isin(groups, order[: max(1, len(order) // 4)])
    if tested.all():
        tested = np.arange(len(groups)) % 4 == 0
    strength = STRENGTHS[2]
    if tested.any() and not tested.all():
        losses = []
        for one in STRENGTHS:
            weights = _weights(inputs[~tested], wanted[~tested], targets, one)
            losses.append(loss_of(targets, inputs[tested] @ weights, wanted[tested]))
        strength = STRENGTHS[int(np.argmin(losses))]
    return Floor(means, axes, _weights(inputs, wanted, targets, strength))


def loss_of(targets: Targets, output: Floats, wanted: Floats) -> float:
    """The training's loss of outputs `(n, outputs)` against encoded targets `(n, S)`."""
    return float(targets.loss(torch.from_numpy(output).float(), torch.from_numpy(wanted).float()))


def _principal(summary: Floats) -> tuple[Floats, Floats]:
    from scipy.linalg import svd

    means = summary.mean(axis=0)
    centred = summary - means
    _, sizes, axes = svd(centred, full_matrices=False)
    kept = np.flatnonzero(sizes > 1e-7 * max(sizes[0], 1e-30))[:MOST_NUMBERS]
    largest = sizes[0] / np.sqrt(len(summary)) if len(kept) else 1.0
    return means, axes[kept].T / largest * np.sqrt(max(1, len(kept)))


def _with_one(inputs: Floats) -> Floats:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def _weights(inputs: Floats, wanted: Floats, targets: Targets, strength: float) -> Floats:
    found = np.zeros((inputs.shape[1], targets.outputs))
    for head in targets.heads:
        goal = wanted[:, head.target]
        if head.column.kind in ("category", "boolean"):
            found[:, head.output] = _logistic(inputs, goal[:, 0].astype(np.int64), head, targets, strength)
        else:
            found[:, head.output] = _ridge(inputs, goal, strength)
    return found


def _ridge(inputs: Floats, goal: Floats, strength: float) -> Floats:
    penalty = strength * len(inputs) * np.eye(inputs.shape[1])
    penalty[-1, -1] = 0.0
    found: Floats = np.asarray(
        np.linalg.lstsq(inputs.T @ inputs + penalty, inputs.T @ goal, rcond=None)[0], np.float64
    )
    return found


def _logistic(
    inputs: Floats, classes: NDArray[np.int64], head: Head, targets: Targets, strength: float
) -> Floats:
    """Weights `(P + 1, K)`, or `(P + 1, 1)` of a truth value."""
    from scipy.optimize import minimize

    count = targets.shares[head.place].size
    shares = targets.shares[head.place]
    rows = np.ones(len(inputs))
    if targets.balanced:
        rows = 1.0 / np.maximum(shares[classes], 1e-9)
        rows = rows / rows.mean()
    ones = np.eye(count)[classes]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(-1, count)
        logits = inputs @ weights
        logits -= logits.max(axis=1, keepdims=True)
        exponents = np.exp(logits)
        sums = exponents.sum(axis=1, keepdims=True)
        entropy = (rows * (np.log(sums[:, 0]) - (logits * ones).sum(axis=1))).mean()
        gradient = inputs.T @ (rows[:, None] * (exponents / sums - ones)) / len(inputs)
        gradient[:-1] += strength * weights[:-1]
        return entropy + 0.5 * strength * float(np.square(weights[:-1]).sum()), gradient.ravel()

    start = np.zeros(inputs.shape[1] * count)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": LOGISTIC_STEPS})
    weights: Floats = found.x.reshape(-1, count)
    return weights[:, 1:] - weights[:, :1] if head.column.kind == "boolean" else weights
