"""The state of a training as named arrays, which is what checkpoints hold: no pickle, no objects.

bfloat16 has no counterpart in numpy; such tensors travel as the container's own type of two bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from torch import nn

Arrays = dict[str, "NDArray[Any]"]

WEIGHTS = "network/"
"""What the names of a network's weights begin with in a checkpoint."""


def network_arrays(network: nn.Module) -> Arrays:
    """A copy of a network's weights and buffers, by their names."""
    return {name: _array(value) for name, value in network.state_dict().items()}


def load_network(network: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Puts saved weights into a network.

    Raises:
        UnderstudyError: A weight is missing, left over, or has another shape.
    """
    wanted = network.state_dict()
    faults = sorted(set(wanted) ^ set(arrays))
    faults += [name for name in wanted if name in arrays and wanted[name].shape != arrays[name].shape]
    if faults:
        raise UnderstudyError(
            f"The saved weights are those of another network: {', '.join(faults[:3])} differ."
        )
    network.load_state_dict({name: torch.from_numpy(np.array(arrays[name])) for name in wanted})


def optimiser_arrays(network: nn.Module, optimiser: torch.optim.Optimizer) -> Arrays:
    """A copy of an optimiser's state, named `<weight>/<quantity>`."""
    arrays = {}
    for name, weight in network.named_parameters():
        for quantity, value in optimiser.state.get(weight, {}).items():
            arrays[f"{name}/{quantity}"] = _array(torch.as_tensor(value))
    return arrays


def load_optimiser(
    network: nn.Module, optimiser: torch.optim.Optimizer, arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Puts a saved state into an optimiser.

    Raises:
        UnderstudyError: It names a weight that the network does not have.
    """
    weights = dict(network.named_parameters())
    optimiser.state.clear()
    for path, array in arrays.items():
        name, _, quantity = path.rpartition("/")
        if name not in weights:
            raise UnderstudyError(f"The saved optimiser is that of another network: {name} is not in it.")
        value = torch.from_numpy(np.array(array))
        if value.ndim:
            value = value.to(weights[name].device)
        optimiser.state[weights[name]][quantity] = value


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().contiguous().numpy()
    return array.copy()


def weights_of(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The network's weights among a checkpoint's tensors, by their names in the network."""
    return {name.removeprefix(WEIGHTS): array for name, array in tensors.items() if name.startswith(WEIGHTS)}
