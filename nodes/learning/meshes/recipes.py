"""Deformer nodes: a wire of kind `network` that says how a deformation is learned.

It carries the node itself, as those of image networks do. Nothing here imports torch or numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Output

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.learning.deformers.settings import DeformerSettings
    from understudy.runtime.context import Context


class DeformerNode(Node, abstract=True):
    """A way to learn a deformation: subclass it in a file of `nodes/networks` and write `settings`.

    Attributes:
        trains: Whether there is a net to train; without, all is closed form.
        takes_basis: Whether it can learn coefficients of a connected basis.
    """

    trains: ClassVar[bool] = True
    takes_basis: ClassVar[bool] = False
    output = Output("network", "The deformer, for a Trainer.")

    deltas = Knob(
        "rest",
        "Where deltas are taken: before skinning; after it (object); before it without its scale and shear.",
        choices=("rest", "object", "rotation"),
    )
    rotations = Knob("6d", "How rotations of joints are written.", choices=("6d", "quaternion"))

    def compute(self, inputs: Inputs, context: Context) -> Self:  # noqa: ARG002 - a recipe needs none
        """The recipe itself."""
        return self

    def settings(self, seed: int) -> DeformerSettings:
        """How the deformation is learned."""
        raise NotImplementedError(f"{type(self).__name__} has no settings")


class DeformerNetNode(DeformerNode, abstract=True):
    """A deformer with a net: the knobs that all nets have."""

    hidden_layers = Knob(2, "Hidden layers.", least=0, most=8)
    neurons = Knob(64, "Neurons of each hidden layer.", least=1, most=4096)
    activation = Knob(
        "silu",
        "What each hidden neuron does to its sum.",
        choices=("silu", "gelu", "relu", "leaky-relu", "tanh", "sigmoid", "linear"),
    )
    dropout = Knob(0.0, "Share of neurons left out at random in training.", least=0.0, most=0.9)
    ridge = Knob(True, "Whether the net learns only what ridge regression leaves; it is fitted either way.")

    @property
    def net_settings(self) -> dict[str, Any]:
        """These knobs, by the names that `DeformerSettings` has."""
        return {
            "space": self.deltas,
            "rotation": self.rotations,
            "layers": self.hidden_layers,
            "neurons": self.neurons,
            "activation": self.activation,
            "dropout": self.dropout,
            "ridge_floor": self.ridge,
        }


def description(recipe: DeformerNode) -> dict[str, Any]:
    """Plain values that say how a model was made, for a checkpoint's header."""
    return {"type": recipe.type_name, "knobs": {name: getattr(recipe, name) for name in recipe.knobs}}
