"""`understudy check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from small_nodes import computed

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


def test_a_good_graph_has_no_faults(understudy: Command, graph: Path) -> None:
    """It says so, runs nothing and leaves nothing behind."""
    said = understudy("check", "job.toml")

    assert (said.status, said.out, said.err) == (0, "job.toml: 4 nodes, no faults.\n", "")
    assert (computed, [one.name for one in graph.parent.iterdir()]) == ([], ["job.toml"])


def test_every_fault_has_a_line(understudy: Command, graph: Path) -> None:
    """File and line come first, so that editors and terminals can jump there."""
    graph.write_text(graph.read_text().replace("value = 3", "valeu = 3").replace('"WriteText"', '"WriteTxt"'))
    said = understudy("check", "job.toml")

    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines() == [
        'job.toml:6: one.valeu: Number has no such knob. Did you mean "value"?',
        'job.toml:11: write.type: unknown node type; found "WriteTxt". Did you mean "WriteText"?',
    ]


def test_json_has_an_object_for_each_fault(understudy: Command, graph: Path) -> None:
    """And one that says that there are none."""
    good, bad = understudy("check", "job.toml", "--json"), understudy("check", "no.toml", "--json")

    assert good.records == [{"event": "end", "status": 0, "nodes": 4}]
    assert (bad.status, bad.records[0]["what"]) == (2, "there is no such graph file")


def test_unknown_nodes_and_variables_of_the_call_are_faults(understudy: Command, graph: Path) -> None:
    """`--set` and `--var` are checked like the file."""
    both = understudy("check", "job.toml", "--set", "a.b=1", "--set", "c.d=1")

    assert (both.status, len(both.err.splitlines())) == (2, 2)
    assert 'Did you mean "shot"?' in understudy("check", "job.toml", "--var", "shott=1").err
