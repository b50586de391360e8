"""A training that a signal stops, as a user or a farm does it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from understudy import run
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from understudy import Graph

CPU = Settings(device="cpu", threads=1)


def stop_after(
    graph: Graph, steps: int = 5, settings: Settings = CPU, events: list[Any] | None = None
) -> None:
    """Runs the node `learn` and sends SIGTERM after so many steps; `events` takes what is told."""
    made = 0

    def sink(event: Any) -> None:
        nonlocal made
        if events is not None:
            events.append(event)
        if getattr(event, "unit", "") == "steps":
            made += 1
            if made == steps:
                os.kill(os.getpid(), signal.SIGTERM)

    outcome = run(graph, to=["learn"], settings=settings, sink=sink)
    assert outcome.stopped, outcome.failed
    assert outcome.status == 130
