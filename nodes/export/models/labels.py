"""A model of labels whole: columns or pixels as they are go in, numbers and probabilities come out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.nodes.learning.tables.samples import seen

if TYPE_CHECKING:
    from understudy.nodes.learning.encoding import Encoding
    from understudy.nodes.learning.tables.encoding import RowEncoding
    from understudy.nodes.learning.tables.model import TableModel


class Rows(nn.Module):
    """What `RowEncoding.encode` gives: standardised numbers; what is missing is 0, the mean.

    Differences from the mean are taken in float64: a frame number in the millions leaves a float32 no digits.
    """

    def __init__(self, encoding: RowEncoding) -> None:
        super().__init__()
        self.columns, self.single = encoding.columns, encoding.length == 1
        self.means: Tensor
        self.scales: Tensor
        self.register_buffer("means", torch.from_numpy(encoding.means))
        self.register_buffer("scales", torch.from_numpy(encoding.scales))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows `(N, C)`, or `(N, T, C)` of windows, to numbers `(N, T, D)`."""
        rows = rows.unsqueeze(1) if self.single else rows
        parts = [self._spread(rows[..., place], column) for place, column in enumerate(self.columns)]
        numbers: Tensor = (torch.cat(parts, dim=-1).double() - self.means) / self.scales
        return torch.where(torch.isnan(numbers), torch.zeros_like(numbers), numbers).float()

    def _spread(self, values: Tensor, column: Any) -> Tensor:
        values = values.unsqueeze(-1)
        if column.kind == "category":
            ones = (values == torch.arange(len(column.categories), dtype=values.dtype)).to(values.dtype)
            return torch.where(torch.isnan(values), values, ones)
        if column.kind == "circular":
            angle = values * (2.0 * math.pi / column.period)
            return torch.cat([torch.sin(angle), torch.cos(angle)], dim=-1)
        return values


class Shrunk(nn.Module):
    """Frames of the size that the network takes, as it sees them: what `as_seen` and `Encoding.encode` give.

    Args:
        encoding: Of what it sees.
        sees: "colours", "brightness", "contrast" or "edges".
    """

    def __init__(self, encoding: Encoding, sees: str) -> None:
        super().__init__()
        from understudy.nodes.export.models.pixels import Pixels

        self.around = Pixels(nn.Identity(), 1, encoding, encoding, "identity")
        self.sees = sees

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels `(N, C, S, S)` to numbers of the same shape, or `(N, 1, S, S)` but of colours."""
        return self.around.encoded(seen(pixels, self.sees))


class Labels(nn.Module):
    """Encoding, the network, and what its output means.

    Args:
        model: Of rows or of frames.
    """

    def __init__(self, model: TableModel) -> None:
        super().__init__()
        self.network = model.network
        self.encoded: nn.Module
        if model.inputs is not None:
            self.encoded = Rows(model.inputs)
        else:
            assert model.pixels is not None
            self.encoded = Shrunk(model.pixels, model.sees)
        self.targets = model.targets
        self.temperatures = [float(one) for one in model.sureness.temperatures]

    def forward(self, given: Tensor) -> Tensor:
        """Rows or frames to `(N, O)`, a column for each name that `columns_out` gives."""
        output = self.network(self.encoded(given))
        return torch.cat([self._meant(output[:, head.output], head) for head in self.targets.heads], dim=1)

    def _meant(self, output: Tensor, head: Any) -> Tensor:
        column, place = head.column, head.place
        if column.kind == "category":
            return torch.softmax(output / self.temperatures[place], dim=1)
        if column.kind == "boolean":
            return torch.sigmoid(output / self.temperatures[place])
        if column.kind == "circular":
            turn = torch.atan2(output[:, :1], output[:, 1:]) / (2.0 * math.pi)
            return (turn - torch.floor(turn)) * float(column.period)
        number: Tensor = output * float(self.targets.scales[place]) + float(self.targets.means[place])
        return number


def columns_out(model: TableModel) -> list[str]:
    """The name of each number that comes out: a label, or `LABEL=CATEGORY` for a probability."""
    names = []
    for column in model.targets.columns:
        if column.kind == "category":
            names += [f"{column.name}={category}" for category in column.categories]
        else:
            names.append(f"{column.name}=true" if column.kind == "boolean" else column.name)
    return names
