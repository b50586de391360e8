"""Events as plain data, and the context that sends them."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from understudy.graph.document import Graph
from understudy.graph.errors import Stopped
from understudy.runtime import events
from understudy.runtime.context import Context, Settings
from understudy.runtime.store import Store


@pytest.fixture
def heard() -> list[events.Event]:
    """What the context sent."""
    return []


@pytest.fixture
def context(heard: list[events.Event], tmp_path: Path) -> Context:
    """A context whose events are heard."""
    return Context(
        node="learn",
        key="k",
        lineage="l",
        why="",
        graph=Graph(),
        settings=Settings(),
        work=tmp_path,
        store=Store(None),
        stop=threading.Event(),
        sink=heard.append,
    )


ALL: list[tuple[events.Event, dict[str, Any]]] = [
    (events.Started("n", "why"), {"event": "started", "node": "n", "why": "why"}),
    (events.Said("n", "hello"), {"event": "said", "node": "n", "message": "hello"}),
    (events.Warned("n", "oh"), {"event": "warned", "node": "n", "message": "oh"}),
    (events.Wrote("n", "a.png", "sheet"), {"event": "wrote", "node": "n", "path": "a.png", "what": "sheet"}),
    (events.UpToDate("n"), {"event": "uptodate", "node": "n"}),
    (events.Finished("n", 1.5), {"event": "finished", "node": "n", "seconds": 1.5}),
    (events.Failed("n", "no"), {"event": "failed", "node": "n", "message": "no"}),
    (events.Skipped("n", "m"), {"event": "skipped", "node": "n", "because": "m"}),
    (
        events.Progress("n", 1, 2, "step", 3.0, {"loss": 0.5}),
        {
            "event": "progress",
            "node": "n",
            "done": 1,
            "total": 2,
            "unit": "step",
            "remaining": 3.0,
            "details": {"loss": 0.5},
        },
    ),
]


@pytest.mark.parametrize(("event", "expected"), ALL)
def test_an_event_is_plain_data(event: events.Event, expected: dict[str, Any]) -> None:
    """Other programs rely on these names."""
    assert json.loads(json.dumps(event.as_dict())) == expected


def test_time_left_is_measured_from_the_first_call(
    context: Context, heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resumed node's steps of earlier processes don't count as quick ones."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    context.progress(500, 1000, "step")
    now[0] = 110.0
    context.progress(600, 1000, "step", loss=0.5)

    assert [event.remaining for event in heard] == [None, 40.0]
    assert heard[1].details == {"loss": 0.5}


def test_what_a_node_tells_carries_its_name(context: Context, heard: list[events.Event]) -> None:
    """Sentences, warnings and files are sent as events of the node."""
    context.say("hello")
    context.warn("oh")
    context.wrote(Path("a.png"), "sheet")

    assert heard == [
        events.Said("learn", "hello"),
        events.Warned("learn", "oh"),
        events.Wrote("learn", "a.png", "sheet"),
    ]


def test_a_node_ends_where_it_asks_whether_to_stop(context: Context) -> None:
    """Nothing is raised until a signal came."""
    context.stop_if_asked()
    context.stop.set()

    with pytest.raises(Stopped, match="learn"):
        context.stop_if_asked()


def test_digests_are_named_by_path(context: Context, tmp_path: Path) -> None:
    """Each file's SHA-256 stands under its path."""
    (tmp_path / "a").write_bytes(b"")

    assert context.digests([tmp_path / "a"]) == {
        str(tmp_path / "a"): "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    }
