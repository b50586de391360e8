"""Running plans: order, failures, exclusive nodes, large graphs, stopping."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest
from small_nodes import Train, Wait, computed, small_registry

from understudy.graph.document import Graph
from understudy.graph.errors import MediaError, NodeError
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output
from understudy.graph.registry import Registry
from understudy.runtime import events
from understudy.runtime.running import run
from understudy.runtime.store import RESULTS_OF_A_NODE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome


def ran(graph: Graph, *to: str, jobs: int | None = None, sink: events.Sink = events.nobody) -> Outcome:
    """What a run of a graph of the tests ended with."""
    return run(graph, small_registry(), to=to, jobs=jobs, sink=sink)


def chain(folder: Path, length: int) -> Graph:
    """A number, and nodes of which each adds one to the one before."""
    graph = Graph(folder / "chain.toml")
    last = graph.add("Number", "n0")
    for number in range(1, length):
        last = graph.add("Add", f"n{number}", inputs={"input": last}, more=1.0)
    return graph


def wide(folder: Path, width: int) -> Graph:
    """Many numbers that one node adds."""
    graph = Graph(folder / "wide.toml")
    numbers = [graph.add("Number", f"n{number}", value=number) for number in range(width)]
    graph.add("Add", "sum", inputs={"input": numbers})
    return graph


def test_a_chain_of_10_000_runs_and_is_kept(tmp_path: Path) -> None:
    """Nothing recurses, and the second run computes nothing."""
    outcome = ran(chain(tmp_path, 10_000))

    assert outcome.values["n9999"] == {"output": 10_000.0}
    assert ran(chain(tmp_path, 10_000)).ran == []


@pytest.mark.parametrize("jobs", [1, 2, 16])
def test_a_wide_graph_runs_on_any_number_of_threads(tmp_path: Path, jobs: int) -> None:
    """A thousand parents of one node are all there when it runs, whatever runs side by side."""
    outcome = ran(wide(tmp_path, 1000), jobs=jobs)

    assert outcome.values["sum"] == {"output": 499_500.0}
    assert (len(outcome.ran), outcome.status) == (1001, 0)


def test_each_node_is_computed_once(tmp_path: Path) -> None:
    """A node that many take from is computed once."""
    graph = Graph(tmp_path / "g.toml")
    graph.add("Number", "one")
    for number in range(20):
        graph.add("Add", f"a{number}", inputs={"input": ["one", "one"]})
    ran(graph)

    assert sorted(computed) == sorted(graph.entries)


def test_only_targets_and_what_they_need_run(tmp_path: Path) -> None:
    """Branches that nobody asked for are left alone."""
    graph = wide(tmp_path, 3)
    graph.add("Fail", "other")

    assert sorted(ran(graph, "sum").ran) == ["n0", "n1", "n2", "sum"]


def test_a_second_output_is_carried_by_its_name(tmp_path: Path) -> None:
    """A wire from `both.label` brings the label."""
    graph = Graph(tmp_path / "g.toml")
    graph.add("Both", "both")
    graph.add("WriteText", "write", inputs={"input": "both.label"})
    ran(graph)

    assert (tmp_path / "out.txt").read_text() == "one"


def failing(folder: Path) -> Graph:
    """A node that fails, two below it, and a branch beside."""
    graph = Graph(folder / "g.toml")
    graph.add("Number", "one")
    graph.add("Fail", "bad", inputs={"input": "one"})
    graph.add("Add", "child", inputs={"input": ["bad", "one"]})
    graph.add("Add", "grandchild", inputs={"input": "child"})
    graph.add("Add", "beside", inputs={"input": "one"})
    return graph


def test_a_failing_node_stops_only_its_children(tmp_path: Path) -> None:
    """What does not depend on it is done, what does is skipped, and the status is 1."""
    outcome = ran(failing(tmp_path))

    assert sorted(outcome.ran) == ["beside", "one"]
    assert (list(outcome.failed), outcome.skipped) == (["bad"], ["child", "grandchild"])
    assert outcome.status == 1


def test_a_child_of_two_failures_is_skipped_once(tmp_path: Path) -> None:
    """However many of its parents failed, and however they lie above it."""
    graph = failing(tmp_path)
    graph.add("Fail", "worse")
    graph.add("Add", "both", inputs={"input": ["worse", "child"]})

    assert sorted(ran(graph).skipped) == ["both", "child", "grandchild"]


def test_after_a_failure_only_the_rest_runs(tmp_path: Path) -> None:
    """The same command computes again what failed, and nothing else."""
    ran(failing(tmp_path))
    computed.clear()
    ran(failing(tmp_path))

    assert computed == ["bad"]


def test_a_mistake_in_a_node_is_a_sentence_with_the_place_of_its_traceback(tmp_path: Path) -> None:
    """An error that the author did not foresee names the node; the traceback goes to a file."""
    message = ran(failing(tmp_path)).failed["bad"]
    trace = tmp_path / ".understudy" / "bad.traceback.txt"

    assert message == (
        "bad: ZeroDivisionError: division by zero. This is a mistake in the node's code; "
        f"its traceback is in {trace}"
    )
    assert "1 / 0" in trace.read_text()


def raising(error: Exception) -> type[Node]:
    """A node type that fails with an error."""

    class Raise(Node):
        """Fails."""

        version = 1
        keeps = True
        output = Output("features", "Nothing.")

        def compute(self, inputs: Any, context: Any) -> Any:  # noqa: ARG002 - the signature of nodes
            """Fails."""
            raise error

    return Raise


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NodeError("a", "no such pass", knob="channels", frame=7), "a.channels: no such pass (frame 7)"),
        (MediaError("b.exr", "is cut short"), "a: b.exr: is cut short"),
        (MemoryError(), "a: the memory is full"),
    ],
)
def test_a_failure_is_told_in_the_nodes_own_words(tmp_path: Path, error: Exception, expected: str) -> None:
    """A foreseen error is told as it is, with the node's name in front."""
    registry = small_registry()
    registry.add(raising(error))
    graph = Graph(tmp_path / "g.toml")
    graph.add("Raise", "a")

    assert run(graph, registry).failed == {"a": expected}


