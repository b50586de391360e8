"""A small convolutional network from frames to labels, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.tables.recipes import LabelNetworkNode

if TYPE_CHECKING:
    from torch import nn


class FrameNet(LabelNetworkNode):
    """Learns labels of frames, such as the yaw and pitch of a head: a small convolutional network.

    Frames are shrunk to a square of `resolution` pixels, whatever their own shape. A Trainer of frames and
    labels without a network takes this one. `contrast` is brightness held against what surrounds each pixel;
    `edges` do not tell which side of them is brighter, so that the background matters little.
    """

    version = 1
    takes = "frames"
    resolution = Knob(
        "32", "Width and height that frames are shrunk to, in pixels.", choices=("16", "32", "64", "128")
    )
    sees = Knob(
        "colours",
        "What it sees: colours; brightness, whatever the exposure; contrast or edges, whatever the light.",
        choices=("colours", "brightness", "contrast", "edges"),
    )
    model_size = Knob(
        "medium", "How much the network can hold.", choices=("small", "medium", "large")
    )  # fmt: skip

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """The module of this size."""
        from understudy.nodes.learning.networks.labels import frame_net

        width = {"small": 8, "medium": 16, "large": 32}[self.model_size]
        return frame_net(shape, outputs, width=width, neurons=4 * width)
