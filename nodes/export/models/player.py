"""Plays a deformer from its folder, with nothing but numpy: a reference for players in other languages.

    deltas = Player.read("head.mldf").deltas(inputs)

Or from a shell, with inputs `(B, D)` and deltas `(B, V, 3)` as .npy: python player.py inputs.npy deltas.npy
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]
    Arrays = dict[str, Array]

_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "silu": lambda x: x * 0.5 * (1.0 + np.tanh(0.5 * x)),
    "gelu": lambda x: 0.5 * x * (1.0 + np.vectorize(math.erf, otypes=[np.float32])(x / math.sqrt(2.0))),
    "relu": lambda x: np.maximum(x, 0.0),
    "leaky-relu": lambda x: np.where(x > 0.0, x, 0.01 * x),
    "tanh": np.tanh,
    "sigmoid": lambda x: 0.5 * (1.0 + np.tanh(0.5 * x)),
    "linear": lambda x: x,
}


class Player:
    """A deformer: from values of controls and joint rotations to a delta for every vertex."""

    def __init__(self, told: dict[str, Any], numbers: Arrays, bases: list[Arrays]) -> None:
        self.told, self.numbers, self.bases = told, numbers, bases

    @classmethod
    def read(cls, folder: Path | str) -> Player:
        """The deformer in a folder."""
        told = json.loads((Path(folder) / "metadata.json").read_text(encoding="utf-8"))
        files = sorted((Path(folder) / "bases").glob("*.npz"))
        bases = [dict(np.load(file)) for file in files]
        return cls(told, dict(np.load(Path(folder) / "predictor.npz")), bases)

    def deltas(self, inputs: Array) -> Array:
        """Inputs `(B, D)` in the order of `controlDefinitions` to deltas `(B, V, 3)`."""
        numbers = self.numbers
        if self.told["understudy"]["clamp"]:
            inputs = np.clip(inputs, numbers["least"], numbers["most"])
        x = ((inputs - numbers["mean"]) / numbers["deviation"]).astype(np.float32)
        coefficients = getattr(self, "_" + self.told["understudy"]["predictor"])(x)
        found = np.zeros((len(x), self.told["deltaCount"], 3), np.float32)
        for segment, basis in enumerate(self.bases):
            rows = coefficients[segment]
            if "shapes" in basis:
                shapes = basis["shapes"].reshape(len(basis["shapes"]), -1)
                rows = rows[:, : len(shapes)] @ shapes + basis["mean"].ravel()
            found[:, basis["vertices"]] += rows.reshape(len(x), -1, 3)
        return found

    def _ridge(self, x: Array) -> Array:
        """Coefficients `(S, B, K)`."""
        found: Array = x @ self.numbers["weights"] + self.numbers["bias"][:, None]
        return found

    def _kernel(self, x: Array) -> Array:
        n = self.numbers
        found: Array = x @ n["ridge_weights"] + n["ridge_bias"][:, None]
        for segment in np.flatnonzero(n["kept"]):
            used = n["scales"][segment] > 0.0
            scale = n["scales"][segment, used].astype(np.float64)
            here, poses = x[:, used] * scale, n["poses"][:, used] * scale
            far = (here**2).sum(1)[:, None] + (poses**2).sum(1) - 2.0 * here @ poses.T
            found[segment] = np.exp(-far) @ n["weights"][segment] + n["bias"][segment]
        return found

    def _net(self, x: Array) -> Array:
        n, bent = self.numbers, _ACTIVATIONS[self.told["understudy"]["activation"]]
        seen = x[:, n["columns"]].transpose(1, 0, 2)
        last = sum(name.startswith("matrices.") for name in n) - 1
        hidden = seen * n["scales"]
        for layer in range(last):
            hidden = bent(hidden @ n[f"matrices.{layer}"] + n[f"biases.{layer}"])
        left = hidden @ n[f"matrices.{last}"] + n[f"biases.{last}"]
        found: Array = seen @ n["ridge"] + n["ridge_bias"] + left * n["size"]
        return found


if __name__ == "__main__":
    values = np.load(sys.argv[1])
    np.save(sys.argv[2], Player.read(Path(__file__).parent).deltas(values))
