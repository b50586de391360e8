"""What the Trainer's loop needs to train a deformer's net, and what is decided when it has ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.distilling import distilled
from understudy.nodes.learning.deformers.measuring import errors_of
from understudy.nodes.learning.deformers.net_schedule import NetSchedule
from understudy.nodes.learning.deformers.uncertainty import Uncertainty, fit_uncertainty
from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from understudy.nodes.learning.deformers.deformer import Deformer, Predictor
    from understudy.nodes.learning.deformers.measuring import Errors
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.learning.deformers.settings import DeformerSettings
    from understudy.nodes.media.meshes.posed import PosedMeshes

RATE, RATE_DISTILLED, STEPS, BATCH = 3e-3, 1.5e-2, 4000, 64
"""Defaults that measured well: AdamW's rate without and with made-up poses, steps, poses in a batch."""

PREFERRED = 1.05
"""A net with up to this times the best error is taken: it is many times as fast as a kernel, and its size
does not grow with the poses."""

QUICK = 1_000_000
"""A kernel of no more numbers is quick itself, about 0.5 ms for a pose: there a net has to be better."""

_DECAY, _DECAY_DISTILLED = 1.0, 0.1


def usual_rate(settings: DeformerSettings) -> float:
    """AdamW's learning rate where nobody says one."""
    return RATE_DISTILLED if settings.mode == "local" and settings.distilled else RATE


class DeformerTraining:
    """Batches, loss and optimiser of a deformer's net; all of it a function of the seed and the step.

    Attributes:
        prepared: What the net starts from.
        pairs: How many poses an epoch goes through, made-up ones included.
        nothing: The loss of the mean deformation, whatever the controls are.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared
        inputs, targets = prepared.training
        self._distilled = prepared.kernel is not None and prepared.settings.distilled > 0
        if prepared.kernel is not None and self._distilled:
            settings = prepared.settings
            inputs, targets = distilled(
                prepared.kernel, prepared.training, prepared.inputs.groups, settings.distilled, settings.seed
            )
        self.pairs = len(inputs)
        self._inputs, self._targets = _tensor(inputs), _tensor(targets)
        self._held = tuple(_tensor(array) for array in prepared.validation)
        self.loss = local_net.loss_of(prepared)
        with torch.no_grad():
            self.nothing = float(self.loss(torch.zeros_like(self._targets), self._targets))

    def network(self) -> nn.Module:
        """A fresh net; its starting weights depend on the seed only."""
        return local_net.build(self.prepared)

    def optimiser(self, network: nn.Module, rate: float, batch: int = BATCH) -> torch.optim.Optimizer:
        """AdamW, with less decay where made-up poses keep the net from overfitting.

        Args:
            network: The net.
            rate: The learning rate.
            batch: Poses a step, for settings that count in epochs.
        """
        settings = self.prepared.settings
        decay = _DECAY_DISTILLED if self._distilled else _DECAY
        found = local_net.optimiser(network, rate, decay=decay)
        if any(settings.net_epochs) or settings.rate_decay_epochs:
            NetSchedule(found, settings, self.pairs / batch)
        return found

    def rows(self, step: int, size: int) -> list[int]:
        """Which poses a step's batch consists of, from step 1; numbers from N on are made-up poses."""
        return [int(row) for row in self._rows(step, size)]

    def _rows(self, step: int, size: int) -> NDArray[np.int64]:
        epochs, places = np.divmod(np.arange((step - 1) * size, step * size), self.pairs)
        return np.concatenate([self._order(epoch)[places[epochs == epoch]] for epoch in np.unique(epochs)])

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Inputs `(B, D)` and coefficients `(B, S, K)` of a step, from 1."""
        rows = torch.from_numpy(self._rows(step, size))
        return self._inputs[rows], self._targets[rows]

    def validate(self, network: nn.Module) -> float:
        """The loss on the validation poses."""
        network.eval()
        device = next(network.parameters()).device
        inputs, targets = (held.to(device) for held in self._held)
        with torch.no_grad():
            found = float(self.loss(network(inputs), targets))
        network.train()
        return found

    def _order(self, epoch: int) -> NDArray[np.int64]:
        return _order(self.prepared.settings.seed, int(epoch), self.pairs)


@dataclass(frozen=True, slots=True)
class Concluded:
    """What a training ends with.

    Attributes:
        deformer: With the predictor that was best on the validation poses; the net where it comes near that.
        chosen: "ridge", "kernel" or "net".
        percent: Each candidate's rms error on the validation poses, in percent of the diagonal.
        uncertainty: Of the deformer; None where its decoder gives no variances.
    """

    deformer: Deformer
    chosen: str
    percent: dict[str, float]
    uncertainty: Uncertainty | None


def conclude(
    prepared: Prepared,
    validation: PosedMeshes,
    network: nn.Module | None,
    closed_form: Concluded | None = None,
) -> Concluded:
    """Picks the best of ridge, kernel and net on the validation poses, and fits its uncertainty.

    A net need not beat the kernel, see `PREFERRED`; ridge it must.

    Args:
        prepared: What the net started from.
        validation: Poses never trained on.
        network: The trained net; None for closed-form models alone.
        closed_form: What it gave without a net, where that is known: it need not be measured again.
    """
    if closed_form is None:
        predictors: dict[str, Predictor] = {"ridge": prepared.ridge}
        if prepared.kernel is not None:
            predictors["kernel"] = prepared.kernel
        if prepared.before is not None:
            predictors["model begun with"] = prepared.before
        closed_form = _best(prepared, validation, predictors)
    if network is None:
        return closed_form
    assert isinstance(network, local_net.GroupedNet)
    net = prepared.deformer(local_net.numpy_net(network).rounded())
    found = errors_of(net, validation)
    percent = closed_form.percent | {"net": found.percent}
    best = min(closed_form.percent.values())
    quick = prepared.kernel is not None and prepared.kernel.numbers <= QUICK
    if found.percent < min(best if quick else PREFERRED * best, closed_form.percent["ridge"]):
        return _concluded(prepared, validation, net, "net", percent, found)
    figures = closed_form.deformer.figures | {"validation_percent": percent}
    return replace(closed_form, deformer=replace(closed_form.deformer, figures=figures), percent=percent)


def _best(prepared: Prepared, validation: PosedMeshes, predictors: dict[str, Predictor]) -> Concluded:
    deformers = {name: prepared.deformer(predictor) for name, predictor in predictors.items()}
    found = {name: errors_of(deformer, validation) for name, deformer in deformers.items()}
    percent = {name: errors.percent for name, errors in found.items()}
    chosen = min(percent, key=lambda name: percent[name])
    return _concluded(prepared, validation, deformers[chosen], chosen, percent, found[chosen])


def _concluded(
    prepared: Prepared,
    validation: PosedMeshes,
    deformer: Deformer,
    chosen: str,
    percent: dict[str, float],
    found: Errors,
) -> Concluded:
    figures = {"chosen": chosen, "validation_percent": percent, "worst_percent": found.worst_percent}
    deformer = replace(deformer, figures=figures)
    known = hasattr(prepared.decoder, "variances")
    uncertainty = fit_uncertainty(deformer, prepared, validation, found) if known else None
    return Concluded(deformer, chosen, percent, uncertainty)


def _tensor(array: Any) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return permutation(seed, "poses", epoch, count)
