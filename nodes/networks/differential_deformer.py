"""A deformer of differential coordinates and anchors, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.nodes.learning.meshes.recipes import DeformerNetNode

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.settings import DeformerSettings


class DifferentialDeformer(DeformerNetNode):
    """Learns how a mesh bends and where a few anchor vertices are, as Golaem Deep does.

    One net learns the Laplacian of the deltas, another the deltas of the anchors; a sparse solve, folded
    into the model, puts them together. Fine wrinkles come out well, positions less well than by
    LocalDeformer.
    """

    version = 1
    neurons = Knob(256, "Neurons of each hidden layer.", least=1, most=4096)
    anchors = Knob(2.0, "Anchor vertices, in percent of all vertices.", least=0.01, most=10.0)
    additional_anchors = Knob[tuple[int, ...]](
        (), "Vertex numbers that are anchors as well.", type=int, many=True, least=0
    )
    anchor_weight = Knob(0.1, "How firmly anchors hold against the Laplacian.", least=0.001, most=100.0)
    principal_shapes_limit = Knob(128, "Principal shapes of each side, at most.", least=1, most=4096)
    principal_shapes_accuracy = Knob(
        1.0, "Share of each side that its principal shapes give back; fewer shapes below 1.",
        least=0.0, most=1.0,
    )  # fmt: skip

    differential_epochs = Knob[Any](
        "all", "Epochs after which the net of the Laplacian learns no more; all takes those of the Trainer.",
        type=int, words=("all",), least=1,
    )  # fmt: skip
    anchor_epochs = Knob[Any](
        "all", "Epochs after which the net of the anchors learns no more; all takes those of the Trainer.",
        type=int, words=("all",), least=1,
    )  # fmt: skip
    batch_divider = Knob[Any](
        "auto", "Poses are divided by it to give the batch, where the Trainer's batch_size is auto.",
        type=int, words=("auto",), least=1,
    )  # fmt: skip
    rate_decay_epochs = Knob[Any](
        "never", "Epochs after which the learning rate is divided, again and again.",
        type=int, words=("never",), least=1,
    )  # fmt: skip
    rate_divider = Knob(2.0, "What the learning rate is divided by then.", least=1.0)

    def settings(self, seed: int) -> DeformerSettings:
        """How the deformation is learned."""
        from understudy.nodes.learning.deformers.settings import DeformerSettings

        return DeformerSettings(
            mode="differential",
            anchors=self.anchors,
            extra_anchors=self.additional_anchors,
            anchor_weight=self.anchor_weight,
            limit=self.principal_shapes_limit,
            accuracy=self.principal_shapes_accuracy,
            net_epochs=(_number(self.differential_epochs), _number(self.anchor_epochs)),
            batch_divider=_number(self.batch_divider),
            rate_decay_epochs=_number(self.rate_decay_epochs),
            rate_divider=self.rate_divider,
            seed=seed,
            **self.net_settings,
        )


def _number(value: int | str) -> int:
    """A knob's number; 0 for its word."""
    return 0 if isinstance(value, str) else value
