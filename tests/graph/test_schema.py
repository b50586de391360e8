"""The JSON Schema of graph files agrees with `check`."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_nodes import TYPES, small_registry

from understudy.graph.checking import check
from understudy.graph.knobs import Knob, KnobError
from understudy.graph.reading import parse
from understudy.graph.schema import knob_schema, schema

SCHEMA = schema(small_registry())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

GOOD = """
understudy = 1
[vars]
shot = "sh010"
take = 3
[nodes.frames]
type = "Frames"
first = 1
[nodes.write]
type = "WriteFrames"
inputs = { input = "frames.output" }
mode = "skip"
batch = "auto"
channels = ["R", "G"]
[nodes.one]
type = "Number"
[nodes.sum]
type = "Add"
inputs = { input = ["one", "one"] }
more = 1
"""


def test_the_schema_is_a_schema_and_plain_json() -> None:
    """It follows draft 2020-12 and survives JSON."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)

    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_a_good_graph_is_valid() -> None:
    """What `check` finds no fault with, the schema takes."""
    assert check(parse(GOOD), small_registry()) == []
    VALIDATOR.validate(tomllib.loads(GOOD))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("understudy = 1", "understudy = 2"),
        ("[vars]", "[varz]"),
        ('type = "Number"', 'type = "Nomber"'),
        ('type = "Number"', ""),
        ("[nodes.one]", '[nodes."o n e"]'),
        ("first = 1", "frist = 1"),
        ("first = 1", "first = 'a'"),
        ('"skip"', '"ski"'),
        ('"auto"', "0"),
        ('"auto"', '"aut"'),
        ('["R", "G"]', "[1]"),
        ("more = 1", "more = -101"),
        ('{ input = "frames.output" }', "{ }"),
        ('{ input = "frames.output" }', '{ inptu = "frames" }'),
        ('{ input = "frames.output" }', '{ input = ["frames", "frames"] }'),
        ('{ input = "frames.output" }', "{ input = 1 }"),
    ],
)
def test_what_check_refuses_the_schema_refuses(old: str, new: str) -> None:
    """Misspelt names, wrong types and ranges, missing inputs are refused by both."""
    text = GOOD.replace(old, new, 1)
    try:
        refused = bool(check(parse(text), small_registry()))
    except ValueError:
        refused = True
    except Exception:
        refused = True

    assert refused
    assert not VALIDATOR.is_valid(tomllib.loads(text))


KNOBS = [(cls, name) for cls in TYPES for name in cls.knobs]
VALUES = (
    st.booleans()
    | st.integers(-200, 2_000_000)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer())
    | st.sampled_from(["auto", "error", "skip", "x", ""])
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KNOBS), VALUES | st.lists(VALUES, max_size=3))
def test_the_schema_of_a_knob_takes_what_the_knob_takes(which: tuple[Any, str], value: Any) -> None:
    """For any value and any knob the schema and the knob say the same."""
    knob: Knob[Any] = which[0].knobs[which[1]]
    try:
        knob.accept(value)
        accepted = True
    except KnobError:
        accepted = False

    assert accepted == jsonschema.Draft202012Validator(knob_schema(knob)).is_valid(value)


def test_every_knob_and_port_is_described() -> None:
    """An editor can show help for all of them, and the default of each knob."""
    for cls in TYPES:
        properties = SCHEMA["$defs"][cls.type_name]["properties"]
        for name, knob in cls.knobs.items():
            assert knob.help == properties[name]["description"]
            assert "default" in properties[name]
        for name, port in cls.inputs.items():
            assert port.help in properties["inputs"]["properties"][name]["description"]
