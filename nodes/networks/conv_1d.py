"""Convolutions over time, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.tables.recipes import LabelNetworkNode

if TYPE_CHECKING:
    from torch import nn


class Conv1D(LabelNetworkNode):
    """Learns labels of windows with convolutions over time: what happens, wherever in the window.

    Each layer sees twice as far as the one before; with 3 layers and a kernel of 5 that is 29 frames.
    """

    version = 1
    windows = True
    channels = Knob(64, "Channels of each layer.", least=1, most=1024)
    layers = Knob(3, "Layers.", least=1, most=8)
    kernel = Knob(5, "Frames that a layer looks at.", least=1, most=63)

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """The module of these layers."""
        from understudy.nodes.learning.networks.labels import conv_1d

        return conv_1d(
            shape, outputs, channels=self.channels, layers=self.layers, kernel=self.kernel,
        )  # fmt: skip
