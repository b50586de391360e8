"""Reading graph files: every structural fault at once, with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy.graph import reading
from understudy.graph.document import Graph
from understudy.graph.errors import GraphError
from understudy.graph.reading import parse

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "understudy = 1\n"


def refusal(text: str) -> str:
    """What reading a text is refused with."""
    with pytest.raises(GraphError) as raised:
        parse(text)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[nodes.a]\n", "the version of the format is missing; expected understudy = 1 at the top"),
        ("understudy = 2\n", "1: understudy: unknown version of the format; found 2; expected 1 to 1"),
        ("understudy = true\n", "unknown version of the format; found true"),
        (
            HEAD + "node = 1\n",
            '2: node: unknown key; expected understudy, vars, nodes. Did you mean "nodes"?',
        ),
        (HEAD + "vars = 1\n", "2: vars: vars is no table"),
        (HEAD + "[vars]\na = [1]\n", "variable a is no text; found [1]; expected a text"),
        (HEAD + f'[vars]\na = "{"x" * 1001}"\n', "variable a is too long"),
        (HEAD + "nodes = 1\n", "2: nodes: nodes is no table of tables"),
        (HEAD + "[nodes]\na = 1\n", "nodes is no table of tables"),
        (HEAD + '[nodes."a b"]\ntype = "A"\n', "a b: this can't be a node's name"),
        (HEAD + "[nodes.a]\n", '2: a.type: the node has no type; expected type = "DataSource" or another'),
        (HEAD + "[nodes.a]\ntype = 1\n", "3: a.type: the node has no type; found 1"),
        (HEAD + '[nodes.a]\ntype = "A"\ninputs = 1\n', "4: a.inputs: inputs is no table; found 1"),
        (HEAD + '[nodes.a]\ntype = "A"\ninputs = { b = 1 }\n', "4: a.inputs: input b is no source; found 1"),
        (HEAD + '[nodes.a]\ntype = "A"\ninputs = { b = [""] }\n', "input b is no source"),
        (HEAD + "a = \n", "2: this is no TOML: Invalid value"),
        (HEAD + "[nodes.a]\n[nodes.a]\n", "3: this is no TOML: Cannot declare ('nodes', 'a') twice"),
        (HEAD + "a = 1" + "0" * 5000, "a number has too many digits"),
        (HEAD + "a = " + "[" * 9000, "lists are nested too deeply"),
    ],
)
def test_a_structural_fault_is_told_with_its_place(text: str, expected: str) -> None:
    """Each way in which a text is no graph file has a sentence with line, node and what was expected."""
    assert expected in refusal(text)


def test_all_structural_faults_are_told_at_once() -> None:
    """One pass finds the wrong key, the missing type and the bad source."""
    text = HEAD + 'noodles = 1\n[nodes.a]\n[nodes.b]\ntype = "B"\ninputs = { x = 5 }\n'

    assert len(refusal(text).splitlines()) == 3


def test_a_missing_file_is_told_with_the_nearest_name(tmp_path: Path) -> None:
    """A misspelt path names the graph file beside it."""
    (tmp_path / "roto.toml").write_text(HEAD)

    with pytest.raises(GraphError, match=r'no such graph file\. Did you mean ".*roto\.toml"'):
        Graph.load(tmp_path / "rotto.toml")


def test_a_file_that_is_no_text_is_told_with_the_byte(tmp_path: Path) -> None:
    """A binary file is refused at the byte that is not UTF-8."""
    (tmp_path / "job.toml").write_bytes(b"a = \xff")

    with pytest.raises(GraphError, match=r"not UTF-8 text \(byte 4\)"):
        Graph.load(tmp_path / "job.toml")


def test_a_folder_is_no_graph_file(tmp_path: Path) -> None:
    """The graph file in it is named."""
    (tmp_path / "job.toml").write_text("understudy = 1\n")
    with pytest.raises(GraphError, match=r"this is a folder, not a graph file. Did you mean .*job\.toml"):
        Graph.load(tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at first."""
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    (tmp_path / "job.toml").write_text(HEAD)

    with pytest.raises(GraphError, match="too large: 15 bytes, at most 10"):
        Graph.load(tmp_path / "job.toml")


def test_too_many_nodes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph has a largest size."""
    monkeypatch.setattr(reading, "MOST_NODES", 1)

    assert "too many nodes; found 2; expected at most 1" in refusal(HEAD + "[nodes]\na = {}\nb = {}\n")


def test_numbers_in_vars_count_as_texts() -> None:
    """`take = 3` stands for "3"."""
    assert parse(HEAD + "[vars]\ntake = 3\n").variables == {"take": "3"}
