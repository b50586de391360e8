"""The loss of a matte, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.images.recipes import LossNode

if TYPE_CHECKING:
    from understudy.nodes.learning.losses import Loss


class MatteLoss(LossNode):
    """Compares mattes: values from 0 to 1, of which most are one or the other."""

    version = 1
    soften = Knob(True, "Whether painted edges are softened by a pixel, for mattes that were drawn hard.")

    def build(self) -> Loss:
        """Cross-entropy plus absolute error."""
        from understudy.nodes.learning.losses.matte import MatteLoss as Function

        return Function(soften=self.soften)
