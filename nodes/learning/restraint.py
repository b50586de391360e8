"""Holding weights still: layers for the first steps, or at each step a random part of all weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from understudy.graph.errors import UnderstudyError, nearest
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from torch import Tensor, nn


class Restraint:
    """Which weights a step may move; a pure function of the seed and the step.

    Args:
        network: Its layers are held.
        freeze: The name of the layer up to which, in the order of the network, weights are held; its first
            word may be enough, such as "encoders" for all of them. Empty holds none.
        freeze_steps: For so many steps from the first.
        dropout: Share of the weights that each step leaves where they are, 0 to 1 (Lin et al. 2021,
            "Learning rate dropout").
        seed: What the share is drawn by.

    Raises:
        UnderstudyError: The network has no such layer.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        freeze: str = "",
        freeze_steps: int = 0,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._frozen = _up_to(network, freeze) if freeze and freeze_steps else []
        self._steps, self._dropout, self._seed = freeze_steps, dropout, seed
        self._weights = list(network.parameters()) if dropout else []
        self._before: list[Tensor] = []

    def before(self, step: int) -> None:
        """Called when a step's gradients are there: what is frozen loses its own."""
        if step <= self._steps:
            for weight in self._frozen:
                weight.grad = None
        self._before = [weight.detach().clone() for weight in self._weights]

    def after(self, step: int) -> None:
        """Called when a step is made: what it was not to move goes back."""
        with torch.no_grad():
            for place, (weight, old) in enumerate(zip(self._weights, self._before, strict=True)):
                draws = uniforms(self._seed, "learning-rate dropout", step, place, weight.numel())
                held = torch.from_numpy(draws < self._dropout).view(weight.shape).to(weight.device)
                weight.copy_(torch.where(held, old, weight))
        self._before = []


def _up_to(network: nn.Module, freeze: str) -> list[nn.Parameter]:
    named = list(network.named_parameters())
    mine = [place for place, (name, _) in enumerate(named) if name == freeze or name.startswith(f"{freeze}.")]
    if not mine:
        layers = list(dict.fromkeys(name.rpartition(".")[0] for name, _ in named))
        words = [*dict.fromkeys(layer.partition(".")[0] for layer in layers)]
        close = nearest(freeze, [*layers, *words])
        hint = f'Did you mean "{close}"?' if close else f"Its layers are {', '.join(words)}."
        raise UnderstudyError(f'The network has no layer "{freeze}". {hint}')
    return [weight for _, weight in named[: mine[-1] + 1]]
