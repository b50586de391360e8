"""The loss of a colour effect, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.nodes.learning.images.recipes import LossNode

if TYPE_CHECKING:
    from understudy.nodes.learning.losses import Loss


class ColourLoss(LossNode):
    """Compares pixels in the encoding that the network sees, so that highlights don't outweigh the rest."""

    version = 1
    colour = True
    encodes = True

    def build(self) -> Loss:
        """Mean absolute error."""
        from understudy.nodes.learning.losses.colour import ColourLoss as Function

        return Function()
