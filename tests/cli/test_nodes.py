"""`understudy nodes`: the list, the pages and the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Command


def test_the_list_has_every_type_with_its_first_line(understudy: Command) -> None:
    """One line each, by name."""
    said = understudy("nodes")

    assert said.out.splitlines()[0] == "Add          Adds numbers."
    assert len(said.out.splitlines()) == 10


def test_a_page_is_made_from_the_class(understudy: Command) -> None:
    """Docstring, ports with kinds, knobs with default, help and range, and an entry to copy."""
    said = understudy("nodes", "WriteFrames")

    assert said.out == (
        "WriteFrames\n\n"
        "  Makes frame after frame.\n\n"
        "Inputs\n"
        "  input  frames  Frames to write.\n\n"
        "Outputs\n"
        "  output  files  The frames written.\n\n"
        "Knobs (with their defaults)\n"
        '  mode      "error"  What to do with a bad frame. Takes one of "error", "skip", "hold".\n'
        '  batch     "auto"   Frames at once. Takes a whole number of at least 1 or "auto".\n'
        '  channels  ["rgb"]  Channels to write.\n\n'
        "In a graph file\n"
        "  [nodes.writeframes]\n"
        '  type = "WriteFrames"\n'
        '  inputs = { input = "NODE" }\n'
    )


def test_an_unknown_type_is_told_with_the_nearest(understudy: Command) -> None:
    """With status 2."""
    said = understudy("nodes", "WriteFrame")

    assert said.status == 2
    assert 'found "WriteFrame". Did you mean "WriteFrames"?' in said.err


def test_the_schema_is_json(understudy: Command) -> None:
    """For editors: every type is in it."""
    printed = json.loads(understudy("nodes", "--schema").out)

    assert {"Add", "Number", "source"} < set(printed["$defs"])
