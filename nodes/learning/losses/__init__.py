"""What a network is trained against, and how its output becomes values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor


class Loss(Protocol):
    """A function of a network's output and the encoded groundtruth, which torch can differentiate.

    Attributes:
        activation: The name, in `ACTIVATIONS`, of what makes values of the network's output. The checkpoint
            keeps it.
    """

    activation: str

    def __call__(self, output_NCHW: Tensor, groundtruth_NCHW: Tensor) -> Tensor:
        """The loss, a scalar in float32: the mean over all crops and pixels."""
        ...


def _identity(output: Tensor) -> Tensor:
    return output.float()


def _sigmoid(output: Tensor) -> Tensor:
    return torch.sigmoid(output.float())


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {"identity": _identity, "sigmoid": _sigmoid}
"""From a network's output to encoded values, by the name that a checkpoint keeps."""
