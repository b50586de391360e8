"""A small net for each segment, all of them in one batched matrix product a layer.

With one segment it is the global net of Maya's ML Deformer; with two, the two nets of Golaem's form.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from understudy.nodes.learning.deformers.net import NumpyNet
from understudy.runtime.randomness import seed_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.preparing import Prepared

_LAST_INIT = 0.3

# B samples, D inputs, S segments, W inputs that a segment sees, H neurons, K coefficients, E members


class GroupedNet(nn.Module):
    """Standardised inputs `(B, D)` to coefficients `(B, S, K)`: frozen ridge plus a net for what it leaves.

    With several members each learns on its own, from starting weights of its own: in training they give
    `(E, B, S, K)`, else their mean. Weights are `(E S, ...)`, one member after the other.

    Args:
        prepared: Gives inputs, ridge, relevance and knobs.
    """

    columns: torch.Tensor
    scales: torch.Tensor
    ridge: torch.Tensor
    ridge_bias: torch.Tensor
    size: torch.Tensor

    def __init__(self, prepared: Prepared) -> None:
        super().__init__()
        settings = prepared.settings
        self.activation, self.dropout, self.members = settings.activation, settings.dropout, settings.members
        columns_SW, scales_S1W = _seen(prepared)
        weights, bias = prepared.below.weights, prepared.below.bias
        ridge_SWK = np.take_along_axis(weights, columns_SW[:, :, None], axis=1) * (
            scales_S1W[:, 0, :, None] > 0
        )
        floor = np.float32(settings.ridge_floor)
        size = float(np.sqrt(np.square(_left(prepared)).sum(axis=(1, 2)).mean() / prepared.ridge.bias.size))
        self._keep("columns", columns_SW)
        self._keep("scales", scales_S1W)
        self._keep("ridge", ridge_SWK * floor)
        self._keep("ridge_bias", bias[:, None] * floor)
        self._keep("size", np.float32(max(size, 1e-12)))
        widths = [columns_SW.shape[1], *[settings.neurons] * settings.layers, bias.shape[1]]
        generator = torch.Generator().manual_seed(seed_of(settings.seed, "deformer weights"))
        self.matrices, self.biases = nn.ParameterList(), nn.ParameterList()
        for layer, (before, after) in enumerate(pairwise(widths)):
            nets = settings.members * len(bias)
            start = torch.randn(nets, before, after, generator=generator) / before**0.5
            last = layer == settings.layers
            if last:
                start *= _LAST_INIT * torch.from_numpy(_used(prepared)).repeat(settings.members, 1)[:, None]
            self.matrices.append(nn.Parameter(start))
            self.biases.append(nn.Parameter(torch.zeros(nets, 1, after)))

    def _keep(self, name: str, array: Any) -> None:
        self.register_buffer(name, torch.from_numpy(np.array(array)))

    def forward(self, inputs_BD: torch.Tensor) -> torch.Tensor:
        """Coefficients `(B, S, K)`; in training those of each member `(E, B, S, K)` where it has several."""
        seen_SBW = inputs_BD[:, self.columns].transpose(0, 1)
        hidden = (seen_SBW * self.scales).repeat(self.members, 1, 1)
        for matrix, bias in zip(self.matrices[:-1], self.biases[:-1], strict=True):
            hidden = _ACTIVATIONS[self.activation](torch.baddbmm(bias, hidden, matrix))
            if self.dropout:
                hidden = functional.dropout(hidden, self.dropout, self.training)
        left = torch.baddbmm(self.biases[-1], hidden, self.matrices[-1])
        ridge = torch.baddbmm(self.ridge_bias, seen_SBW, self.ridge)
        apart = left.view(self.members, -1, *left.shape[1:])
        found_EBSK = (ridge + apart * self.size).transpose(1, 2)
        if self.members == 1:
            return found_EBSK[0]
        return found_EBSK if self.training else found_EBSK.mean(dim=0)


def numpy_net(network: GroupedNet) -> NumpyNet:
    """The same function as plain arrays."""
    state = {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}
    return NumpyNet(network.activation, state)


def build(prepared: Prepared) -> GroupedNet:
    """A fresh net; its starting weights depend on the seed only."""
    return GroupedNet(prepared)


def loss_of(prepared: Prepared) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """The loss: squared error of the coefficients over that of the ridge floor on the training poses.

    1 is as good as the floor, 0 is perfect.
    """
    left = float(np.square(_left(prepared)).sum(axis=(1, 2)).mean())

    def loss(output_BSK: torch.Tensor, target_BSK: torch.Tensor) -> torch.Tensor:
        return (output_BSK - target_BSK).square().sum(dim=(-2, -1)).mean() / max(left, 1e-30)

    return loss


def optimiser(network: nn.Module, rate: float, *, decay: float) -> torch.optim.Optimizer:
    """AdamW with strong decay on matrices and none on biases."""
    matrices = [p for name, p in network.named_parameters() if name.startswith("matrices")]
    biases = [p for name, p in network.named_parameters() if not name.startswith("matrices")]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": biases, "weight_decay": 0.0}]
    on_cpu = all(matrix.device.type == "cpu" for matrix in matrices)  # fused: a seventh of the time there
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), fused=on_cpu or None)


def _left(prepared: Prepared) -> NDArray[np.float32]:
    inputs, targets = prepared.training
    return np.asarray(targets - prepared.ridge.predict(inputs))


def _used(prepared: Prepared) -> NDArray[np.float32]:
    """`(S, K)`, 1 where a segment has that coefficient."""
    return np.asarray(np.abs(prepared.training[1]).max(axis=0) > 0.0, np.float32)


def _seen(prepared: Prepared) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The columns that each segment sees `(S, W)`, padded, and how much they count `(S, 1, W)`."""
    seen = prepared.emphasis > 0.0
    width = int(seen.sum(axis=1).max())
    columns = np.zeros((len(seen), width), np.int64)
    scales = np.zeros((len(seen), 1, width), np.float32)
    for segment, row in enumerate(seen):
        mine = np.flatnonzero(row)
        columns[segment, : len(mine)] = mine
        scales[segment, 0, : len(mine)] = prepared.emphasis[segment, mine]
    return columns, scales


_ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "silu": functional.silu,
    "gelu": functional.gelu,
    "relu": functional.relu,
    "leaky-relu": functional.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "linear": lambda x: x,
}