def test_a_result_that_cannot_be_kept_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that keeps what is no plain data fails instead of being computed anew forever."""
    monkeypatch.setattr(Wait, "work", lambda *_: object())
    graph = Graph(tmp_path / "g.toml")
    graph.add("Wait", "a")

    assert "not JSON serializable" in ran(graph).failed["a"]


def test_exclusive_nodes_never_overlap(tmp_path: Path) -> None:
    """Nodes that need the device for themselves run one after another, others beside them."""
    graph = Graph(tmp_path / "g.toml")
    for number in range(6):
        graph.add("Train", f"t{number}", steps=2)
        graph.add("Wait", f"w{number}", steps=2)
    Train.most_at_once = 0
    outcome = ran(graph, jobs=8)

    assert (len(outcome.ran), Train.most_at_once) == (12, 1)


def test_independent_nodes_run_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes that wait for each other both come to their end."""
    meeting = threading.Barrier(2, timeout=20)
    monkeypatch.setattr(Wait, "work", lambda *_: meeting.wait() >= 0)
    graph = Graph(tmp_path / "g.toml")
    graph.add("Wait", "one")
    graph.add("Wait", "two")

    assert sorted(ran(graph, jobs=2).ran) == ["one", "two"]


def stopping_at(node: str, sink: list[events.Event]) -> Callable[[events.Event], None]:
    """A sink that sends this process a signal when a node begins."""
    import os
    import signal

    def take(event: events.Event) -> None:
        sink.append(event)
        if event.node == node and isinstance(event, events.Started):
            os.kill(os.getpid(), signal.SIGTERM)

    return take


