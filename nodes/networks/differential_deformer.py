"""A deformer of differential coordinates and anchors, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.deformer_recipes import DeformerNetNode

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
            seed=seed,
            **self.net_settings,
        )
