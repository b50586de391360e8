"""How sure a network for labels is: fitted once a model is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.tables.metrics import error_of
from understudy.nodes.learning.tables.model import Sureness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.tables.targets import Targets

    Floats = NDArray[np.float64]

PRIOR = 1e-3
"""Of the features' second moments, added for each row and feature."""

TEMPERATURES = np.geomspace(0.25, 8.0, 41)
"""Those that are tried."""


def fitted(targets: Targets, trained: Floats, output: Floats, features: Floats, truth: Floats) -> Sureness:
    """How sure a network is.

    Args:
        targets: Its labels.
        trained: `(N, F)`, its features of the rows that were trained on.
        output: `(n, O)`, its outputs of rows that measure: held-out ones, where there are some.
        features: `(n, F)`, its features of those.
        truth: `(n, L)`, their labels.
    """
    with_one = np.concatenate([trained, np.ones((len(trained), 1))], axis=1)
    moments = with_one.T @ with_one
    prior = PRIOR * max(float(np.trace(moments)) / len(moments), 1e-12)
    covariance = np.linalg.inv(moments + prior * np.eye(len(moments)))
    covariance = 0.5 * (covariance + covariance.T)
    ones = np.ones(len(targets.columns))
    spread = Sureness(covariance, ones, ones).spread(features)
    values, chances = targets.decode(output)
    sizes, temperatures = ones.copy(), ones.copy()
    for head in targets.heads:
        if chances[head.place] is None:
            error = error_of(head.column, truth[:, head.place], values[:, head.place]) / spread
            sizes[head.place] = float(np.sqrt(np.square(error).mean()))
        else:
            temperatures[head.place] = _temperature(targets, head.place, output, truth[:, head.place])
    return Sureness(covariance, sizes, temperatures)


def _temperature(targets: Targets, place: int, output: Floats, truth: Floats) -> float:
    """The one under which the true classes are most likely."""
    rows, classes = np.arange(len(truth)), truth.astype(np.int64)
    losses = []
    for one in TEMPERATURES:
        chance = targets.decode(output, np.full(len(targets.columns), one))[1][place]
        assert chance is not None
        losses.append(-np.log(np.maximum(chance[rows, classes], 1e-12)).mean())
    return float(TEMPERATURES[int(np.argmin(losses))])
