"""A real training in another process, watched by its files, and killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from understudy.runtime.runs.following import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from understudy.graph.document import Graph
    from understudy.runtime.runs.following import Change

RUN = "import sys; from understudy.cli.main import main; main(['run', *sys.argv[1:]])"
PATIENCE = 120.0
"""Seconds after which the other process is given up."""


def test_a_training_is_watched_until_it_is_killed(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Steps with losses and the time that is left come as it trains; SIGKILL is told as a crash at once."""
    make_graph(shot, epochs=3000).save(shot / "job.toml")
    watcher = Watcher([shot])
    seen: list[Change] = []

    def wait_for(is_there: Callable[[Change], bool]) -> Change:
        began = time.monotonic()
        while time.monotonic() - began < PATIENCE:
            seen.extend(watcher.look())
            if seen and is_there(seen[-1]):
                return seen[-1]
            time.sleep(0.05)
        raise AssertionError(seen)

    call = [sys.executable, "-c", RUN, str(shot / "job.toml"), "--to", "learn", "--threads", "1"]
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as training:
        try:
            going = wait_for(lambda change: (change.row.step or 0) >= 5).row
            os.kill(training.pid, signal.SIGKILL)
            training.wait()
            crashed = wait_for(lambda change: change.row.state != "running").row
        finally:
            training.kill()

    assert (going.state, going.node, going.steps) == ("running", "learn", 9000)
    assert going.loss is not None
    assert going.remaining is not None
    assert (crashed.state, crashed.name) == ("crashed", "run")
