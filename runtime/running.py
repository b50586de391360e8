"""The whole way from a document to its results: check, plan, run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from understudy.graph.checking import wiring as checked
from understudy.runtime import events
from understudy.runtime.context import Settings
from understudy.runtime.planning import Step, plan
from understudy.runtime.scheduler import Outcome, Scheduler
from understudy.runtime.stopping import stop_on_signals
from understudy.runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from understudy.graph.document import Graph
    from understudy.graph.registry import Registry

WORK = ".understudy"
"""The folder beside the graph file for kept results and caches."""


def work_folder(graph: Graph) -> Path:
    """Where the graph's kept results and caches lie."""
    return graph.folder / WORK


def run(
    graph: Graph,
    registry: Registry,
    *,
    to: Sequence[str] = (),
    settings: Settings | None = None,
    sink: events.Sink = events.nobody,
    jobs: int | None = None,
) -> Outcome:
    """Runs a graph, or what the nodes `to` need, and says how it ended.

    Raises:
        GraphError: The graph has faults, or a target is no node of it; nothing ran.
    """
    wiring = checked(graph, registry)
    settings = settings or Settings()
    work = work_folder(graph)
    stop = threading.Event()
    store = Store(work)
    try:
        with stop_on_signals(stop):
            steps = plan(wiring, store, settings, to)
            return Scheduler(wiring, steps, store, settings, work, sink, stop, jobs).run()
    finally:
        store.close()


def planned(
    graph: Graph, registry: Registry, *, to: Sequence[str] = (), settings: Settings | None = None
) -> dict[str, Step]:
    """What `run` would do, node by node; nothing is computed.

    Raises:
        GraphError: The graph has faults, or a target is no node of it.
    """
    wiring = checked(graph, registry)
    store = Store(work_folder(graph))
    try:
        return plan(wiring, store, settings or Settings(), to)
    finally:
        store.close()
