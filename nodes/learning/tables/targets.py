"""Labels as a network learns them: what it is compared with, by which loss, and what its output means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from understudy.nodes.learning.tables.encoding import CONSTANT
from understudy.nodes.media.tables.columns import column_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from understudy.nodes.media.tables.columns import Column
    from understudy.nodes.media.tables.table import Table

    Floats = NDArray[np.float64]

_PREFIX = "targets/"


@dataclass(frozen=True, slots=True)
class Head:
    """A label column's part of a network's output, and of what it is compared with.

    Attributes:
        column: The label.
        place: Its number among the labels.
        output: Where it lies in the output: one number, one for each category, or sine and cosine.
        target: Where it lies in the targets: one number, or sine and cosine.
    """

    column: Column
    place: int
    output: slice
    target: slice


@dataclass(frozen=True, slots=True)
class Targets:
    """The labels of a model.

    Attributes:
        columns: The L label columns.
        means: `(L,)`, of numbers that were trained on; 0 for others.
        scales: `(L,)`, their deviations; 1 for others.
        shares: For each label the share of each category, false and true, in training; empty for numbers.
        absolute: Whether numbers are compared by absolute error rather than by squared error.
        balanced: Whether every class weighs alike, however many rows it has.
    """

    columns: tuple[Column, ...]
    means: Floats
    scales: Floats
    shares: tuple[Floats, ...]
    absolute: bool = False
    balanced: bool = False

    @classmethod
    def of(cls, table: Table, *, absolute: bool = False, balanced: bool = False) -> Targets:
        """What suits the labels of a table."""
        values = table.lines()
        numbers = np.array([column.kind == "number" for column in table.columns])
        means = np.where(numbers, values.mean(axis=0), 0.0)
        deviations = values.std(axis=0)
        usable = numbers & (deviations > CONSTANT * (np.abs(means) + CONSTANT))
        shares = tuple(_shares(column, values[:, place]) for place, column in enumerate(table.columns))
        return cls(table.columns, means, np.where(usable, deviations, 1.0), shares, absolute, balanced)

    @property
    def heads(self) -> Iterator[Head]:
        """The part of each label."""
        output = target = 0
        for place, column in enumerate(self.columns):
            wide = {"category": len(column.categories), "circular": 2}.get(column.kind, 1)
            narrow = 2 if column.kind == "circular" else 1
            yield Head(column, place, slice(output, output + wide), slice(target, target + narrow))
            output, target = output + wide, target + narrow

    @property
    def outputs(self) -> int:
        """The numbers that the network gives."""
        return max(int(head.output.stop) for head in self.heads)

    def encode(self, values: Floats) -> NDArray[np.float32]:
        """Labels `(n, L)` as what outputs are compared with, `(n, S)`."""
        found = []
        for head in self.heads:
            value = values[:, head.place]
            if head.column.kind == "circular":
                angle = 2.0 * np.pi * value / head.column.period
                found += [np.sin(angle), np.cos(angle)]
            else:
                found.append((value - self.means[head.place]) / self.scales[head.place])
        return np.stack(found, axis=1).astype(np.float32)

    def loss(self, output_BO: Tensor, target_BS: Tensor) -> Tensor:
        """The mean over the labels: cross-entropy of classes, squared or absolute error of the rest."""
        losses = []
        for head in self.heads:
            output, target = output_BO[:, head.output], target_BS[:, head.target]
            if head.column.kind == "category":
                weight = self._weights(head, output)
                losses.append(functional.cross_entropy(output, target[:, 0].long(), weight=weight))
            elif head.column.kind == "boolean":
                weight = self._weights(head, output)
                each = None if weight is None else weight[target[:, 0].long()][:, None]
                losses.append(functional.binary_cross_entropy_with_logits(output, target, weight=each))
            else:
                difference = output - target
                losses.append(difference.abs().mean() if self.absolute else difference.square().mean())
        return torch.stack(losses).mean()

    def _weights(self, head: Head, like: Tensor) -> Tensor | None:
        """What a row of each class counts; classes that are never trained on count nothing."""
        if not self.balanced:
            return None
        shares = self.shares[head.place]
        each = np.where(shares > 0, 1.0 / np.maximum(shares, CONSTANT), 0.0) / max(1, int((shares > 0).sum()))
        return torch.as_tensor(each, dtype=like.dtype, device=like.device)

    def nothing(self) -> Floats:
        """The best output `(outputs,)` that does not look at the input."""
        found = np.zeros(self.outputs)
        for head in self.heads:
            shares = np.maximum(self.shares[head.place], CONSTANT)
            if head.column.kind == "category":
                found[head.output] = 0.0 if self.balanced else np.log(shares)
            elif head.column.kind == "boolean":
                found[head.output] = 0.0 if self.balanced else np.log(shares[1] / shares[0])
        return found

    def decode(
        self, output: Floats, temperatures: Floats | None = None
    ) -> tuple[Floats, list[Floats | None]]:
        """Labels `(n, L)`, and for each label of classes the probabilities `(n, K)`, else None.

        Args:
            output: `(n, outputs)`.
            temperatures: `(L,)`, what outputs for classes are divided by; 1 without.
        """
        values = np.empty((len(output), len(self.columns)))
        chances: list[Floats | None] = []
        for head in self.heads:
            part = output[:, head.output]
            if head.column.kind in ("category", "boolean"):
                part = part if temperatures is None else part / temperatures[head.place]
                chance = _softmax(part) if head.column.kind == "category" else _both(part[:, 0])
                values[:, head.place] = chance.argmax(axis=1)
                chances.append(chance)
                continue
            chances.append(None)
            if head.column.kind == "circular":
                turn = np.arctan2(part[:, 0], part[:, 1]) / (2.0 * np.pi) % 1.0
                values[:, head.place] = turn % 1.0 * head.column.period  # a hair below 0 became 1
            else:
                values[:, head.place] = part[:, 0] * self.scales[head.place] + self.means[head.place]
        return values, chances

    def header(self) -> dict[str, Any]:
        """Plain data that `restored` reads."""
        return {
            "labels": [column.as_dict() for column in self.columns],
            "absolute": self.absolute,
            "balanced": self.balanced,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        found: dict[str, NDArray[Any]] = {_PREFIX + "means": self.means, _PREFIX + "scales": self.scales}
        return found | {f"{_PREFIX}shares {place}": one for place, one in enumerate(self.shares)}

    @classmethod
    def restored(cls, header: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Targets:
        """The labels of a checkpoint."""
        columns = tuple(column_from(one) for one in header["labels"])
        shares = tuple(np.array(tensors[f"{_PREFIX}shares {place}"]) for place in range(len(columns)))
        means, scales = np.array(tensors[_PREFIX + "means"]), np.array(tensors[_PREFIX + "scales"])
        return cls(columns, means, scales, shares, bool(header["absolute"]), bool(header["balanced"]))


def _shares(column: Column, values: Floats) -> Floats:
    if column.kind == "category":
        count = len(column.categories)
    elif column.kind == "boolean":
        count = 2
    else:
        return np.zeros(0)
    return np.bincount(values.astype(np.int64), minlength=count) / len(values)


def _softmax(logits: Floats) -> Floats:
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return found


def _both(logits: Floats) -> Floats:
    """The chances of false and true, `(n, 2)`."""
    true = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return np.stack([1.0 - true, true], axis=1)