def test_a_signal_ends_the_run_with_what_is_done_kept(tmp_path: Path) -> None:
    """The node that runs ends at its next safe moment, nothing else begins, and the status is 130."""
    graph = Graph(tmp_path / "g.toml")
    graph.add("Number", "one")
    graph.add("Wait", "wait", inputs={"input": "one"}, steps=3000)
    graph.add("Wait", "after", inputs={"input": "wait"})
    outcome = ran(graph, sink=stopping_at("wait", []))
    computed.clear()
    graph.set("wait", "steps", 1)
    again = ran(graph)

    assert (outcome.ran, outcome.stopped, outcome.status) == (["one"], True, 130)
    assert (computed, again.status) == (["wait", "after"], 0)


def test_a_signal_during_the_last_node_that_ends_anyway_is_no_stop(tmp_path: Path) -> None:
    """When everything is done all the same, the status says so."""
    graph = Graph(tmp_path / "g.toml")
    graph.add("Number", "one")
    outcome = ran(graph, sink=stopping_at("one", []))

    assert (outcome.ran, outcome.status) == (["one"], 0)


def test_events_tell_the_run_in_order(tmp_path: Path) -> None:
    """A sink hears what began and why, what was written, what failed, and what was skipped because of it."""
    heard: list[events.Event] = []
    ran(failing(tmp_path), jobs=1, sink=heard.append)
    told = [event.as_dict() for event in heard]

    assert [(one["event"], one["node"]) for one in told if one["event"] != "progress"] == [
        ("started", "one"),
        ("finished", "one"),
        ("started", "bad"),
        ("failed", "bad"),
        ("skipped", "child"),
        ("skipped", "grandchild"),
        ("started", "beside"),
        ("finished", "beside"),
    ]
    assert told[0]["why"] == "it has not run before"
    assert told[4]["because"] == "bad"


def test_up_to_date_nodes_are_told_too(tmp_path: Path) -> None:
    """A second run tells which kept results it used."""
    heard: list[events.Event] = []
    ran(wide(tmp_path, 2))
    ran(wide(tmp_path, 2), sink=heard.append)

    assert heard == [events.UpToDate("sum")]


def test_a_file_that_changes_while_the_graph_runs_spoils_no_kept_result(tmp_path: Path) -> None:
    """What was computed from a file that somebody edited meanwhile is told and computed again next time."""
    source = tmp_path / "numbers.txt"
    source.write_text("1")

    class Reader(Node):
        """Reads a file and, as it goes, somebody edits it."""

        version = 1
        output = Output("features", "The text.")

        def contents(self) -> Iterable[Path]:
            return (source,)

        def compute(self, inputs: Any, context: Any) -> str:  # noqa: ARG002 - the signature of nodes
            text = source.read_text()
            source.write_text("22")
            return text

    class Keep(Node):
        """Keeps what it is given."""

        version = 1
        keeps = True
        input = Input("features", "What to keep.")
        output = Output("features", "The same.")

        def compute(self, inputs: Any, context: Any) -> Any:  # noqa: ARG002 - the signature of nodes
            return inputs["input"]

    registry = Registry()
    registry.add(Reader)
    registry.add(Keep)
    graph = Graph(tmp_path / "graph.toml")
    graph.add("Reader", "reader")
    graph.add("Keep", "keep", inputs={"input": "reader"})
    told: list[events.Event] = []
    run(graph, registry, sink=told.append)
    assert any(isinstance(event, events.Warned) and event.node == "reader" for event in told)
    source.write_text("1")
    assert run(graph, registry).ran == ["reader", "keep"]


def test_kept_results_do_not_grow_for_ever(tmp_path: Path) -> None:
    """A run leaves so many results of each node at most, and its own is among them."""
    for value in range(RESULTS_OF_A_NODE + 2):
        graph = Graph(tmp_path / "chain.toml")
        graph.add("Number", "n", value=value)
        ran(graph)
    with sqlite3.connect(tmp_path / ".understudy" / "store.sqlite") as database:
        (count,) = database.execute("SELECT COUNT(*) FROM results").fetchone()
    database.close()
    assert count == RESULTS_OF_A_NODE
    assert ran(graph).ran == []
