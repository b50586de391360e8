"""Fully connected layers, as a node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.knobs import Knob
from understudy.nodes.learning.tables.recipes import LabelNetworkNode

if TYPE_CHECKING:
    from torch import nn


class MLP(LabelNetworkNode):
    """Learns labels of rows with a few fully connected layers.

    A Trainer of features and labels without a network takes this one. Numbers come out of a linear layer,
    truth values through a sigmoid, categories through a softmax.
    """

    version = 1
    neurons = Knob(64, "Neurons of each hidden layer.", least=1, most=4096)
    layers = Knob(2, "Hidden layers.", least=0, most=8)

    def build(self, shape: tuple[int, ...], outputs: int) -> nn.Module:
        """The module of these layers."""
        from understudy.nodes.learning.networks.labels import mlp

        return mlp(shape, outputs, neurons=self.neurons, layers=self.layers)
