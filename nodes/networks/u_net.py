"""The U-Net, the default network for images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.images.recipes import NetworkNode

if TYPE_CHECKING:
    from torch import nn


class UNet(NetworkNode):
    """Learns mattes, clean-up, repair and colour: a small convolutional network in the shape of a U.

    It looks 138 pixels to each side. A Trainer without a network takes this one in its medium size.
    """

    version = 1
    model_size = Knob(
        "medium",
        "How much the network can hold: small is quicker, large four times as slow.",
        choices=("small", "medium", "large"),
    )

    def build(self, inputs: int, outputs: int, *, colour: bool) -> nn.Module:
        """The module of this size."""
        from understudy.nodes.learning.networks.unet import UNet as Module

        return Module(inputs, outputs, size=self.model_size, colour=colour)
