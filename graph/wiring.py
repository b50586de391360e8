"""A graph made ready to run: nodes of known types with accepted knobs, in order."""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from understudy.graph.document import Graph
    from understudy.graph.node import Node
    from understudy.graph.ports import Outline


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection's beginning: a node and the name of one of its outputs."""

    node: str
    port: str


@dataclass(frozen=True, slots=True)
class Wiring:
    """The nodes of a checked graph and how they are connected.

    Attributes:
        graph: The document.
        nodes: The nodes by name, every parent before its children.
        wires: For each node the wires of each connected port.
        outlines: What is known of each node's outputs before running.
    """

    graph: Graph
    nodes: dict[str, Node]
    wires: dict[str, dict[str, list[Wire]]]
    outlines: dict[str, dict[str, Outline]]

    def parents(self, name: str) -> list[str]:
        """The nodes that a node's wires begin at, each once."""
        return parents(self.wires[name])

    def ends(self) -> list[str]:
        """The nodes that nobody takes anything from: what a run without targets computes."""
        taken = {parent for name in self.nodes for parent in self.parents(name)}
        return [name for name in self.nodes if name not in taken]


def parents(wires: Mapping[str, Iterable[Wire]]) -> list[str]:
    """The nodes at which a node's wires begin, each once, in order."""
    return list(dict.fromkeys(wire.node for port in wires.values() for wire in port))


def ordered(parents_of: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """The nodes with every parent first, and the nodes of a cycle if there is one (then no order).

    >>> ordered({"b": ["a"], "a": []})
    (['a', 'b'], [])
    """
    try:
        return list(TopologicalSorter(parents_of).static_order()), []
    except CycleError as error:
        return [], list(error.args[1])
