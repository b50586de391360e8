"""The deformer without a net, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.meshes.recipes import DeformerNode

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.settings import DeformerSettings


class KernelDeformer(DeformerNode):
    """Learns deformations in seconds, without training: kernel regression for each segment of the mesh.

    It is closed form: the Trainer makes one step. The model holds the poses, so that it grows with them;
    LocalDeformer learns the same into small nets.
    """

    trains = False
    version = 1
    principal_shapes_limit = Knob(96, "Principal shapes of each segment, at most.", least=1, most=1024)
    principal_shapes_accuracy = Knob(
        1.0, "Share of the deltas that the principal shapes give back; fewer shapes below 1.",
        least=0.0, most=1.0,
    )  # fmt: skip

    def settings(self, seed: int) -> DeformerSettings:
        """How the deformation is learned."""
        from understudy.nodes.learning.deformers.settings import DeformerSettings

        return DeformerSettings(
            mode="local",
            space=self.deltas,
            rotation=self.rotations,
            limit=self.principal_shapes_limit,
            accuracy=self.principal_shapes_accuracy,
            distilled=0,
            seed=seed,
        )
