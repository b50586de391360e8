"""Muon: gradient steps whose inner matrices are orthogonalised (Jordan et al. 2024).

A convolution's weight is seen as a matrix (out, in x k x k). Its momentum is replaced by the nearest
orthogonal matrix, so that every direction learns at one speed; against AdamW at its best rate this gave IoU
0.96 against 0.92 in the same time. What is no inner matrix (first and last layers, biases) is trained by
AdamW.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import (
    Tensor,
    _foreach_add_,
    _foreach_addcdiv_,
    _foreach_div,
    _foreach_lerp,
    _foreach_lerp_,
    _foreach_mul,
    _foreach_mul_,
    _foreach_sqrt,
    nn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOMENTUM = 0.95
BETAS = (0.9, 0.99)
NEWTON_SCHULZ_STEPS = 5
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""The quintic of Jordan et al.: it takes singular values in (0, 1] to about 1 in five steps."""


class Muon(torch.optim.Optimizer):
    """Muon for inner matrices and AdamW for everything else, at one rate.

    Its state is tensors only: for each inner matrix `momentum`, for every other parameter `mean` and
    `square`, and for all of them `steps`.

    Args:
        network: Its parameters are trained. Where it has an attribute `outer`, parameters whose names begin
            with one of these words are trained by AdamW; else those of its first and last layer are.
        rate: Learning rate; the loop changes each group's `lr` at every step.
        decay: Weight decay of matrices, decoupled, times the rate.
    """

    def __init__(self, network: nn.Module, *, rate: float = 2e-3, decay: float = 0.01) -> None:
        inner = inner_names(network)
        groups = {
            "inner": [p for name, p in network.named_parameters() if name in inner],
            "outer": [p for name, p in network.named_parameters() if name not in inner],
        }
        defaults = {"lr": rate, "weight_decay": decay}
        super().__init__([{"params": p, "kind": kind} for kind, p in groups.items() if p], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step along the gradients that are there; parameters without one stay as they are.

        Args:
            closure: Computes the gradients first, as torch's own optimisers let it.

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["kind"] == "inner":
                self._step_inner(parameters, group["lr"], group["weight_decay"])
            else:
                self._step_outer(parameters, group["lr"], group["weight_decay"])
        return loss

    def _step_inner(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        momenta = [self._state(p, "momentum")["momentum"] for p in parameters]
        _foreach_lerp_(momenta, gradients, 1.0 - MOMENTUM)
        nesterov = _foreach_lerp(gradients, momenta, MOMENTUM)
        _foreach_mul_(list[Tensor](parameters), 1.0 - rate * decay)
        updates = orthogonalised([direction.flatten(1) for direction in nesterov])
        for parameter, update in zip(parameters, updates, strict=True):
            rows, columns = update.shape
            scale = 0.2 * math.sqrt(max(rows, columns)) * math.sqrt(max(1.0, rows / columns))
            parameter.add_(update.view(parameter.shape), alpha=-rate * scale)

    def _step_outer(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        states = [self._state(p, "mean", "square") for p in parameters]
        means, squares = [state["mean"] for state in states], [state["square"] for state in states]
        _foreach_lerp_(means, gradients, 1.0 - BETAS[0])
        _foreach_lerp_(squares, _foreach_mul(gradients, gradients), 1.0 - BETAS[1])
        corrections = [1.0 - BETAS[1] ** float(state["steps"]) for state in states]
        deviations = _foreach_sqrt(_foreach_div(squares, corrections))
        _foreach_add_(deviations, 1e-8)
        _foreach_mul_([p for p in parameters if p.ndim > 1], 1.0 - rate * decay)
        scales = [-rate / (1.0 - BETAS[0] ** float(state["steps"])) for state in states]
        _foreach_addcdiv_(list[Tensor](parameters), means, deviations, scales)

    def _state(self, parameter: nn.Parameter, *kinds: str) -> dict[str, Tensor]:
        """The parameter's averages, begun with zeros, its step counted."""
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state.update({kind: torch.zeros_like(parameter) for kind in kinds})
            state["steps"] = torch.zeros((), dtype=torch.float64)
        state["steps"] += 1
        return state


def inner_names(network: nn.Module) -> set[str]:
    """The parameters that Muon trains: matrices that are neither of the first nor of the last layer."""
    matrices = [name for name, p in network.named_parameters() if p.ndim > 1]
    outer = getattr(network, "outer", None)
    if outer is None:
        return set(matrices[1:-1])
    return {name for name in matrices if not name.startswith(tuple(outer))}


def orthogonalised(matrices: list[Tensor]) -> list[Tensor]:
    """The matrix nearest to each that has equal singular values near 1, by Newton-Schulz iteration.

    The iteration is run on the Gram matrix of the smaller side, which gives the same polynomial at half the
    cost: X' = Q X, where Q is the product of the quintic's factors. Matrices whose smaller sides are equal
    are computed in one call.

    Args:
        matrices: `(M, N)` each, any scale.
    """
    wide = [matrix.mT if len(matrix) > matrix.shape[1] else matrix for matrix in matrices]
    factors: dict[int, Tensor] = {}
    for places in _by_height(wide):
        grams = torch.stack([wide[place] @ wide[place].mT for place in places])
        norms = grams.diagonal(dim1=1, dim2=2).sum(1).sqrt().add_(1e-7).view(-1, 1, 1)
        products = _newton_schulz(grams / norms.square()) / norms
        factors.update(zip(places, products, strict=True))
    found = [factors[place] @ matrix for place, matrix in enumerate(wide)]
    return [x.mT if len(m) > m.shape[1] else x for x, m in zip(found, matrices, strict=True)]


def _newton_schulz(gram_BMM: Tensor) -> Tensor:
    """The matrices Q that orthogonalise the X of norm 1 whose Gram matrices X X' are given."""
    a, b, c = NEWTON_SCHULZ
    product = None
    for _ in range(NEWTON_SCHULZ_STEPS):
        factor = torch.baddbmm(gram_BMM, gram_BMM, gram_BMM, beta=b, alpha=c)
        factor.diagonal(dim1=1, dim2=2).add_(a)
        product = factor if product is None else torch.bmm(factor, product)
        gram_BMM = torch.bmm(torch.bmm(factor, gram_BMM), factor)
    assert product is not None
    return product


def clip_gradients(parameters: Iterable[nn.Parameter], largest: float = 1.0) -> float:
    """Scales all gradients so that their joint norm is at most `largest`; returns the norm before.

    The norm is not finite where a gradient is not: look before stepping.
    """
    return float(nn.utils.clip_grad_norm_(parameters, largest, foreach=True))


def _by_height(matrices: list[Tensor]) -> list[list[int]]:
    """The places of matrices with equally many rows together."""
    groups: dict[int, list[int]] = {}
    for place, matrix in enumerate(matrices):
        groups.setdefault(len(matrix), []).append(place)
    return list(groups.values())
