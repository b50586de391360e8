"""Learning a deformation from poses: what the Trainer's loop draws, measures and shows of it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from understudy.nodes.learning.deformers.local import LocalRidge
from understudy.nodes.learning.deformers.local_net import numpy_net
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.training import (
    BATCH,
    Concluded,
    DeformerTraining,
    conclude,
    usual_rate,
)
from understudy.nodes.learning.meshes import pictures as mesh_pictures
from understudy.nodes.learning.meshes import recipes as deformer_recipes
from understudy.nodes.learning.meshes import report as mesh_report
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.learning.state import WEIGHTS, network_arrays
from understudy.nodes.learning.subject import Evidence, Measured, Model
from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes
    from understudy.nodes.learning.meshes.recipes import DeformerNode
    from understudy.nodes.media.meshes.posed import PosedMeshes

LEARNED = 0.5
"""A training loss of half of ridge's counts as learned."""

NEARLY_ALL = 0.01
"""So does one that left a hundredth of the deformation: with few poses ridge leaves next to nothing."""

SMALL = 0.25
"""A held-out error under this share of the mean deformation's is small."""

SHEET_ROWS = 3
"""Held-out poses on a training's contact sheet."""


@dataclass(frozen=True, slots=True)
class MeshData:
    """What a Trainer's wires give.

    Attributes:
        training: The poses that are trained on.
        held_out: Poses that are measured only.
        preview: Animation of which one pose is shown, and whose poses are ranked; None where there is none.
        basis: Principal shapes to learn coefficients of; None where the deformer finds its own.
        identities: The digest of each file, by input and name.
        before: The model to go on from; None to begin anew.
        emphasis: Of its net, see `Prepared`; None where it has none.
    """

    training: PosedMeshes
    held_out: PosedMeshes
    preview: PosedMeshes | None
    basis: PrincipalShapes | None
    identities: dict[str, dict[str, str]]
    before: Deformer | None = None
    emphasis: NDArray[np.float32] | None = None


