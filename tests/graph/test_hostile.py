"""A graph file from a stranger is refused or checked; it never crashes, hangs or grows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_nodes import small_registry

from understudy.graph.checking import check
from understudy.graph.document import Graph
from understudy.graph.errors import GraphError
from understudy.graph.reading import parse

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "understudy = 1\n"
A = '[nodes.a]\ntype = "Number"\n'
GOOD = HEAD + A + "value = 3\n" + '[nodes.b]\ntype = "Add"\ninputs = { input = ["a"] }\nmore = 0.5\n'


def told(text: str) -> list[str]:
    """The faults of a text, whether reading or checking finds them."""
    try:
        return [str(fault) for fault in check(parse(text), small_registry())]
    except GraphError as error:
        return [str(fault) for fault in error.faults]


HOSTILE = {
    "a number of many digits": HEAD + A + "value = " + "9" * 10_000,
    "a hexadecimal number of many digits": HEAD + A + "value = 0x" + "f" * 10_000,
    "a whole number beyond floats": HEAD + '[nodes.a]\ntype = "Add"\nmore = 1' + "0" * 400,
    "not a number": HEAD + '[nodes.a]\ntype = "Add"\nmore = nan',
    "deep lists": HEAD + A + "value = " + "[" * 10_000 + "]" * 10_000,
    "lists as deep as are read": HEAD + A + "value = " + "[" * 200 + "]" * 200,
    "deep tables": HEAD + A + "value = " + "{a=" * 3000 + "1" + "}" * 3000,
    "deep dotted keys": HEAD + A + "value" + ".a" * 3000 + " = 1",
    "deep dotted version": "understudy" + ".a" * 3000 + " = 1",
    "deep dotted variables": HEAD + "vars" + ".a" * 3000 + " = 1",
    "a deep header": HEAD + "[nodes" + ".a" * 3000 + "]\n",
    "a date": HEAD + A + "value = 2020-02-30",
    "a time": HEAD + A + "value = 10:10:10",
    "a long name": HEAD + f"[nodes.{'a' * 100_000}]\n",
    "a huge list": HEAD + A + "value = [" + "1," * 100_000 + "]",
    "a growing variable": HEAD + f'[vars]\nv = "{"x" * 100_000}"\n' + A + "value = 1",
    "a large circle": HEAD
    + "".join(
        f'[nodes.n{i}]\ntype = "Add"\ninputs = {{ input = "n{(i + 1) % 3000}" }}\n' for i in range(3000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gets_sentences(name: str) -> None:
    """Depth, size and odd numbers end in faults that can be read."""
    faults = told(HOSTILE[name])

    assert faults
    assert all(len(fault) < 500 for fault in faults) or name == "a long name"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Any bytes are a graph file or refused as one."""
    path: Path = tmp_path_factory.getbasetemp() / "random.toml"
    path.write_bytes(content)
    with contextlib.suppress(GraphError):
        check(Graph.load(path), small_registry())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 20), st.text(max_size=12))
def test_a_damaged_graph_never_crashes(start: int, length: int, inserted: str) -> None:
    """A good graph with any piece replaced by any text is checked or refused."""
    told(GOOD[:start] + inserted + GOOD[start + length :])


PIECES = """[nodes.a]|[vars]|\n|type = |"Add"|"Number"|inputs = |{ input = |"a"| }|value = |1|-1|true|[|]|,\
|[[nodes.b]]|nodes.c.type = |'${v}'|0.5|inf|v = |a.b = """
TOKENS = st.sampled_from(PIECES.split("|"))


@settings(max_examples=200, deadline=None)
@given(st.lists(TOKENS, max_size=25))
def test_any_arrangement_of_its_parts_never_crashes(tokens: list[str]) -> None:
    """Pieces of graph files in any order are checked or refused."""
    told(HEAD + "\n".join(tokens))
    told(HEAD + "".join(tokens))
