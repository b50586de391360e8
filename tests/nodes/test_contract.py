"""What holds for every node type; a new one is covered on the day it appears."""

from __future__ import annotations

import inspect
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from understudy.cli.nodes import page
from understudy.graph import fingerprint
from understudy.graph.checking import check
from understudy.graph.document import Graph
from understudy.graph.ports import KINDS
from understudy.graph.schema import knob_schema, schema
from understudy.nodes.registry import registry

if TYPE_CHECKING:
    from understudy.graph.knobs import Knob
    from understudy.graph.node import Node

TYPES = list(registry())
NODES = pytest.mark.parametrize("cls", TYPES, ids=lambda cls: cls.type_name)
KNOBS = pytest.mark.parametrize(
    ("cls", "knob"),
    [(cls, knob) for cls in TYPES for knob in cls.knobs.values()],
    ids=lambda one: getattr(one, "type_name", None) or one.name,
)


def other_value(knob: Knob[Any]) -> Any:
    """An accepted value that is not the default."""
    candidates: list[Any] = [*knob.choices, *knob.words]
    if knob.type is bool:
        candidates += [True, False]
    elif knob.type is str and not knob.choices:
        candidates += ["another"]
    elif knob.type in (int, float):
        low = knob.least if knob.least is not None else 0
        high = knob.most if knob.most is not None else low + 2
        candidates += [knob.type(low), knob.type((low + high) / 2)]
    return next(value for value in map(knob.accept, candidates) if value != knob.default)


@NODES
def test_a_node_type_is_documented(cls: type[Node]) -> None:
    """Its docstring begins with one sentence, and each port says in a sentence what it is for."""
    first, _, rest = (inspect.getdoc(cls) or "").partition("\n")

    assert cls.__doc__ is not None
    assert first.endswith(".")
    assert len(first) <= 110
    assert not rest or rest.startswith("\n")
    for port in (*cls.inputs.values(), *cls.outputs.values()):
        assert port.help.endswith(".")
        assert set(port.kinds.split()) <= set(KINDS)


@KNOBS
def test_a_knob_is_documented(cls: type[Node], knob: Knob[Any]) -> None:
    """Its help is a sentence that ends with a full stop, short enough for an editor's hint."""
    assert knob.help.endswith(".")
    assert "\n" not in knob.help
    assert len(knob.help) <= 160


@NODES
def test_a_node_type_says_what_identifies_it(cls: type[Node]) -> None:
    """It declares the version of its code, and gives something or keeps what it did."""
    assert isinstance(cls.version, int)
    assert cls.outputs or cls.keeps


@KNOBS
def test_a_default_is_a_value_that_the_knob_takes(cls: type[Node], knob: Knob[Any]) -> None:
    """Writing the default down changes nothing."""
    if knob.default is not None:
        assert knob.accept(knob.default) == knob.default


@NODES
def test_a_node_is_made_without_knobs(cls: type[Node], tmp_path: Path) -> None:
    """Everything has a default; a node knows its files and its key."""
    node = cls("n", folder=tmp_path)

    assert list(node.contents()) is not None
    assert len(fingerprint.key(fingerprint.parts(node, {}, {}))) == 64


@NODES
def test_a_node_survives_save_and_load(cls: type[Node], tmp_path: Path) -> None:
    """Every knob, set to another value, comes back from the file."""
    graph = Graph()
    sources = {name: ["other"] for name in cls.inputs}
    graph.add(cls.type_name, "n", inputs=sources, **{n: other_value(knob) for n, knob in cls.knobs.items()})
    graph.save(tmp_path / "g.toml")

    assert Graph.load(tmp_path / "g.toml").entries == graph.entries


@KNOBS
def test_a_knob_changes_the_key_if_and_only_if_it_changes_the_result(
    cls: type[Node], knob: Knob[Any]
) -> None:
    """Another value is another key, unless the knob declares that it changes no result."""
    before, after = cls("n"), cls("n", {knob.name: other_value(knob)})
    keys = [fingerprint.key(fingerprint.parts(node, {}, {})) for node in (before, after)]
    lineages = [fingerprint.key(fingerprint.parts(node, {}, {}, length=False)) for node in (before, after)]

    assert (keys[0] != keys[1]) == knob.result
    assert (lineages[0] != lineages[1]) == (knob.result and not knob.length)


@NODES
def test_a_page_is_made(cls: type[Node]) -> None:
    """The page begins with the type's name and names every port and knob."""
    text = page(cls)

    assert text.startswith(f"{cls.type_name}\n\n  ")
    for name in (*cls.inputs, *cls.outputs, *cls.knobs):
        assert f"\n  {name} " in text


@NODES
def test_a_bare_node_is_checked(cls: type[Node], tmp_path: Path) -> None:
    """A node without inputs and knobs has faults that name it, or none; it never crashes the check."""
    graph = Graph(tmp_path / "g.toml")
    graph.add(cls.type_name, "n")

    for fault in check(graph, registry()):
        assert fault.node == "n"
        assert fault.knob is not None


ODD_PATHS = ["", ".", "/", "..", "x" * 5000, "a/b" * 2000, "missing.####.exr", "%d", "#", "a\nb", "[1-", "*"]


@pytest.mark.parametrize(
    ("cls", "knob"),
    [(cls, knob) for cls in TYPES for knob in cls.knobs.values() if knob.type is str and not knob.choices],
    ids=lambda one: getattr(one, "type_name", None) or one.name,
)
@pytest.mark.parametrize("text", ODD_PATHS, ids=range(len(ODD_PATHS)))
def test_an_odd_text_never_crashes_the_check(
    cls: type[Node], knob: Knob[Any], text: str, tmp_path: Path
) -> None:
    """Paths too long, folders, patterns without a match: each is fine or a fault of the node."""
    graph = Graph(tmp_path / "g.toml")
    value = [text] if knob.many else text
    graph.add(cls.type_name, "n", **{knob.name: value})

    for fault in check(graph, registry()):
        assert str(fault)
    list(cls("n", {knob.name: knob.accept(value)}, folder=tmp_path).contents())


@NODES
def test_the_schema_takes_every_knob(cls: type[Node]) -> None:
    """An editor accepts the default and another value of each knob."""
    for knob in cls.knobs.values():
        validator = jsonschema.Draft202012Validator(knob_schema(knob))
        for value in (knob.default, other_value(knob)):
            plain = list(value) if isinstance(value, tuple) else value
            assert plain is None or validator.is_valid(plain)


def test_the_schema_of_all_types_is_a_schema() -> None:
    """What `understudy nodes --schema` prints follows draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(schema(registry()))


EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("**/*.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_an_example_fits_the_schema(path: Path) -> None:
    """An editor with the schema finds nothing wrong in the graphs that newcomers read first."""
    jsonschema.Draft202012Validator(schema(registry())).validate(tomllib.loads(path.read_text()))
