"""A trained model of labels: from rows or frames to classes and numbers, each with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.encoding import Encoding
from understudy.nodes.learning.state import load_network, weights_of
from understudy.nodes.learning.tables.encoding import RowEncoding
from understudy.nodes.learning.tables.recipes import restore_network
from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.tables.columns import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from understudy.nodes.media.tables.table import Table
    from understudy.runtime.runs.container import Container

    Floats = NDArray[np.float64]

BLOCK = 1024
"""Rows that are computed at once."""

_PREFIX = "sureness/"


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a network's answers are.

    For numbers it is a last-layer Laplace approximation (MacKay 1992): rows unlike those trained on are less
    sure. For classes it is a temperature (Guo et al. 2017). Both are scaled by held-out rows.

    Attributes:
        covariance: `(F + 1, F + 1)`, the inverse of the features' second moments over the trained rows.
        sizes: `(L,)`, the error of numbers for a row like the trained ones, in their units, or of a circle.
        temperatures: `(L,)`, what outputs for classes are divided by.
    """

    covariance: Floats
    sizes: Floats
    temperatures: Floats

    def spread(self, features: Floats) -> Floats:
        """How much further off than usual each row may be, `(n,)`, from 1."""
        with_one = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        leverage: Floats = np.einsum("nf,fg,ng->n", with_one, self.covariance, with_one)
        return np.asarray(np.sqrt(1.0 + leverage))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        names = ("covariance", "sizes", "temperatures")
        return {_PREFIX + name: getattr(self, name) for name in names}

    @classmethod
    def restored(cls, tensors: Any) -> Sureness:
        """That of a checkpoint."""
        return cls(*(np.array(tensors[_PREFIX + name]) for name in ("covariance", "sizes", "temperatures")))


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of rows.

    Attributes:
        values: `(n, L)`, the labels: numbers, 0 or 1, places of categories.
        chances: For each label of classes the probabilities `(n, K)`, else None.
        uncertainty: `(n, L)`: for numbers how far off they may be (one deviation, in their units), for
            classes the probability that it is another one.
    """

    values: Floats
    chances: list[Floats | None]
    uncertainty: Floats


@dataclass(slots=True)
class TableModel:
    """A network, how its inputs are encoded, and what its outputs mean.

    Attributes:
        network: From encoded inputs to outputs.
        inputs: How rows are encoded; None where it takes frames.
        pixels: How frames are encoded, None where it takes rows.
        channels: The channels it takes of frames.
        resolution: Width and height that it takes of frames, in pixels.
        sees: What it sees of frames: "colours", "brightness", "contrast" or "edges".
        targets: Its labels.
        sureness: How sure it is.
    """

    network: nn.Module
    inputs: RowEncoding | None
    pixels: Encoding | None
    channels: tuple[str, ...]
    resolution: int
    sees: str
    targets: Targets
    sureness: Sureness

    @classmethod
    def from_container(cls, container: Container, path: str) -> TableModel:
        """The model in a `.cat`.

        Raises:
            FormatError: It is a checkpoint of something else, or its parts don't fit together.
        """
        header, tensors = container.header, container.tensors
        if header.get("subject") != "tables":
            raise FormatError(
                path, f"this is a model of {header.get('subject', 'something else')}, and rows were given"
            )
        try:
            network = restore_network(header["network"])
            load_network(network, weights_of(tensors))
            of_rows = header["takes"] == "features"
            return cls(
                network.eval(),
                RowEncoding.restored(header, tensors) if of_rows else None,
                None if of_rows else Encoding.from_dict(header["encoding"]),
                () if of_rows else tuple(header["channels"]),
                0 if of_rows else int(header["resolution"]),
                "" if of_rows else str(header["sees"]),
                Targets.restored(header, tensors),
                Sureness.restored(tensors),
            )
        except (KeyError, TypeError, ValueError, UnderstudyError) as error:
            raise FormatError(path, f"the checkpoint does not hold a usable model: {error}") from error

    def answers(self, inputs: Callable[[NDArray[np.int64]], Tensor], count: int) -> Answers:
        """What it says of `count` inputs, a block at a time.

        Args:
            inputs: Gives the encoded inputs of some rows.
            count: The number of rows.
        """
        output, features = applied(self.network, inputs, count)
        return answered(self.targets, self.sureness, output, features)


def applied(
    network: nn.Module, inputs: Callable[[NDArray[np.int64]], Tensor], count: int
) -> tuple[Floats, Floats]:
    """Outputs `(count, O)` and features `(count, F)` of a network, a block at a time."""
    before = network.training
    network.eval()
    device = next(network.parameters()).device
    outputs, features = [], []
    with torch.no_grad():
        for start in range(0, count, BLOCK):
            rows = np.arange(start, min(start + BLOCK, count))
            seen = network.features(inputs(rows).to(device))  # type: ignore[operator]
            features.append(seen.double().cpu().numpy())
            outputs.append(network.head(seen).double().cpu().numpy())  # type: ignore[operator]
    network.train(before)
    return np.concatenate(outputs), np.concatenate(features)


def answered(targets: Targets, sureness: Sureness, output: Floats, features: Floats) -> Answers:
    """What outputs and features of rows say."""
    values, chances = targets.decode(output, sureness.temperatures)
    uncertainty = sureness.spread(features)[:, None] * sureness.sizes
    for place, chance in enumerate(chances):
        if chance is not None:
            uncertainty[:, place] = 1.0 - chance.max(axis=1)
    return Answers(values, chances, uncertainty)


def as_table(targets: Targets, answers: Answers, rows: Table) -> Table:
    """The labels, then probabilities and how sure each is, for each row."""
    columns, values = list(targets.columns), [answers.values]
    for place, column in enumerate(targets.columns):
        chance = answers.chances[place]
        if chance is not None:
            names = column.categories or ("false", "true")
            columns += [Column(f"{column.name}={name}", "number") for name in names]
            values.append(chance)
        columns.append(Column(f"{column.name} uncertainty", "number"))
        values.append(answers.uncertainty[:, place : place + 1])
    return replace(
        rows,
        columns=tuple(columns),
        values=np.concatenate(values, axis=1),
        starts=np.arange(len(rows)),
        length=1,
        mirror=None,
        outputs=len(targets.columns),
    )
