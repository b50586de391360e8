"""Beginning with what another network learned, also where it is narrower or has another head.

A layer whose shape is the same is taken over. A layer that is wider here takes the smaller one in its corner,
with zeros where old channels would listen to new ones: the wider network begins as the same function (after
Chen et al. 2016, "Net2Net", section 3, with zeros in place of copies). A layer that is narrower here can't
hold the other; it begins anew, and so does the last layer where the channels that come out are others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.state import load_network, network_arrays, weights_of
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    Weights = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Transfer:
    """What of one network's weights another one begins with.

    Attributes:
        weights: For every layer of the new network, by name.
        same: Names of those that were taken over as they are.
        widened: Names of those that were taken into a larger one.
        anew: Names of those that begin anew, each with the reason.
    """

    weights: dict[str, NDArray[Any]]
    same: tuple[str, ...]
    widened: tuple[str, ...]
    anew: dict[str, str]

    def described(self) -> str:
        """One sentence: how many layers fit, and which do not."""
        parts = [f"{len(self.same)} of {len(self.weights)} weights fit"]
        if self.widened:
            parts.append(f"{len(self.widened)} were put into wider ones")
        if self.anew:
            shown = [f"{name} ({why})" for name, why in list(self.anew.items())[:4]]
            more = f" and {len(self.anew) - 4} more" if len(self.anew) > 4 else ""
            parts.append(f"{len(self.anew)} begin anew: {', '.join(shown)}{more}")
        return "; ".join(parts)


def begin_with(network: nn.Module, header: Mapping[str, Any], path: str) -> Transfer:
    """Puts as much of a checkpoint's weights into a network as fits.

    Args:
        network: The new one; where it has an attribute `heads`, layers whose names begin with these words
            give its output, else its last layer does.
        header: Of the model that it belongs to, as `Subject.model` gives it.
        path: A .cat.

    Raises:
        FormatError: The file is damaged.
        UnderstudyError: It is a model of another subject, or nothing of it fits.
    """
    container = read_container(path, "cat")
    there, here = container.header.get("subject"), header.get("subject")
    if there != here:
        raise UnderstudyError(f"{path} is a model of {there}, and {here} are learned here.")
    known = weights_of(container.tensors)
    other = container.header.get("outputs") != header.get("outputs")
    found = transferred(network_arrays(network), known, _heads(network) if other else ())
    if not found.same and not found.widened:
        raise UnderstudyError(f"Nothing of {path} fits: {found.described()}.")
    load_network(network, found.weights)
    return found


def _heads(network: nn.Module) -> tuple[str, ...]:
    names = [name for name, _ in network.named_parameters()]
    return tuple(getattr(network, "heads", (names[-1].rpartition(".")[0],)))


def transferred(fresh: Weights, known: Weights, last: Sequence[str] = ()) -> Transfer:
    """The new network's weights, as far as the other's fit.

    Args:
        fresh: The new network's own starting weights.
        known: The other network's weights.
        last: Beginnings of the names of layers that begin anew, since what they give means something else.
    """
    weights: dict[str, NDArray[Any]] = {}
    same: list[str] = []
    widened: list[str] = []
    anew: dict[str, str] = {}
    for name, start in fresh.items():
        reason = _misfit(start, known.get(name))
        if name.startswith(tuple(last)) and last:
            reason = "it gives other channels"
        if reason:
            weights[name], anew[name] = start, reason
            continue
        weights[name] = _embedded(start, known[name])
        (same if start.shape == known[name].shape else widened).append(name)
    return Transfer(weights, tuple(same), tuple(widened), anew)


def _misfit(start: NDArray[Any], known: NDArray[Any] | None) -> str:
    if known is None:
        return "it is not in the other"
    if start.ndim != known.ndim or start.shape[2:] != known.shape[2:]:
        return f"{_shape(known)} there, {_shape(start)} here"
    if any(new < old for new, old in zip(start.shape[:2], known.shape[:2], strict=True)):
        return f"{_shape(known)} there is wider than {_shape(start)}"
    return ""


def _embedded(start: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
    if not known.ndim:
        return np.array(known)
    found = np.array(start)
    rows = known.shape[0]
    if known.ndim > 1:
        found[:rows, known.shape[1] :] = 0
        found[:rows, : known.shape[1]] = known
    else:
        found[:rows] = known
    return found


def _shape(array: NDArray[Any]) -> str:
    return " x ".join(str(length) for length in array.shape) or "a number"
