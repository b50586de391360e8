"""Writing graph files: only what changed is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.graph.document import Graph
from understudy.graph.reading import parse
from understudy.graph.writing import written

if TYPE_CHECKING:
    from pathlib import Path

COMMENTED = """\
# Learn a matte.
understudy = 1   # the format

[vars]
shot = "sh010"   # the hero shot

# What the camera saw.
[nodes.plate]
type = "DataSource"
path = 'footage/${shot}/plate.####.exr'     # as delivered
frames = "1001-1100"

[nodes.learn]   # two minutes on a laptop
type = "Trainer"
inputs = { input = "plate", groundtruth = ["painted"] }
epochs = 400    # enough

[nodes]
painted = { type = "DataSource", path = "matte.####.exr" }
# the end
"""


def test_an_unchanged_graph_is_written_byte_for_byte() -> None:
    """Comments, quotes, spaces and inline tables stay as they were typed."""
    assert written(parse(COMMENTED)) == COMMENTED


def test_a_changed_knob_changes_its_line_only() -> None:
    """The comment on the line of a changed knob stays too."""
    graph = parse(COMMENTED)
    graph.set("learn", "epochs", 800)

    assert COMMENTED.replace("epochs = 400 ", "epochs = 800 ") == written(graph)


def test_a_removed_node_takes_its_lines_along_only() -> None:
    """Deleting a node leaves every other line."""
    graph = parse(COMMENTED)
    del graph.entries["learn"]
    text = written(graph)

    assert "Trainer" not in text
    assert "# What the camera saw." in text
    assert "# as delivered" in text


def test_added_nodes_knobs_and_variables_stand_in_the_file(tmp_path: Path) -> None:
    """What Python adds to a commented file is read back, and the comments stay."""
    (tmp_path / "job.toml").write_text(COMMENTED)
    graph = Graph.load(tmp_path / "job.toml", {"shot": "sh020"})
    graph.add("Write", "out", inputs={"input": "plate"}, path="out.####.exr")
    graph.set("plate", "channels", ("R", "G"))
    graph.save(tmp_path / "new.toml")
    again = Graph.load(tmp_path / "new.toml")

    assert graph.entries == again.entries
    assert again.variables == {"shot": "sh020"}
    assert "# the hero shot" in again.text


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = TEXTS | st.booleans() | NUMBERS | st.lists(TEXTS | NUMBERS, max_size=3)
KNOBS = st.dictionaries(NAMES.filter(lambda name: name not in ("type", "inputs", "name")), VALUES, max_size=4)
SOURCES = st.builds(lambda node, port: f"{node}.{port}" if port else node, NAMES, st.none() | NAMES)
INPUTS = st.dictionaries(NAMES, SOURCES | st.lists(SOURCES, min_size=1, max_size=3), max_size=3)
NODES = st.dictionaries(NAMES, st.tuples(NAMES, INPUTS, KNOBS), min_size=1, max_size=5)


def built(nodes: dict[str, tuple[str, dict[str, Any], dict[str, Any]]]) -> Graph:
    """A graph of generated nodes."""
    graph = Graph()
    for name, (kind, inputs, knobs) in nodes.items():
        graph.add(kind, name, inputs=inputs)
        graph.entries[name].knobs.update(knobs)
    return graph


@settings(max_examples=40, deadline=None)
@given(NODES)
def test_any_graph_survives_a_round_trip(nodes: dict[str, Any]) -> None:
    """Whatever names, texts and numbers a graph has, its file reads back as the same graph."""
    graph = built(nodes)

    assert graph.entries == parse(written(graph)).entries


@settings(max_examples=40, deadline=None)
@given(NODES, NODES, TEXTS)
def test_any_change_keeps_the_comments(before: dict[str, Any], after: dict[str, Any], note: str) -> None:
    """A comment before a graph stays, whatever it is changed to."""
    comment = "# " + "".join(letter for letter in note if letter.isprintable())
    graph = parse(f"{comment}\n{written(built(before))}")
    graph.entries = built(after).entries
    text = written(graph)

    assert comment == text.splitlines()[0]
    assert graph.entries == parse(text).entries
