"""A graph made ready to run: nodes of known types with accepted knobs, in order."""

from __future__ import annotations

from contextlib import suppress
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


def ordered(parents_of: Mapping[str, Iterable[str]]) -> tuple[list[str], list[list[str]]]:
    """The nodes with every parent first, and the circles that keep the others from having a place.

    A circle lists each of its nodes before the one that it takes from.

    >>> ordered({"b": ["a"], "a": [], "x": ["y"], "y": ["x"]})
    (['a', 'b'], [['x', 'y']])
    """
    sorter = TopologicalSorter(parents_of)
    with suppress(CycleError):
        sorter.prepare()
    order: list[str] = []
    while ready := sorter.get_ready():
        order += ready
        sorter.done(*ready)
    placed = set(order)
    return order, _circles({name: ones for name, ones in parents_of.items() if name not in placed}, placed)


def _circles(parents_of: Mapping[str, Iterable[str]], placed: set[str]) -> list[list[str]]:
    """Walks from each node upwards: every node here has a parent here, so each walk ends in a circle."""
    found = []
    walk_of: dict[str, str] = {}
    for start in parents_of:
        path, name = [], start
        while name not in walk_of:
            walk_of[name] = start
            path.append(name)
            name = next(parent for parent in parents_of[name] if parent not in placed)
        if walk_of[name] == start:
            found.append(path[path.index(name) :])
    return found
