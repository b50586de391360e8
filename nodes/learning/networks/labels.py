"""Networks that give labels: of rows, of windows of rows, of frames.

Each has `features`, from a batch to `(B, F)`, and `head`, linear from those to the outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

HEAD_DEVIATION = 1e-2
"""Deviation of the head's first weights: training begins near the answer that does not look."""


class LabelNet(nn.Module):
    """A body that gives `(B, F)` and a linear head.

    Args:
        body: From a batch to features.
        features: F.
        outputs: Numbers that the head gives.
    """

    def __init__(self, body: nn.Module, features: int, outputs: int) -> None:
        super().__init__()
        self.body, self.head = body, nn.Linear(features, outputs)
        nn.init.normal_(self.head.weight, std=HEAD_DEVIATION)
        nn.init.zeros_(self.head.bias)

    def features(self, inputs: Tensor) -> Tensor:
        """What the head sees, `(B, F)`."""
        found: Tensor = self.body(inputs)
        return found

    def forward(self, inputs: Tensor) -> Tensor:
        """`(B, outputs)`."""
        found: Tensor = self.head(self.features(inputs))
        return found


class Ensemble(nn.Module):
    """Networks that learn side by side, each by itself; their answer is the mean of their outputs.

    They differ by their first weights alone (Lakshminarayanan et al. 2017, "Simple and scalable predictive
    uncertainty estimation using deep ensembles"), and what one gets wrong by chance the others get right.

    Args:
        members: The M networks.
    """

    def __init__(self, members: Iterable[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def features(self, inputs: Tensor) -> Tensor:
        """What the members' heads see beside each other, `(B, M F)`."""
        return torch.cat([member.features(inputs) for member in self._nets], dim=1)

    def head(self, features: Tensor) -> Tensor:
        """`(B, outputs)`."""
        parts = features.chunk(len(self.members), dim=1)
        answers = [member.head(part) for member, part in zip(self._nets, parts, strict=True)]
        return torch.stack(answers).mean(dim=0)

    def forward(self, inputs: Tensor) -> Tensor:
        """`(B, outputs)`; in training `(M B, outputs)`, member after member, so that each has its loss."""
        if self.training:
            return torch.cat([member(inputs) for member in self.members])
        return self.head(self.features(inputs))

    @property
    def _nets(self) -> Iterator[LabelNet]:
        return (cast("LabelNet", member) for member in self.members)


def mlp(shape: tuple[int, ...], outputs: int, *, neurons: int, layers: int) -> LabelNet:
    """Fully connected layers over all numbers of a row `(T, D)`."""
    width = shape[0] * shape[1]
    parts: list[nn.Module] = [nn.Flatten()]
    for _ in range(layers):
        parts += [nn.Linear(width, neurons), nn.SiLU()]
        width = neurons
    return LabelNet(nn.Sequential(*parts), width, outputs)


class _Pooled(nn.Module):
    """Mean and largest value over time of `(B, C, T)`, beside each other: `(B, 2 C)`."""

    def forward(self, signal_BCT: Tensor) -> Tensor:
        return torch.cat([signal_BCT.mean(dim=2), signal_BCT.amax(dim=2)], dim=1)


class _TimeSecond(nn.Module):
    """From `(B, T, C)` to `(B, C, T)`."""

    def forward(self, signal_BTC: Tensor) -> Tensor:
        return signal_BTC.transpose(1, 2)


def conv_1d(shape: tuple[int, ...], outputs: int, *, channels: int, layers: int, kernel: int) -> LabelNet:
    """Convolutions over time of a window `(T, D)`; each layer after the first sees twice as far."""
    parts: list[nn.Module] = [_TimeSecond()]
    width = shape[1]
    for layer in range(layers):
        parts += [
            nn.Conv1d(width, channels, kernel, dilation=2**layer, padding="same"),
            nn.SiLU(),
        ]
        width = channels
    return LabelNet(nn.Sequential(*parts, _Pooled()), 2 * channels, outputs)


class _Recurrent(nn.Module):
    """A GRU over `(B, T, D)`: its mean and its last state, `(B, 2 H)`, or `(B, 4 H)` in both directions."""

    def __init__(self, width: int, neurons: int, *, both: bool) -> None:
        super().__init__()
        self.gru = nn.GRU(width, neurons, batch_first=True, bidirectional=both)

    def forward(self, signal_BTD: Tensor) -> Tensor:
        states_BTH, last_LBH = self.gru(signal_BTD)
        return torch.cat([states_BTH.mean(dim=1), last_LBH.transpose(0, 1).flatten(1)], dim=1)


def gru(shape: tuple[int, ...], outputs: int, *, neurons: int, both: bool) -> LabelNet:
    """A gated recurrent unit (Cho et al. 2014) over the lines of a window `(T, D)`."""
    return LabelNet(_Recurrent(shape[1], neurons, both=both), (4 if both else 2) * neurons, outputs)


def frame_net(shape: tuple[int, ...], outputs: int, *, width: int, neurons: int) -> LabelNet:
    """Convolutions over a frame `(C, S, S)`, halved until 4 x 4 is left, then one full layer.

    Where something lies in the frame is kept, for that is what tells a turned head from a straight one.
    """
    parts: list[nn.Module] = []
    channels, size, wide = shape[0], shape[1], width
    while size > 4:
        parts += [nn.Conv2d(channels, wide, 3, padding=1), nn.GroupNorm(1, wide), nn.SiLU(), nn.AvgPool2d(2)]
        channels, size, wide = wide, size // 2, min(2 * wide, 4 * width)
    parts += [nn.Flatten(), nn.Linear(channels * size * size, neurons), nn.SiLU()]
    return LabelNet(nn.Sequential(*parts), neurons, outputs)
