"""Two runs held side by side: what differs, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from small_nodes import small_registry

from understudy.graph.errors import FormatError
from understudy.runtime.runs.comparing import UNSET, Comparison, compare, conclusion
from understudy.runtime.runs.folder import create_run
from understudy.runtime.runs.manifest import Manifest
from understudy.runtime.runs.summary import SummaryWriter
from understudy.runtime.runs.table import Row

if TYPE_CHECKING:
    from pathlib import Path

GRAPH = """
understudy = 1
[vars]
epochs = "10"
[nodes.one]
type = "Number"
value = {value}
{more}
[nodes.learn]
type = "Train"
inputs = {{ input = "one" }}
epochs = {epochs}
[nodes.unrelated]
type = "Number"
value = {value}
"""


def make_run(directory: Path, name: str, best: float, graph: str = "", **facts: Any) -> Path:
    """A run of two steps with a held-out loss, a second a step."""
    text = graph or GRAPH.format(value=1, more="", epochs=10)
    manifest = Manifest(name="", number=0, node="learn", job="j", lineage="l", state="finished", **facts)
    run = create_run(directory, manifest, text.encode(), name)
    with SummaryWriter(run.summary) as summary:
        for step in (1, 2):
            summary.row(step, 1.0, 0.1, float(step))
        summary.validation(2, best)
    return run.path


def compared(first: Path, second: Path) -> Comparison:
    """Both, by the tests' small node types."""
    return compare(first, second, small_registry())


def test_knobs_that_can_change_the_result_are_told(tmp_path: Path) -> None:
    """A default counts as its value; knobs of no effect and nodes that nothing learns from are left out."""
    changed = GRAPH.format(value=2, more="threads = 3", epochs=20)
    one, two = make_run(tmp_path, "one", 0.5), make_run(tmp_path, "two", 0.25, changed)
    found = compared(one, two)

    assert {item.where: (item.first, item.second) for item in found.knobs} == {
        "one.value": (1, 2),
        "learn.epochs": (10, 20),
    }
    assert found.conclusion == (
        "two has the best held-out loss 0.25 instead of 0.5 (50% lower), in the same time."
    )


def test_other_nodes_and_wires_are_told(tmp_path: Path) -> None:
    """A node that only one graph has, and a wire that only one has."""
    alone = 'understudy = 1\n[nodes.learn]\ntype = "Train"\nepochs = 10\n'
    found = compared(make_run(tmp_path, "one", 0.5), make_run(tmp_path, "two", 0.5, alone))
    differences = {item.where: (item.first, item.second) for item in found.knobs}

    assert differences["one.type"] == ("Number", UNSET)
    assert differences["learn.inputs.input"] == ("one", UNSET)


def test_data_and_programs_are_compared(tmp_path: Path) -> None:
    """How many files differ, and which versions."""
    one = make_run(tmp_path, "one", 0.5, data={"a": "1", "b": "1", "c": "1"}, versions={"torch": "2.6"})
    two = make_run(tmp_path, "two", 0.5, data={"b": "2", "c": "1", "d": "1"}, versions={"torch": "2.7"})
    found = compared(one, two)

    assert found.data == "1 only the first has, 1 only the second has, 1 changed between them"
    assert [(item.where, item.first, item.second) for item in found.versions] == [("torch", "2.6", "2.7")]
    assert found.knobs == []
    assert "held out may differ" in found.notes[0]


def test_a_graph_copy_that_is_damaged_leaves_the_results(tmp_path: Path) -> None:
    """The numbers are compared all the same, and a note says why no knobs are."""
    one, two = make_run(tmp_path, "one", 0.5), make_run(tmp_path, "two", 0.25)
    (two / "two.toml").write_text("understudy = ")
    found = compared(one, two)

    assert found.knobs == []
    assert "The knobs can't be compared" in found.notes[0]
    assert "50% lower" in found.conclusion


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    """With the file that it lacks."""
    with pytest.raises(FormatError, match="nothing: it is no run folder"):
        compared(make_run(tmp_path, "one", 0.5), tmp_path / "nothing")


def row(name: str, **facts: Any) -> Row:
    """Facts of a run."""
    return Row(name=name, run=name, state="done", **facts)


def test_a_hundredth_is_no_difference() -> None:
    """Losses that close are called the same; a seed alone moves them further."""
    assert conclusion(row("a", best=1.0), row("b", best=1.005)) == "b has the same best held-out loss, 1.005."


def test_without_held_out_losses_the_training_s_are_compared() -> None:
    """And with none at all that is said."""
    assert "training loss 2 instead of 1 (100% higher)" in conclusion(row("a", loss=1.0), row("b", loss=2.0))
    assert conclusion(row("a"), row("b", loss=2.0)) == "One of them has no losses yet."


def test_numbers_of_different_losses_are_not_compared() -> None:
    """A mean square and an absolute error have no common measure."""
    said = conclusion(row("a", best=1.0), row("b", best=2.0), comparable=False)

    assert "different losses" in said
