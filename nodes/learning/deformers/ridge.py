"""Ridge regression with its strength picked by generalised cross-validation (Golub, Heath, Wahba 1979)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRENGTHS = 10.0 ** np.arange(-2.0, 4.01, 0.5)
"""What is added to the squared singular values of standardised inputs."""


@dataclass(frozen=True, slots=True)
class Ridge:
    """`inputs @ weights + bias`, for standardised inputs.

    Attributes:
        weights: `(D, K)` float32.
        bias: `(K,)` float32.
        strength: The one picked.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    strength: float

    def predict(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(N, D)` to `(N, K)`."""
        return inputs @ self.weights + self.bias


def fit_ridge(inputs: NDArray[Any], targets: NDArray[Any]) -> Ridge:
    """Fits standardised inputs `(N, D)` to targets `(N, K)`; one strength for all targets."""
    x = np.asarray(inputs, np.float64)
    y = np.asarray(targets, np.float64)
    x_mean, y_mean = x.mean(axis=0), y.mean(axis=0)
    values, left, right = _thin_svd(x - x_mean)
    seen = left.T @ (y - y_mean)
    rest = float(((y - y_mean) ** 2).sum() - (seen**2).sum())
    strength = min(STRENGTHS, key=lambda trial: _gcv(values, seen, rest, len(x), trial))
    weights = right @ (seen * (values / (values**2 + strength))[:, None])
    return Ridge(weights.astype(np.float32), (y_mean - x_mean @ weights).astype(np.float32), float(strength))


def _thin_svd(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Singular values, left and right vectors from the smaller Gram matrix, without those of no size."""
    wide = x.shape[1] > x.shape[0]
    squares, vectors = np.linalg.eigh(x @ x.T if wide else x.T @ x)
    kept = squares > 1e-12 * max(float(squares[-1]), 1e-300)
    values, vectors = np.sqrt(squares[kept]), vectors[:, kept]
    if wide:
        return values, vectors, x.T @ vectors / values
    return values, x @ vectors / values, vectors


def _gcv(
    values: NDArray[np.float64], seen: NDArray[np.float64], rest: float, count: int, strength: float
) -> float:
    kept = values**2 / (values**2 + strength)
    missed = float((((1.0 - kept)[:, None] * seen) ** 2).sum()) + rest
    free = count - 1.0 - float(kept.sum())
    return missed / max(free, 0.5) ** 2
