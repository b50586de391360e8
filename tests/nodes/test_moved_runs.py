"""A run that somebody renamed or threw away: what the same graph does then."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from understudy import run
from understudy.runtime.context import Settings
from understudy.runtime.events import Progress
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.moving import rename_run, restore_run, trash_run
from understudy.runtime.runs.table import row_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from understudy.graph.document import Graph
    from understudy.runtime.scheduler import Outcome


@pytest.fixture
def graph(shot: Path, make_graph: Callable[..., Graph]) -> Graph:
    """Learns the shot's mattes in a few steps and writes them, with a Checkpoint between."""
    made = make_graph(shot, epochs=2)
    made.add("Write", "out", inputs={"input": "result"}, path="out/matte.####.exr")
    return made


def done(graph: Graph, *, stop_at: int | None = None, **options: Any) -> Outcome:
    """Runs it, stopped by a signal at a step where one is named."""

    def sink(event: object) -> None:
        if isinstance(event, Progress) and event.unit == "steps" and event.done == stop_at:
            os.kill(os.getpid(), signal.SIGINT)

    outcome = run(graph, settings=Settings(device="cpu", threads=1), sink=sink, **options)
    assert not outcome.failed, outcome.failed
    return outcome


def test_a_renamed_run_is_used_where_it_lies(graph: Graph, shot: Path) -> None:
    """Nothing is trained or made again; a frame that is missing is made with the renamed model."""
    done(graph)
    frame = shot / "out" / "matte.0002.exr"
    before = frame.read_bytes()
    new = rename_run(shot / "training" / "run", "good")
    files = {path: path.stat().st_mtime_ns for path in new.iterdir()}
    assert done(graph).up_to_date == ["out"]
    frame.unlink()
    done(graph)

    assert frame.read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in new.iterdir()} == files
    assert sorted(path.name for path in new.parent.iterdir() if path.is_dir()) == ["good"]


def test_a_renamed_run_goes_on(graph: Graph, shot: Path) -> None:
    """A stopped one is found by its job and finished in its folder, also without the kept results."""
    done(graph, stop_at=3, to=["learn"])
    new = rename_run(shot / "training" / "run", "good")
    done(graph, to=["learn"])

    assert row_of(new).state == "done"
    assert not (shot / "training" / "run").exists()


def test_a_longer_training_goes_on_from_a_renamed_run(
    shot: Path, make_graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The parent is known by the name that it has now."""
    monkeypatch.setattr("understudy.nodes.learning.schedules.WARM_UP_STEPS", 2)
    done(make_graph(shot, epochs=6), to=["learn"])
    rename_run(shot / "training" / "run", "good")
    done(make_graph(shot, epochs=10, run_name="longer"), to=["learn"])

    assert read_manifest(RunFolder(shot / "training" / "longer").manifest).parent == "good"


def test_a_trashed_run_is_trained_anew_and_can_come_back(graph: Graph, shot: Path) -> None:
    """The same bytes come out, and the old run takes a number behind its name."""
    done(graph, to=["learn"])
    trashed = trash_run(shot / "training" / "run")
    done(graph, to=["learn"])
    back, again = RunFolder(restore_run(trashed)), RunFolder(shot / "training" / "run")
    step = max(again.cats())

    assert back.path.name == "run_2"
    assert back.cat(step).read_bytes() == again.cat(step).read_bytes()
