"""Checking a graph: every fault, with its place, what was found and expected, and the nearest right name."""

# ruff: noqa: ARG002, ISC004 - one sentence in two lines

from __future__ import annotations

from dataclasses import replace

import pytest
from small_nodes import Number, small_registry

from understudy.graph.checking import check, wiring
from understudy.graph.document import Graph
from understudy.graph.errors import Fault, GraphError
from understudy.graph.node import Node
from understudy.graph.reading import parse

HEAD = "understudy = 1\n"
ONE = '[nodes.one]\ntype = "Number"\n'


def faults(text: str) -> list[str]:
    """The faults of a graph text, as sentences."""
    return [str(fault) for fault in check(parse(HEAD + text), small_registry())]


FAULTS = {
    "an unknown type": (
        '[nodes.a]\ntype = "Nomber"\n',
        '3: a.type: unknown node type; found "Nomber". Did you mean "Number"?',
    ),
    "a type like no other": (
        '[nodes.a]\ntype = "Qqqq"\n',
        '3: a.type: unknown node type; found "Qqqq". `understudy nodes` lists the types.',
    ),
    "an unknown knob": (
        ONE + "valeu = 3\n",
        '4: one.valeu: Number has no such knob. Did you mean "value"?',
    ),
    "a knob like no other": (
        ONE + "qqqq = 3\n",
        "4: one.qqqq: Number has no such knob. `understudy nodes Number` lists its knobs.",
    ),
    "an input written as a knob": (
        ONE + '[nodes.a]\ntype = "WriteText"\ninput = "one"\ninputs = { input = "one" }\n',
        '6: a.input: WriteText has no such knob. It is an input: write inputs = { input = "NODE" }.',
    ),
    "a knob of the wrong type": (
        ONE + 'value = "3"\n',
        '4: one.value: this knob does not take that value; found "3"; '
        "expected a whole number from 0 to 1e+06.",
    ),
    "a knob out of its range": (
        ONE + "value = -1\n",
        "4: one.value: this knob does not take that value; found -1; "
        "expected a whole number from 0 to 1e+06.",
    ),
    "a truth for a number": (ONE + "value = true\n", "found true"),
    "a number with a point for a whole one": (ONE + "value = 1.0\n", "found 1.0"),
    "a word that is no choice": (
        '[nodes.f]\ntype = "Frames"\n[nodes.a]\ntype = "WriteFrames"\n'
        'inputs = { input = "f" }\nmode = "ski"\n',
        '7: a.mode: this knob does not take that value; found "ski"; '
        'expected one of "error", "skip", "hold". Did you mean "skip"?',
    ),
    "an unknown input": (
        ONE + '[nodes.a]\ntype = "Add"\ninputs = { input = "one", inptu = "one" }\n',
        '6: a.inputs: Add has no input inptu. Did you mean "input"?',
    ),
    "a knob written as an input": (
        ONE + '[nodes.a]\ntype = "Add"\ninputs = { input = "one", more = "one" }\n',
        "6: a.inputs: Add has no input more. It is a knob: write it as a line of its own, more = ...",
    ),
    "an input that is not connected": (
        '[nodes.a]\ntype = "Add"\n',
        "2: a.inputs: input input is not connected; expected a source of features.",
    ),
    "two sources on a port of one": (
        ONE + '[nodes.a]\ntype = "WriteText"\ninputs = { input = ["one", "one"] }\n',
        "6: a.inputs: input input takes one source; found 2.",
    ),
    "a source that is no node": (
        ONE + '[nodes.a]\ntype = "Add"\ninputs = { input = "onne" }\n',
        '6: a.inputs: there is no node of this name; found "onne". Did you mean "one"?',
    ),
    "a source that has no such output": (
        '[nodes.b]\ntype = "Both"\n[nodes.a]\ntype = "Add"\ninputs = { input = "b.nummer" }\n',
        '6: a.inputs: "b" has no such output; found "b.nummer". Did you mean "b.number"?',
    ),
    "a wire of another kind": (
        '[nodes.f]\ntype = "Frames"\n[nodes.a]\ntype = "Add"\ninputs = { input = "f" }\n',
        '6: a.inputs: input input takes another kind of wire; found frames from "f.output"; '
        "expected features.",
    ),
    "a wire of another kind from a second output": (
        '[nodes.b]\ntype = "Both"\n[nodes.a]\ntype = "Add"\ninputs = { input = "b.label" }\n',
        'found labels from "b.label"; expected features',
    ),
    "a node that takes from itself": (
        '[nodes.a]\ntype = "Add"\ninputs = { input = "a" }\n',
        "4: a.inputs: the wires run in a circle; found a -> a. Cut one of them.",
    ),
    "a circle": (
        '[nodes.a]\ntype = "Add"\ninputs = { input = "b" }\n'
        '[nodes.b]\ntype = "Add"\ninputs = { input = "c" }\n'
        '[nodes.c]\ntype = "Add"\ninputs = { input = "a" }\n',
        "4: a.inputs: the wires run in a circle; found a -> c -> b -> a. Cut one of them.",
    ),
    "an unknown variable": (
        '[vars]\nshot = "sh010"\n[nodes.a]\ntype = "ReadText"\npath = "${shto}.txt"\n',
        '6: a.path: there is no variable shto. Did you mean "shot"?',
    ),
    "what the node itself finds": (
        '[nodes.f]\ntype = "Frames"\nlast = 0\n',
        "4: f.last: the range is empty; found 0. Raise it.",
    ),
    "no nodes": ("", "the graph has no nodes; expected [nodes.NAME] with a type."),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_place(name: str) -> None:
    """Each fault names line, node and knob, what was found, what was expected and the nearest right name."""
    text, expected = FAULTS[name]
    found = faults(text)

    assert len(found) == 1, found
    assert expected in found[0]


def test_all_faults_are_told_in_one_pass() -> None:
    """A graph with every fault at once has each of them told, sorted by line."""
    text = """
[nodes.a]
type = "Nomber"
[nodes.b]
type = "Number"
valeu = 1
value = -1
[nodes.c]
type = "Add"
inputs = { input = ["b", "z"], other = "b" }
[nodes.d]
type = "Add"
inputs = { input = "e" }
[nodes.e]
type = "Add"
inputs = { input = "d" }
[nodes.f]
type = "Frames"
last = 0
[nodes.g]
type = "Add"
inputs = { input = "f" }
[nodes.h]
type = "Add"
inputs = { input = "i" }
[nodes.i]
type = "Add"
inputs = { input = "h" }
"""
    found = faults(text)
    lines = [int(fault.partition(":")[0]) for fault in found]

    assert lines == [4, 7, 8, 11, 11, 14, 20, 23, 26]


def test_a_fault_above_is_not_told_again_below() -> None:
    """A node with an unknown type does not make its children faulty."""
    text = '[nodes.a]\ntype = "Nomber"\n[nodes.b]\ntype = "Add"\ninputs = { input = "a" }\n'

    assert [fault[:9] for fault in faults(text)] == ["3: a.type"]


def test_a_knob_that_was_set_since_has_no_line() -> None:
    """A fault of a value from elsewhere does not point at a line of the file."""
    graph = parse(HEAD + ONE + "value = 3\n")
    graph.set("one", "value", -1)

    assert "one.value: this knob" in str(check(graph, small_registry())[0])
    assert check(graph, small_registry())[0].line is None


def test_a_graph_built_in_python_has_the_same_faults() -> None:
    """A fault of a graph without a file names node and knob, and no line."""
    graph = Graph()
    graph.add("Number", "one", valeu=1)

    assert (
        str(check(graph, small_registry())[0]) == 'one.valeu: Number has no such knob. Did you mean "value"?'
    )


def test_variables_stand_in_wires_too() -> None:
    """`${name}` in a source is replaced before the node is looked for."""
    text = '[vars]\nwhich = "one"\n' + ONE + '[nodes.a]\ntype = "Add"\ninputs = { input = "${which}" }\n'

    assert faults(text) == []


def test_every_circle_is_told() -> None:
    """Two circles are two faults, and a node below them is none."""
    pairs = "".join(f'[nodes.n{i}]\ntype = "Add"\ninputs = {{ input = "n{i ^ 1}" }}\n' for i in range(4))
    below = '[nodes.z]\ntype = "Add"\ninputs = { input = ["n0", "n2"] }\n'

    assert [text.partition("found ")[2].partition(".")[0] for text in faults(pairs + below)] == [
        "n0 -> n1 -> n0",
        "n2 -> n3 -> n2",
    ]


def test_a_circle_does_not_hide_what_other_nodes_find() -> None:
    """Nodes outside a circle still look at their own files and ranges."""
    text = '[nodes.a]\ntype = "Add"\ninputs = { input = "a" }\n[nodes.f]\ntype = "Frames"\nlast = 0\n'

    assert len(faults(text)) == 2


def test_a_graph_of_many_faults_is_told_soon() -> None:
    """In a graph where each of 1,000 wires is wrong, all are told, the first with the nearest name."""
    text = "".join(f'[nodes.n{i}]\ntype = "Add"\ninputs = {{ input = "nn{i}" }}\n' for i in range(1000))
    found = faults(text)

    assert len(found) == 1000
    assert 'Did you mean "n0"?' in found[0]


def test_a_file_that_cannot_be_looked_at_is_a_fault() -> None:
    """A node whose look at the disk fails, as with a name too long, gives a fault and no crash."""

    class Looks(Node):
        """Looks at the disk."""

        version = 1

        def outline(self, inputs: object, report: object) -> dict[str, object]:
            """Fails as the system does."""
            raise OSError(36, "File name too long")

    registry = small_registry()
    registry.add(Looks)
    graph = Graph()
    graph.add("Looks", "a")

    assert (
        str(check(graph, registry)[0])
        == "a: its files can't be looked at; found [Errno 36] File name too long."
    )


def test_wiring_a_faulty_graph_raises_all_faults() -> None:
    """What `run` starts with carries every fault in one error."""
    with pytest.raises(GraphError) as raised:
        wiring(parse(HEAD + ONE + "valeu = 1\nvalue = -1\n"), small_registry())

    assert len(raised.value.faults) == 2


def test_wiring_gives_nodes_their_accepted_knobs() -> None:
    """A list becomes a tuple, a whole number a float where one is due."""
    text = ONE + '[nodes.a]\ntype = "Add"\ninputs = { input = "one" }\nmore = 2\n'
    wired = wiring(parse(HEAD + text), small_registry())

    assert isinstance(wired.nodes["one"], Number)
    assert str(wired.nodes["a"].more) == "2.0"
    assert wired.ends() == ["a"]


def test_a_fault_ends_with_one_full_stop() -> None:
    """What was found may be a sentence of its own, such as that of a file that can't be read."""
    fault = Fault(what="it can't be read", found="a.csv: It is empty.")
    assert str(fault) == "it can't be read; found a.csv: It is empty."
    assert str(replace(fault, suggestion="Write it.")) == f"{fault} Write it."
