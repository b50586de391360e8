"""Learning labels from rows or frames: what the Trainer's loop draws, measures and shows of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch

from understudy.nodes.learning.state import WEIGHTS, network_arrays
from understudy.nodes.learning.subject import Evidence, Measured, Model
from understudy.nodes.learning.tables import floor as table_floor
from understudy.nodes.learning.tables import recipes as table_recipes
from understudy.nodes.learning.tables import sureness as table_sureness
from understudy.nodes.learning.tables.metrics import figures_of
from understudy.nodes.learning.tables.model import answered, applied, as_table
from understudy.nodes.learning.tables.report import compared, floor_name, thin_classes
from understudy.nodes.learning.tables.samples import DRAWS
from understudy.nodes.learning.tables.splitting import group_numbers
from understudy.nodes.media.tables import pictures
from understudy.nodes.media.tables.columns import listed
from understudy.runtime.randomness import permutation, seed_of, uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor, nn

    from understudy.nodes.learning.tables.floor import Floor
    from understudy.nodes.learning.tables.model import Sureness
    from understudy.nodes.learning.tables.recipes import LabelNetworkNode
    from understudy.nodes.learning.tables.samples import Samples
    from understudy.nodes.learning.tables.targets import Targets
    from understudy.nodes.media.tables.table import Table

    Floats = NDArray[np.float64]

RATE = 2e-3

WEIGHT_DECAY = 0.05

BATCH = 64
"""Rows a step where nobody says how many."""

MOST_MEASURED = 2000
"""Trained rows that are measured for the verdict."""


@dataclass(frozen=True, slots=True)
class LabelData:
    """What a Trainer's wires give.

    Attributes:
        samples: The inputs of every row that has labels.
        labels: The labels of those, in the same order.
        trained: The rows that are trained on.
        held_out: The rows that are measured only.
        how: In words, what is held out.
        identities: Digests of inputs and labels.
    """

    samples: Samples
    labels: Table
    trained: NDArray[np.int64]
    held_out: NDArray[np.int64]
    how: str
    identities: dict[str, dict[str, str]]


class LabelSubject:
    """Rows or frames with labels, as a `Subject`.

    Args:
        data: What the wires give.
        targets: How labels are compared.
        mirrored: `(N, L)`, the labels of rows that are seen in a mirror.
        recipe: The network's recipe.
        seed: Every draw depends on it.
        device: As torch names it.
    """

    precision = "float32"
    rate = RATE
    sheet_interval = 1000
    most_steps: int | None = None
    measured_until: int | None = None

    def __init__(
        self,
        data: LabelData,
        targets: Targets,
        mirrored: Floats,
        recipe: LabelNetworkNode,
        *,
        seed: int,
        device: str,
    ) -> None:
        self.pairs = len(data.trained)
        self.batch_size = min(BATCH, self.pairs)
        self.samples = "rows" if data.samples.takes == "features" else "frames"
        self._data, self._targets, self._recipe = data, targets, recipe
        self._seed, self._device = seed, device
        self._values = data.labels.lines()
        self._wanted = torch.from_numpy(targets.encode(self._values))
        self._mirrored = torch.from_numpy(targets.encode(mirrored))
        self._order = lru_cache(maxsize=4)(self._drawn_order)

    def network(self) -> nn.Module:
        """The recipe's network with starting weights drawn by the seed."""
        seed = seed_of(self._seed, "weights")
        network = table_recipes.build_network(
            self._recipe, self._data.samples.shape, self._targets.outputs, seed
        )
        return network.to(self._device)

    def optimiser(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        """AdamW."""
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=WEIGHT_DECAY)

    def _drawn_order(self, epoch: int) -> NDArray[np.int64]:
        return permutation(self._seed, "order", epoch, self.pairs)

    def _rows(self, step: int, size: int) -> NDArray[np.int64]:
        epochs, positions = np.divmod(np.arange((step - 1) * size, step * size), self.pairs)
        places = [
            self._order(int(epoch))[position] for epoch, position in zip(epochs, positions, strict=True)
        ]
        return self._data.trained[places]

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Encoded inputs `(B, ...)` and labels `(B, S)`."""
        rows = self._rows(step, size)
        draws = uniforms(self._seed, "sample", step, 0, size * DRAWS).reshape(size, DRAWS)
        inputs, turned = self._data.samples.drawn(rows, draws)
        targets = self._wanted[rows]
        targets[turned] = self._mirrored[rows[turned]]
        return inputs, targets

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The mean over the labels, and over the members of an ensemble, of the error."""
        return self._targets.loss(output, target.repeat(len(output) // len(target), 1))

    def described(self, step: int, size: int) -> list[str]:
        """Each sample's group and frame."""
        return [self._data.labels.row_name(row) for row in self._rows(step, size).tolist()]

    def faults(self) -> dict[str, str]:
        """Classes with hardly any rows."""
        thin = thin_classes(self._data.labels.select(self._data.trained))
        return {"thin": thin[0].removesuffix(".")} if thin else {}

    def model(self, network: nn.Module) -> Model:
        """The weights, how inputs and labels are encoded, and how sure the network is."""
        samples = self._data.samples
        shape = table_recipes.description(self._recipe, samples.shape, self._targets.outputs)
        header = {"subject": "tables", "network": shape, "precision": self.precision}
        header |= samples.header() | self._targets.header()
        weights = {WEIGHTS + name: array for name, array in network_arrays(network).items()}
        arrays = weights | samples.arrays() | self._targets.arrays() | self._sureness(network).arrays()
        return Model(header, arrays)

    def _sureness(self, network: nn.Module) -> Sureness:
        data = self._data
        measured = data.held_out if len(data.held_out) else data.trained
        _, trained = self._applied(network, data.trained)
        output, features = self._applied(network, measured)
        return table_sureness.fitted(self._targets, trained, output, features, self._values[measured])

    def _applied(self, network: nn.Module, rows: NDArray[np.int64]) -> tuple[Floats, Floats]:
        return applied(network, lambda some: self._data.samples.plain(rows[some]), len(rows))

    def validate(self, network: nn.Module) -> Measured | None:
        """The held-out rows."""
        if not len(self._data.held_out):
            return None
        return self._measured(self._applied(network, self._data.held_out)[0], self._data.held_out)

    def _measured(self, output: Floats, rows: NDArray[np.int64]) -> Measured:
        loss = table_floor.loss_of(self._targets, output, self._wanted[rows].double().numpy())
        values, chances = self._targets.decode(output)
        figures: dict[str, float] = {}
        for place, column in enumerate(self._targets.columns):
            found = figures_of(column, self._values[rows, place], values[:, place], chances[place])
            several = len(self._targets.columns) > 1
            figures |= {f"{name} of {column.name}" if several else name: one for name, one in found.items()}
        return Measured(loss, figures)

    def evidence(self, network: nn.Module) -> Evidence:
        """What is held out, the floor, and where the data is thin."""
        data, rows = self._data, self._data.trained[:MOST_MEASURED]
        measured = data.held_out if len(data.held_out) else rows
        nothing = np.tile(self._targets.nothing(), (len(measured), 1))
        return Evidence(
            samples=self.samples,
            held_out=data.how,
            sureness=self._against_floor(network),
            same_frames=not data.labels.grouped,
            training=self._measured(self._applied(network, rows)[0], rows),
            knowing_nothing=self._measured(nothing, measured).loss,
            thin=tuple(thin_classes(data.labels.select(data.trained))),
            remedies=("more neurons or layers", "other features"),
            regularisers=("augmentation by jitter", "fewer neurons"),
        )

    @cached_property
    def _floor(self) -> Floor:
        rows = self._data.trained
        groups = group_numbers(self._data.labels.select(rows))
        summary = self._data.samples.select(rows).summary()
        return table_floor.fitted(summary, self._values[rows], self._targets, groups, self._seed)

    @cached_property
    def _floor_measured(self) -> Measured:
        rows = self._data.held_out if len(self._data.held_out) else self._data.trained
        return self._measured(self._floor.output(self._data.samples.select(rows).summary()), rows)

    def _against_floor(self, network: nn.Module) -> str:
        rows = self._data.held_out if len(self._data.held_out) else self._data.trained
        ours = self._measured(self._applied(network, rows)[0], rows)
        return compared(ours, self._floor_measured, floor_name(self._targets.columns))

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Of held-out rows: a confusion matrix or prediction against truth, and the rows most wrong."""
        rows = self._data.held_out if len(self._data.held_out) else self._data.trained
        kind = "held out" if len(self._data.held_out) else "trained on"
        title = f"step {step:,}, {len(rows):,} {self.samples} {kind}"
        truth = self._data.labels.select(rows)
        output, features = self._applied(network, rows)
        answers = answered(self._targets, self._sureness(network), output, features)
        return pictures.sheet(truth, as_table(self._targets, answers, truth), title)

    def preview(self, network: nn.Module) -> Image | None:  # noqa: ARG002 - there is nothing to preview
        """None: the contact sheet shows all there is."""
        return None

    def conclusion(self, network: nn.Module) -> list[str]:  # noqa: ARG002 - the data alone decides
        """Columns that never change; the verdict has the figures."""
        constant = getattr(getattr(self._data.samples, "encoding", None), "constant", [])
        if not constant:
            return []
        return [f"These columns never change, so nothing is learned from them: {listed(constant)}."]

    def identities(self) -> dict[str, dict[str, str]]:
        """The digests of inputs and labels."""
        return self._data.identities