class MeshSubject:
    """Poses as a `Subject`. What has a closed form is prepared when the network is first asked for.

    Args:
        data: What the wires give.
        recipe: How the deformation is learned.
        seed: Every draw depends on it.
        device: As torch names it.
        progress: Called with what is being prepared.
        batch: Poses a step; None for as many as suit the recipe.
    """

    precision = "float32"
    sheet_interval = 1000
    samples = "poses"
    measured_until: int | None = None

    def __init__(
        self,
        data: MeshData,
        recipe: DeformerNode,
        *,
        seed: int,
        device: str,
        progress: Callable[[str], None],
        batch: int | None = None,
    ) -> None:
        self.pairs = len(data.training)
        settings = recipe.settings(seed)
        self.rate, divider = usual_rate(settings), settings.batch_divider
        usual = max(1, self.pairs // divider) if divider else min(BATCH, self.pairs)
        self.batch_size = usual if batch is None else batch
        self.most_steps = None if recipe.trains else 1
        self._data, self._recipe, self._seed, self._device = data, recipe, seed, device
        self._progress = progress
        self._concluded: tuple[str, Concluded] | None = None

    @cached_property
    def _prepared(self) -> Prepared:
        data, settings = self._data, self._recipe.settings(self._seed)
        return prepare(
            data.training, data.held_out, settings, self._progress, data.basis, data.before, data.emphasis
        )

    @cached_property
    def _drawn(self) -> DeformerTraining:
        return DeformerTraining(self._prepared)

    @cached_property
    def _closed_form(self) -> Concluded:
        return conclude(self._prepared, self._data.held_out, None)

    def network(self) -> nn.Module:
        """The recipe's net with starting weights drawn by the seed."""
        network = self._drawn.network() if self._recipe.trains else _ClosedForm(self._prepared)
        return network.to(self._device)

    def optimiser(self, network: nn.Module, rate: float) -> torch.optim.Optimizer:
        """AdamW with strong decay."""
        return self._drawn.optimiser(network, rate, self.batch_size)

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Standardised inputs `(B, D)` and coefficients `(B, S, K)`."""
        return self._drawn.batch(step, size)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Squared error over that of ridge: 1 is as good as the floor."""
        return self._drawn.loss(output, target)

    def described(self, step: int, size: int) -> list[str]:
        """Each sample's frame and clip, or that it was made up."""
        rows = self._drawn.rows(step, size)
        named = mesh_report.pose_names(self._data.training)
        return [named[row] if row < self.pairs else f"made-up pose {row - self.pairs + 1}" for row in rows]

    def model(self, network: nn.Module) -> Model:
        """The best of ridge, kernel and net with its uncertainty; the net's weights, to begin with again."""
        concluded = self._conclude(network)
        model = MeshModel(concluded.deformer, concluded.uncertainty)
        header = model.header() | {
            "network": deformer_recipes.description(self._recipe),
            "precision": self.precision,
        }
        weights = {WEIGHTS + name: array for name, array in network_arrays(network).items()}
        return Model(header, model.arrays() | weights)

    def _conclude(self, network: nn.Module) -> Concluded:
        """Measured once for the same weights: a best checkpoint may be a regular one too."""
        digest = hashlib.sha256()
        for array in network_arrays(network).values():
            digest.update(array.tobytes())
        key = digest.hexdigest()
        if self._concluded is None or self._concluded[0] != key:
            trained = network if self._recipe.trains else None
            measured = conclude(self._prepared, self._data.held_out, trained, self._closed_form)
            self._concluded = (key, measured)
        return self._concluded[1]

    def faults(self) -> dict[str, str]:
        """None: the DataSource looks through poses as it reads them."""
        return {}

    def validate(self, network: nn.Module) -> Measured | None:
        """The net's loss on the held-out poses, and its vertex error on some of them."""
        loss = self._drawn.validate(network)
        return Measured(loss, mesh_report.vertex_errors(self._deformer(network), self._data.held_out))

    def evidence(self, network: nn.Module) -> Evidence:
        """How the model that is kept, the best of ridge, kernel and net, does on both sides of the split."""
        deformer, held_out = self._conclude(network).deformer, self._data.held_out
        still = mesh_report.vertex_errors(self._prepared.deformer(_still(self._prepared.ridge)), held_out)
        nothing = self._drawn.nothing
        thin = mesh_report.thin_controls(deformer, self._data.training, held_out)
        return Evidence(
            samples="poses",
            held_out=f"{len(held_out):,} poses",
            training=Measured(math.nan, mesh_report.vertex_errors(deformer, self._data.training)),
            kept=Measured(math.nan, mesh_report.vertex_errors(deformer, held_out)),
            thin=tuple(f"Too few poses for {one}." for one in thin[: mesh_report.SHOWN]),
            small=SMALL * next(iter(still.values())),
            knowing_nothing=nothing,
            good=max(LEARNED, NEARLY_ALL * nothing),
        )

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Three held-out poses: groundtruth, output, error."""
        poses = self._data.held_out
        shown = sorted(permutation(self._seed, "contact sheet", step, len(poses))[:SHEET_ROWS].tolist())
        return mesh_pictures.training_sheet(self._deformer(network), poses, shown, f"step {step:,}")

    def preview(self, network: nn.Module) -> Image | None:
        """The pose in the middle of the preview's animation, from three sides."""
        if self._data.preview is None:
            return None
        return mesh_pictures.preview(self._deformer(network), self._data.preview)

    def _deformer(self, network: nn.Module) -> Deformer:
        if isinstance(network, _ClosedForm):
            return self._prepared.deformer(network.predictor)
        return self._prepared.deformer(numpy_net(network))  # type: ignore[arg-type]

    def conclusion(self, network: nn.Module) -> list[str]:
        """Errors of ridge, kernel and net, controls with the largest, and which poses to capture next."""
        concluded = self._conclude(network)
        data = self._data
        report = mesh_report.sentences(concluded, data.training, data.held_out, data.preview)
        known = self._data.training.notes  # the DataSource told these
        return [*(note for note in self._prepared.notes if note not in known), *report]

    def identities(self) -> dict[str, dict[str, str]]:
        """The digest of each file, by input and name."""
        return self._data.identities


class _ClosedForm(nn.Module):
    """A kernel, or ridge, in the place of a net; its one weight does nothing."""

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        self.predictor = prepared.kernel or prepared.ridge
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, inputs_BD: Tensor) -> Tensor:
        """Coefficients `(B, S, K)`."""
        found = torch.from_numpy(self.predictor.predict(inputs_BD.detach().cpu().numpy()))
        return found.to(inputs_BD.device) + 0.0 * self.unused


def _still(ridge: LocalRidge) -> LocalRidge:
    """The mean deformation, whatever the controls are: what knowing nothing would give."""
    return LocalRidge(np.zeros_like(ridge.weights), np.zeros_like(ridge.bias))
