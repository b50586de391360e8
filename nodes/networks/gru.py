"""A recurrent network, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.tables.recipes import LabelNetworkNode

if TYPE_CHECKING:
    from torch import nn


class GRU(LabelNetworkNode):
    """Learns labels of windows with a gated recurrent unit that goes through them frame by frame."""

    version = 1
    windows = True
    neurons = Knob(64, "Neurons of its state.", least=1, most=1024)
    both_ways = Knob(True, "Whether a second one goes through the window backwards.")

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """The module of this size."""
        from understudy.nodes.learning.networks.labels import gru

        return gru(shape, outputs, neurons=self.neurons, both=self.both_ways)
