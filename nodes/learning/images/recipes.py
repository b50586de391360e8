"""Network and loss nodes: what a wire of kind `network` or `loss` carries, and how a checkpoint names it.

Such a wire carries the node itself: a recipe of type and knobs, from which the Trainer builds what it needs
once it knows the channels. A checkpoint keeps the recipe as plain values and never code; reading one builds
the same network again from the node types that are installed. Nothing here imports torch before something is
built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from understudy.graph.errors import UnderstudyError
from understudy.graph.node import Node
from understudy.graph.ports import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from understudy.graph.node import Inputs
    from understudy.nodes.learning.losses import Loss
    from understudy.runtime.context import Context


class NetworkNode(Node, abstract=True):
    """A kind of network: subclass it in a file of `nodes/networks`, declare knobs and write `build`.

    The module that `build` returns takes encoded pixels `(N, inputs, H, W)` and gives `(N, outputs, H, W)`.
    It may declare, as plain attributes, what it knows of itself:

    - `stride`: H and W have to be multiples of it (1 without);
    - `reach`: how many pixels to each side it sees (measured without);
    - `bytes_per_pixel`: memory that applying it takes, in float32 (1024 without);
    - `outer`: beginnings of the names of parameters that are no inner matrices (first and last layer
    without);
    - `heads`: beginnings of the names of parameters of the layers that give the output (the last without).
    """

    output = Output("network", "The network, for a Trainer.")

    def compute(self, inputs: Inputs, context: Context) -> Self:  # noqa: ARG002 - a recipe needs none
        """The recipe itself."""
        return self

    def build(self, inputs: int, outputs: int, *, colour: bool) -> nn.Module:
        """The network, with weights drawn from torch's global generator; imports torch.

        Args:
            inputs: Input channels.
            outputs: Output channels.
            colour: Whether the effect changes the input's colours, rather than making something new such as
                a matte: most networks then learn the difference from their input.
        """
        raise NotImplementedError(f"{type(self).__name__} has no build")


class LossNode(Node, abstract=True):
    """A kind of loss: subclass it in a file of `nodes/losses`, declare knobs and write `build`.

    Attributes:
        colour: Whether it is for effects that change the input's colours.
        encodes: Whether the groundtruth is encoded as the input's pixels are; without, the network learns
            the values as they are.
    """

    colour = False
    encodes = False
    output = Output("loss", "The loss, for a Trainer.")

    def compute(self, inputs: Inputs, context: Context) -> Self:  # noqa: ARG002 - a recipe needs none
        """The recipe itself."""
        return self

    def build(self) -> Loss:
        """The loss as a function; imports torch."""
        raise NotImplementedError(f"{type(self).__name__} has no build")


def build_network(recipe: NetworkNode, inputs: int, outputs: int, *, colour: bool, seed: int) -> nn.Module:
    """A network with weights that depend on nothing but the recipe, the channels and the seed.

    torch's global generator is left as it was.

    Args:
        recipe: What a `network` wire carries.
        inputs: Input channels.
        outputs: Output channels.
        colour: See `NetworkNode.build`.
        seed: From `randomness.seed_of(seed, "weights")`.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return recipe.build(inputs, outputs, colour=colour)


def description(recipe: NetworkNode, inputs: int, outputs: int, *, colour: bool) -> dict[str, Any]:
    """Plain values from which `restore_network` builds the same network, for a checkpoint's header."""
    knobs = {name: getattr(recipe, name) for name in recipe.knobs}
    return {"type": recipe.type_name, "knobs": knobs, "inputs": inputs, "outputs": outputs, "colour": colour}


def restore_network(values: Mapping[str, Any]) -> nn.Module:
    """The network that `description` described, its weights still to be loaded.

    Raises:
        UnderstudyError: The network's type is not installed here, or is no network, or lacks one of the
        knobs.
    """
    from understudy.nodes.registry import registry

    name = str(values["type"])
    cls = registry().find(name)
    if cls is None or not issubclass(cls, NetworkNode):
        raise UnderstudyError(f"The checkpoint holds a network of type {name}, which is not installed here.")
    knobs = dict(values["knobs"])
    unknown = sorted(set(knobs) - set(cls.knobs))
    if unknown:
        raise UnderstudyError(
            f"The checkpoint's {name} has the knob {unknown[0]}, which the one installed here lacks. "
            "It was written by another version."
        )
    recipe = cls(name, {knob: cls.knobs[knob].accept(value) for knob, value in knobs.items()})
    return build_network(recipe, values["inputs"], values["outputs"], colour=bool(values["colour"]), seed=0)


def default_network(model_size: str) -> NetworkNode:
    """The network that a Trainer takes where none is connected, in the size that its knob says."""
    from understudy.nodes.networks.u_net import UNet

    return UNet("network", {"model_size": model_size})


def default_loss(inputs: int, outputs: int, least: float, most: float) -> LossNode:
    """The loss that a Trainer takes where none is connected.

    Args:
        inputs: Channels of the input.
        outputs: Channels of the groundtruth.
        least: The least value of the groundtruth.
        most: Its largest value.

    Returns:
        A colour loss where the groundtruth has as many channels as the input or leaves 0 to 1; a matte loss
        otherwise.
    """
    from understudy.nodes.losses.colour_loss import ColourLoss
    from understudy.nodes.losses.matte_loss import MatteLoss

    within = least >= -0.01 and most <= 1.01
    return MatteLoss("loss") if inputs != outputs and within else ColourLoss("loss")
