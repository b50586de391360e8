"""The default deformer, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.meshes.recipes import DeformerNetNode

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.settings import DeformerSettings


class LocalDeformer(DeformerNetNode):
    """Learns deformations part by part: a small net for each segment of the mesh.

    A segment sees the controls that move it: by skin weights where there are some, by measured relevance
    where not. Segments overlap and are blended. Below each net lies a ridge regression, and beside it a
    kernel regression; what is best on held-out poses becomes the model. The nets also learn from made-up
    poses that the kernel labels.

    A Trainer of controls and shapes without a network takes this one.
    """

    version = 1
    principal_shapes_limit = Knob(96, "Principal shapes of each segment, at most.", least=1, most=1024)
    principal_shapes_accuracy = Knob(
        1.0, "Share of the deltas that the principal shapes give back; fewer shapes below 1.",
        least=0.0, most=1.0,
    )  # fmt: skip
    neurons = Knob(96, "Neurons of each hidden layer.", least=1, most=4096)
    made_up_poses = Knob(12000, "Poses that the kernel labels for the nets, beside the captured.", least=0)

    ensemble = Knob(
        1, "Nets trained beside each other and averaged; how far several are apart tells the uncertainty.",
        least=1, most=16,
    )  # fmt: skip

    def settings(self, seed: int) -> DeformerSettings:
        """How the deformation is learned."""
        from understudy.nodes.learning.deformers.settings import DeformerSettings

        return DeformerSettings(
            mode="local",
            limit=self.principal_shapes_limit,
            accuracy=self.principal_shapes_accuracy,
            distilled=self.made_up_poses,
            members=self.ensemble,
            seed=seed,
            **self.net_settings,
        )
