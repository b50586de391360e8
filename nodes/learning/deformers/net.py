"""A trained grouped net as plain arrays: what it computes, without torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class NumpyNet:
    """A small net for each segment above a frozen ridge.

    Attributes:
        activation: One of `settings.ACTIVATIONS`.
        weights: The net's state, by the names that `local_net.GroupedNet` has.
    """

    activation: str
    weights: dict[str, NDArray[Any]]

    def predict(self, inputs: Floats) -> Floats:
        """Standardised inputs `(N, D)` to coefficients `(N, S, K)`."""
        seen, hidden = self._passed(inputs)
        last = self.weights[f"matrices.{self._layers}"]
        left = (hidden @ last + self.weights[f"biases.{self._layers}"]) * self.weights["size"]
        ridge = seen @ self.weights["ridge"] + self.weights["ridge_bias"]
        mean = left.reshape(self.members, *ridge.shape).mean(axis=0) if self.members > 1 else left
        return np.ascontiguousarray((ridge + mean).transpose(1, 0, 2))

    @property
    def members(self) -> int:
        """E, the nets of each segment."""
        return len(self.weights["matrices.0"]) // len(self.weights["columns"])

    def disagreement(self, inputs: Floats) -> Floats:
        """How far each member is from their mean, `(S, N, E K)`: squares sum up to the variance."""
        hidden = self._passed(inputs)[1]
        left = hidden @ self.weights[f"matrices.{self._layers}"] + self.weights[f"biases.{self._layers}"]
        apart = (left * self.weights["size"]).reshape(self.members, -1, *left.shape[1:])
        apart = (apart - apart.mean(axis=0)) / np.float32((self.members - 1) ** 0.5)
        return np.ascontiguousarray(apart.transpose(1, 2, 0, 3)).reshape(*apart.shape[1:3], -1)

    def hidden(self, inputs: Floats) -> Floats:
        """The last hidden layer of each net, `(E S, N, H)`."""
        return self._passed(inputs)[1]

    def rounded(self) -> NumpyNet:
        """The same with matrices rounded to what float16 holds: an export stores them in half the room."""
        halves = {
            name: array.astype(np.float16).astype(np.float32)
            for name, array in self.weights.items()
            if name == "ridge" or name.startswith("matrices.")
        }
        return replace(self, weights=self.weights | halves)

    @property
    def _layers(self) -> int:
        return sum(name.startswith("matrices.") for name in self.weights) - 1

    def _passed(self, inputs: Floats) -> tuple[Floats, Floats]:
        seen = np.ascontiguousarray(inputs[:, self.weights["columns"]].transpose(1, 0, 2))
        hidden = np.tile(seen * self.weights["scales"], (self.members, 1, 1))
        for layer in range(self._layers):
            flat = hidden @ self.weights[f"matrices.{layer}"] + self.weights[f"biases.{layer}"]
            hidden = _ACTIVATIONS[self.activation](flat)
        return seen, hidden

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "net", "activation": self.activation}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        return dict(self.weights)

    @classmethod
    def built(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The predictor that gave this header and these arrays."""
        return cls(header["activation"], arrays)


def emphasis_of(weights: dict[str, NDArray[Any]], inputs: int) -> Floats:
    """How much each of so many inputs counts in the segments of a net with these weights, `(S, D)`."""
    columns, scales = weights["columns"], weights["scales"][:, 0]
    found = np.zeros((len(columns), inputs), np.float32)
    segments, places = np.nonzero(scales)
    found[segments, columns[segments, places]] = scales[segments, places]
    return found


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), np.float32)


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    return np.asarray(0.5 * x * (1.0 + erf(x / np.sqrt(2.0))), np.float32)


_ACTIVATIONS: dict[str, Callable[[Floats], Floats]] = {
    "silu": lambda x: x * _sigmoid(x),
    "gelu": _gelu,
    "relu": lambda x: np.maximum(x, np.float32(0.0)),
    "leaky-relu": lambda x: np.where(x > 0.0, x, np.float32(0.01) * x),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "linear": lambda x: x,
}
