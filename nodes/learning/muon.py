"""Muon: gradient steps whose inner matrices are orthogonalised (Jordan et al. 2024).

A convolution's weight is seen as a matrix (out, in x k x k). Its momentum is replaced by the nearest
orthogonal matrix, so that every direction learns at one speed; against AdamW at its best rate this gave IoU
0.96 against 0.92 in the same time. What is no inner matrix (first and last layers, biases) is trained by
AdamW.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOMENTUM = 0.95
BETAS = (0.9, 0.99)
NEWTON_SCHULZ_STEPS = 5
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""The quintic of Jordan et al.: it takes singular values in (0, 1] to about 1 in five steps."""


class Muon(torch.optim.Optimizer):
    """Muon for inner matrices and AdamW for everything else, at one rate.

    Args:
        network: Its parameters are trained. Where it has an attribute `outer`, parameters whose names begin
            with one of these words are trained by AdamW; else those of its first and last layer are.
        rate: Learning rate; `set_rate` changes it at every step.
        decay: Weight decay of matrices, decoupled, times the rate.
    """

    def __init__(self, network: nn.Module, *, rate: float = 2e-3, decay: float = 0.01) -> None:
        self.names = {parameter: name for name, parameter in network.named_parameters()}
        inner = inner_names(network)
        groups = {
            "inner": [p for p, name in self.names.items() if name in inner],
            "outer": [p for p, name in self.names.items() if name not in inner],
        }
        defaults = {"lr": rate, "weight_decay": decay}
        super().__init__([{"params": p, "kind": kind} for kind, p in groups.items() if p], defaults)

    def set_rate(self, rate: float) -> None:
        """The learning rate from now on."""
        for group in self.param_groups:
            group["lr"] = rate

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch calls it so
        """One step along the gradients that are there; parameters without one stay as they are."""
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["kind"] == "inner":
                self._step_inner(parameters, group["lr"], group["weight_decay"])
            else:
                self._step_outer(parameters, group["lr"], group["weight_decay"])

    def _step_inner(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        for same in _by_shape(parameters):
            directions = torch.stack([self._nesterov(p).flatten(1) for p in same])
            rows, columns = directions.shape[1:]
            scale = 0.2 * math.sqrt(max(rows, columns)) * math.sqrt(max(1.0, rows / columns))
            updates = orthogonalised(directions)
            for parameter, update in zip(same, updates, strict=True):
                parameter.mul_(1.0 - rate * decay)
                parameter.add_(update.view(parameter.shape), alpha=-rate * scale)

    def _nesterov(self, parameter: nn.Parameter) -> Tensor:
        gradient = parameter.grad
        assert gradient is not None
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(gradient, memory_format=torch.contiguous_format)
        state["momentum"].lerp_(gradient, 1.0 - MOMENTUM)
        return gradient.lerp(state["momentum"], MOMENTUM)

    def _step_outer(self, parameters: list[nn.Parameter], rate: float, decay: float) -> None:
        for parameter in parameters:
            gradient = parameter.grad
            assert gradient is not None
            state = self.state[parameter]
            if not state:
                state["mean"] = torch.zeros_like(gradient, memory_format=torch.contiguous_format)
                state["square"] = torch.zeros_like(gradient, memory_format=torch.contiguous_format)
                state["steps"] = torch.zeros((), dtype=torch.float64)
            state["steps"] += 1
            steps = float(state["steps"])
            state["mean"].lerp_(gradient, 1.0 - BETAS[0])
            state["square"].lerp_(gradient.square(), 1.0 - BETAS[1])
            mean = state["mean"] / (1.0 - BETAS[0] ** steps)
            deviation = (state["square"] / (1.0 - BETAS[1] ** steps)).sqrt_().add_(1e-8)
            if parameter.ndim > 1:
                parameter.mul_(1.0 - rate * decay)
            parameter.addcdiv_(mean, deviation, value=-rate)

    def named_state(self) -> dict[str, Tensor]:
        """All that resuming needs, as tensors: `<parameter>.momentum`, or `.mean`, `.square` and `.steps`."""
        return {
            f"{name}.{key}": value
            for parameter, name in self.names.items()
            for key, value in self.state.get(parameter, {}).items()
        }

    def load_named_state(self, state: Mapping[str, Tensor]) -> None:
        """Goes on from what `named_state` gave.

        Raises:
            ValueError: A tensor belongs to no parameter or has another shape than its parameter.
        """
        parameters = {name: parameter for parameter, name in self.names.items()}
        for key, tensor in state.items():
            name, _, kind = key.rpartition(".")
            if name not in parameters or (kind != "steps" and tensor.shape != parameters[name].shape):
                raise ValueError(
                    f"The optimiser's state holds {key}, which fits no parameter of this network."
                )
        self.state.clear()
        for key, tensor in state.items():
            name, _, kind = key.rpartition(".")
            parameter = parameters[name]
            device = "cpu" if kind == "steps" else parameter.device
            self.state[parameter][kind] = tensor.detach().clone().to(device)


def inner_names(network: nn.Module) -> set[str]:
    """The parameters that Muon trains: matrices that are neither of the first nor of the last layer."""
    matrices = [name for name, p in network.named_parameters() if p.ndim > 1]
    outer = getattr(network, "outer", None)
    if outer is None:
        return set(matrices[1:-1])
    return {name for name in matrices if not name.startswith(tuple(outer))}


def orthogonalised(matrices_BMN: Tensor) -> Tensor:
    """The matrix nearest to each that has equal singular values near 1, by Newton-Schulz iteration.

    The iteration is run on the Gram matrix of the smaller side, which gives the same polynomial at half
    the cost: X' = Q X, where Q is the product of the quintic's factors.

    Args:
        matrices_BMN: `(B, M, N)`, any scale.
    """
    a, b, c = NEWTON_SCHULZ
    x = matrices_BMN.float()
    tall = x.shape[1] > x.shape[2]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    gram = x @ x.mT
    identity = torch.eye(gram.shape[1], device=x.device)
    product = identity.expand_as(gram)
    for _ in range(NEWTON_SCHULZ_STEPS):
        factor = a * identity + b * gram + c * (gram @ gram)
        product = factor @ product
        gram = factor @ gram @ factor
        gram = 0.5 * (gram + gram.mT)
    result: Tensor = product @ x
    return result.mT if tall else result


def clip_gradients(parameters: Iterable[nn.Parameter], largest: float = 1.0) -> float:
    """Scales all gradients so that their joint norm is at most `largest`; returns the norm before.

    The norm is not finite where a gradient is not: look before stepping.
    """
    return float(nn.utils.clip_grad_norm_(parameters, largest, foreach=True))


def _by_shape(parameters: list[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Parameters of equal matrix shape together, so that they are orthogonalised in one call."""
    groups: dict[tuple[int, int], list[nn.Parameter]] = {}
    for parameter in parameters:
        groups.setdefault((parameter.shape[0], parameter[0].numel()), []).append(parameter)
    return list(groups.values())
