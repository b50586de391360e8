"""A deformer of one net for the whole mesh, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.meshes.recipes import DeformerNetNode

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.settings import DeformerSettings


class GlobalDeformer(DeformerNetNode):
    """Learns deformations with one net for the whole mesh, as Maya's ML Deformer does.

    It gives principal shapes, or the delta of every vertex. With a PCA connected to the Trainer's basis it
    gives coefficients of that. It needs more poses than LocalDeformer for the same error.
    """

    takes_basis = True
    version = 1
    neurons = Knob(256, "Neurons of each hidden layer.", least=1, most=4096)
    output_mode = Knob(
        "principal shapes", "What the net gives.", choices=("principal shapes", "delta"),
    )  # fmt: skip
    principal_shapes_limit = Knob(128, "Principal shapes, at most.", least=1, most=4096)
    principal_shapes_accuracy = Knob(
        1.0, "Share of the deltas that the principal shapes give back; fewer shapes below 1.",
        least=0.0, most=1.0,
    )  # fmt: skip

    ensemble = Knob(
        1, "Nets trained beside each other and averaged; how far several are apart tells the uncertainty.",
        least=1, most=16,
    )  # fmt: skip

    def settings(self, seed: int) -> DeformerSettings:
        """How the deformation is learned."""
        from understudy.nodes.learning.deformers.settings import DeformerSettings

        return DeformerSettings(
            mode="global",
            output="vertices" if self.output_mode == "delta" else "shapes",
            limit=self.principal_shapes_limit,
            accuracy=self.principal_shapes_accuracy,
            detail=0.0,
            members=self.ensemble,
            seed=seed,
            **self.net_settings,
        )
