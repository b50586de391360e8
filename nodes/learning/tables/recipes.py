"""Network and loss nodes for labels: what a wire of kind `network` or `loss` carries, as for images.

Nothing here imports torch before something is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from understudy.graph.errors import UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from understudy.graph.node import Inputs
    from understudy.runtime.context import Context


class LabelNetworkNode(Node, abstract=True):
    """A network that gives labels: subclass it in a file of `nodes/networks` and write `build`.

    The module that `build` returns has `features`, which takes a batch of inputs and gives `(N, F)`, and
    `head`, a linear layer from those to the outputs; calling it does both.

    Attributes:
        takes: What it learns labels of: "features" or "frames".
        windows: Whether it needs rows of several lines.
    """

    takes: ClassVar[str] = "features"
    windows: ClassVar[bool] = False
    ensemble = Knob(
        1, "Nets trained beside each other and averaged: surer where rows are few, and as many times slower.",
        least=1, most=16,
    )  # fmt: skip
    output = Output("network", "The network, for a Trainer.")

    def compute(self, inputs: Inputs, context: Context) -> Self:  # noqa: ARG002 - a recipe needs none
        """The recipe itself."""
        return self

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """The network, with weights drawn from torch's global generator; imports torch.

        Args:
            shape: Of one input: lines and numbers of each, or channels, height and width.
            outputs: Numbers that it gives.
        """
        raise NotImplementedError(f"{type(self).__name__} has no build")


class LabelLossNode(Node, abstract=True):
    """How labels are compared: subclass it in a file of `nodes/losses` and say by properties how.

    Attributes:
        mirror: What a mirror does to labels, as `table_mirroring.mirrored` reads it; empty where not known.
    """

    mirror: Any = ()
    output = Output("loss", "The loss, for a Trainer.")

    def compute(self, inputs: Inputs, context: Context) -> Self:  # noqa: ARG002 - a recipe needs none
        """The recipe itself."""
        return self

    @property
    def settings(self) -> dict[str, bool]:
        """`absolute` and `balanced`, as `Targets.of` takes them."""
        raise NotImplementedError(f"{type(self).__name__} has no settings")


def build_network(recipe: LabelNetworkNode, shape: tuple[int, ...], outputs: int, seed: int) -> nn.Module:
    """A network whose weights depend on nothing but the recipe, the sizes and the seed."""
    import torch

    from understudy.nodes.learning.networks.labels import Ensemble

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        built = [recipe.build(shape, outputs) for _ in range(recipe.ensemble)]
    return built[0] if len(built) == 1 else Ensemble(built)


def description(recipe: LabelNetworkNode, shape: tuple[int, ...], outputs: int) -> dict[str, Any]:
    """Plain values from which `restore_network` builds the same network, for a checkpoint's header."""
    knobs = {name: getattr(recipe, name) for name in recipe.knobs}
    return {"type": recipe.type_name, "knobs": knobs, "shape": list(shape), "outputs": outputs}


def restore_network(values: Mapping[str, Any]) -> nn.Module:
    """The network that `description` described, its weights still to be loaded.

    Raises:
        UnderstudyError: The network's type is not installed here, or lacks one of the knobs.
    """
    from understudy.nodes.registry import registry

    name = str(values["type"])
    cls = registry().find(name)
    if cls is None or not issubclass(cls, LabelNetworkNode):
        raise UnderstudyError(f"The checkpoint holds a network of type {name}, which is not installed here.")
    knobs = dict(values["knobs"])
    unknown = sorted(set(knobs) - set(cls.knobs))
    if unknown:
        raise UnderstudyError(f"The checkpoint's {name} has the knob {unknown[0]}, which this build lacks.")
    recipe = cls(name, {knob: cls.knobs[knob].accept(value) for knob, value in knobs.items()})
    shape = tuple(int(size) for size in values["shape"])
    return build_network(recipe, shape, int(values["outputs"]), seed=0)


def default_network(takes: str, model_size: str) -> LabelNetworkNode:
    """The network that a Trainer takes where none is connected, in the size that its knob says."""
    from understudy.nodes.networks.frame_net import FrameNet
    from understudy.nodes.networks.mlp import MLP

    if takes == "frames":
        return FrameNet("network", {"model_size": model_size})
    return MLP("network", {"neurons": {"small": 32, "medium": 64, "large": 256}[model_size]})


def default_loss() -> LabelLossNode:
    """Squared error, and cross-entropy of rows that count alike."""
    from understudy.nodes.losses.label_loss import LabelLoss

    return LabelLoss("loss")
