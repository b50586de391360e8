"""Closed-form deformers: a ridge, and a kernel above it, for each segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.nodes.learning.deformers.kernel import (
    LARGEST,
    fit_kernel,
    spread_rows,
    squared_distances,
)
from understudy.nodes.learning.deformers.ridge import fit_ridge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LocalRidge:
    """A ridge for each segment, of the inputs that it sees.

    Attributes:
        weights: `(S, D, K)` float32, zero where a segment does not see an input.
        bias: `(S, K)` float32.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def predict(self, inputs: Floats) -> Floats:
        """Standardised inputs `(N, D)` to coefficients `(N, S, K)`."""
        flat = self.weights.transpose(1, 0, 2).reshape(inputs.shape[1], -1)
        return (inputs @ flat).reshape(len(inputs), *self.bias.shape) + self.bias

    def relevance(self, inputs: Floats, groups: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much each group moves each segment over these poses, `(S, G)`: rms, the largest of a row 1."""
        found = np.zeros((len(self.bias), int(groups.max()) + 1))
        for group in range(found.shape[1]):
            mine = groups == group
            moved = np.einsum("nd,sdk->nsk", inputs[:, mine], self.weights[:, mine], optimize=True)
            found[:, group] = np.sqrt((moved.astype(np.float64) ** 2).sum(axis=2).mean(axis=0))
        return np.asarray(found / np.maximum(found.max(axis=1, keepdims=True), 1e-30))

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "ridge"}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        return {"weights": self.weights, "bias": self.bias}

    @classmethod
    def built(cls, _header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The predictor that gave this header and these arrays."""
        return cls(arrays["weights"], arrays["bias"])


@dataclass(frozen=True, slots=True)
class LocalKernel:
    """A kernel ridge for each segment; one that was no better than its ridge on validation keeps the ridge.

    Attributes:
        ridge: The floor.
        poses: `(N, D)` float32, standardised inputs of training poses.
        scales: `(S, D)` float32, how much each input matters to a segment; all zero where ridge is kept.
        weights: `(S, N, K)` float64, zero where ridge is kept.
        bias: `(S, K)` float32.
        kept: `(S,)`, whether the segment uses its kernel.
        strengths: `(S,)`, noise over signal of each kernel.
    """

    ridge: LocalRidge
    poses: NDArray[np.float32]
    scales: NDArray[np.float32]
    weights: NDArray[np.float64]
    bias: NDArray[np.float32]
    kept: NDArray[np.bool_]
    strengths: NDArray[np.float64]

    def predict(self, inputs: Floats) -> Floats:
        """Standardised inputs `(N, D)` to coefficients `(N, S, K)`."""
        found = self.ridge.predict(inputs)
        for segment in map(int, np.flatnonzero(self.kept)):
            near = self.nearness(segment, inputs)
            found[:, segment] = near @ self.weights[segment] + self.bias[segment]
        return found

    @property
    def numbers(self) -> int:
        """What a pose is multiplied by: the inputs of each training pose that count, and its weights."""
        return len(self.poses) * (int(np.count_nonzero(self.scales)) + self.bias.size)

    def nearness(self, segment: int, inputs: Floats) -> NDArray[np.float64]:
        """How near standardised inputs `(N, D)` are to each training pose, as a segment sees it, 0 to 1."""
        return self.alike(segment, inputs, self.poses)

    def alike(self, segment: int, inputs: Floats, others: Floats) -> NDArray[np.float64]:
        """How near inputs `(N, D)` and `(M, D)` are, as a segment sees them: `(N, M)`, 0 to 1."""
        used = self.scales[segment] > 0.0
        scale = self.scales[segment, used].astype(np.float64)
        return np.asarray(np.exp(-squared_distances(inputs[:, used] * scale, others[:, used] * scale)))

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "kernel"}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        names = ("poses", "scales", "weights", "bias", "kept", "strengths")
        ridge = {f"ridge/{name}": array for name, array in self.ridge.arrays().items()}
        return {**{name: getattr(self, name) for name in names}, **ridge}

    @classmethod
    def built(cls, _header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The predictor that gave this header and these arrays."""
        ridge = LocalRidge(arrays["ridge/weights"], arrays["ridge/bias"])
        names = ("poses", "scales", "weights", "bias", "kept", "strengths")
        return cls(ridge, *(arrays[name] for name in names))


def fit_local_ridge(inputs: Floats, targets: Floats, visible: NDArray[np.bool_]) -> LocalRidge:
    """Fits inputs `(N, D)` to coefficients `(N, S, K)`; `visible` `(S, D)` says what a segment sees."""
    count, width = targets.shape[1:]
    weights = np.zeros((count, inputs.shape[1], width), np.float32)
    bias = np.zeros((count, width), np.float32)
    for segment in range(count):
        seen = visible[segment]
        ridge = fit_ridge(inputs[:, seen], targets[:, segment])
        weights[segment, seen], bias[segment] = ridge.weights, ridge.bias
    return LocalRidge(weights, bias)


def fit_local_kernel(
    ridge: LocalRidge,
    training: tuple[Floats, Floats],
    validation: tuple[Floats, Floats],
    visible: NDArray[np.bool_],
    groups: NDArray[np.int64],
) -> LocalKernel:
    """Fits a kernel for each segment, and keeps those that beat their ridge on the validation poses.

    Args:
        ridge: The floor, which also says where to begin looking for relevance.
        training: Standardised inputs `(N, D)` and coefficients `(N, S, K)`.
        validation: The same of poses that are not trained on.
        visible: `(S, D)`, which inputs each segment sees.
        groups: `(D,)`, the group of each input.
    """
    rows = spread_rows(training[0], LARGEST)
    inputs, targets = training[0][rows], training[1][rows]
    count, width = targets.shape[1:]
    scales = np.zeros((count, inputs.shape[1]), np.float32)
    weights = np.zeros((count, len(inputs), width))
    bias = np.zeros((count, width), np.float32)
    kept = np.zeros(count, np.bool_)
    strengths = np.zeros(count)
    relevance = ridge.relevance(inputs, groups)
    floor = ((ridge.predict(validation[0]) - validation[1]) ** 2).sum(axis=(0, 2))
    for segment in range(count):
        columns = np.flatnonzero(visible[segment])
        first = relevance[segment, groups[columns]]
        first /= max(float(first.max()), 1e-30)
        kernel = fit_kernel(inputs[:, columns], targets[:, segment], first)
        missed = kernel.predict(validation[0][:, columns]) - validation[1][:, segment]
        kept[segment] = float((missed**2).sum()) < float(floor[segment])
        if kept[segment]:
            scales[segment, columns], bias[segment] = kernel.scales, kernel.bias
            weights[segment], strengths[segment] = kernel.weights, kernel.strength
    return LocalKernel(ridge, inputs, scales, weights, bias, kept, strengths)
