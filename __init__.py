"""Learns what was done to a few frames or poses, and does it to the whole sequence.

    from understudy import Graph, run

    graph = Graph.load("job.toml")
    outcome = run(graph)

A node type of your own needs `Node`, `Input`, `Output` and `Knob`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.document import Graph
from understudy.graph.errors import Fault, UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Inputs, Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from understudy.runtime.scheduler import Outcome

__version__ = "0.1.0"

__all__ = [
    "Fault",
    "Graph",
    "Input",
    "Inputs",
    "Knob",
    "Node",
    "Outline",
    "Output",
    "UnderstudyError",
    "check",
    "run",
]


def check(graph: Graph) -> list[Fault]:
    """Every fault of a graph; an empty list says that it can run."""
    from understudy.graph.checking import check as checked
    from understudy.nodes.registry import registry

    return checked(graph, registry())


def run(graph: Graph, **options: Any) -> Outcome:
    """Runs a graph and says how it ended; the options are those of `understudy.runtime.running.run`.

    Raises:
        GraphError: The graph has faults; nothing ran.
    """
    from understudy.nodes.registry import registry
    from understudy.runtime.running import run as run_with

    return run_with(graph, registry(), **options)
