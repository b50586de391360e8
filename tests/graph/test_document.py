"""The graph as a document: built in Python, saved, loaded, changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy.graph.document import Graph, Source
from understudy.graph.errors import GraphError, StorageError

if TYPE_CHECKING:
    from pathlib import Path


def roto() -> Graph:
    """A small graph built in Python."""
    graph = Graph()
    one = graph.add("Number", "one", value=1)
    graph.add("Add", "sum", inputs={"input": [one, "both.number"]}, more=0.5)
    graph.add("Both", "both")
    return graph


def test_a_graph_built_in_python_is_the_graph_of_its_file(tmp_path: Path) -> None:
    """What is saved loads as the same nodes, wires and knobs."""
    graph = roto()
    graph.save(tmp_path / "job.toml")

    assert graph.entries == Graph.load(tmp_path / "job.toml").entries


def test_a_saved_graph_names_the_version_of_the_format(tmp_path: Path) -> None:
    """The file of a graph that came from no file has `understudy = 1`."""
    roto().save(tmp_path / "job.toml")

    assert (tmp_path / "job.toml").read_text().startswith("understudy = 1\n")


def test_a_name_is_taken_once() -> None:
    """Adding a second node of a name is refused and names the node."""
    with pytest.raises(GraphError, match="one: there is a node of this name already"):
        roto().add("Number", "one")


@pytest.mark.parametrize("name", ["", "a b", "a.b", "é", "x" * 101])
def test_other_names_than_letters_and_digits_are_refused(name: str) -> None:
    """A name with other characters, or of no or too many, can't be a node's."""
    with pytest.raises(GraphError, match="expected up to 100 letters, digits"):
        Graph().add("Number", name)


def test_setting_a_knob_of_an_unknown_node_names_the_nearest() -> None:
    """`set` refuses a misspelt node and suggests the right one."""
    with pytest.raises(GraphError, match='Did you mean "sum"'):
        roto().set("sun", "more", 1.0)


def test_a_variable_that_the_file_has_not_is_refused(tmp_path: Path) -> None:
    """A misspelt `--var` is a fault with the nearest name, not a silent nothing."""
    path = tmp_path / "job.toml"
    path.write_text('understudy = 1\n[vars]\nshot = "sh010"\n[nodes.a]\ntype = "Number"\n')

    with pytest.raises(GraphError, match=r'no variable shott .* Did you mean "shot"'):
        Graph.load(path, {"shott": "sh020"})


def test_variables_replace_in_texts_and_lists_only(tmp_path: Path) -> None:
    """`${name}` is replaced in texts, also within lists; other values pass as they are."""
    graph = Graph()
    graph.variables["shot"] = "sh010"
    missing: list[str] = []

    assert graph.substituted("a/${shot}/${shot}", missing.append) == "a/sh010/sh010"
    assert graph.substituted(["${shot}", 1], missing.append) == ["sh010", 1]
    assert graph.substituted("${other}", missing.append) == "${other}"
    assert missing == ["other"]


def test_a_source_prints_as_it_was_written() -> None:
    """`node` and `node.port` survive parsing and printing."""
    assert [str(Source.parse(text)) for text in ("rig", "rig.controls")] == ["rig", "rig.controls"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full the old graph file is untouched and no other file is left behind."""
    path = tmp_path / "job.toml"
    roto().save(path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        roto().save(path)
    assert [path] == list(tmp_path.iterdir())
    assert before == path.read_bytes()
