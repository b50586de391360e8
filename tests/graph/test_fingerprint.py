"""What identifies a node's result."""

from __future__ import annotations

from typing import Any

import pytest
from small_nodes import Add, Number, Train

from understudy.graph import fingerprint
from understudy.graph.node import Node


def parts(node: Node, **changes: Any) -> fingerprint.Parts:
    """The parts of a node's key, with some changed."""
    return {**fingerprint.parts(node, {"input": ["k.output"]}, {"a.exr": "d"}), **changes}


def test_a_knob_that_changes_the_result_changes_the_key() -> None:
    """Two values of a knob are two keys."""
    keys = {fingerprint.key(parts(Number("n", {"value": value}))) for value in (1, 2, 3)}

    assert len(keys) == 3


def test_a_knob_that_does_not_matter_does_not() -> None:
    """Threads and names leave the key alone, and so does writing a default down."""
    nodes = (Number("n"), Number("other"), Number("n", {"threads": 8}), Number("n", {"value": 1}))

    assert len({fingerprint.key(parts(node)) for node in nodes}) == 1


@pytest.mark.parametrize(
    "change",
    [{"type": "Other"}, {"version": "2"}, {"inputs": {"input": ["j.output"]}}, {"contents": {"a.exr": "e"}}],
)
def test_every_part_changes_the_key(change: dict[str, Any]) -> None:
    """Type, code version, what is on the wires and the content of files all count."""
    assert fingerprint.key(parts(Add("a"))) != fingerprint.key(parts(Add("a"), **change))


def test_the_order_of_sources_counts() -> None:
    """A sum of two frames one way round is not the other."""
    one, other = ({"input": keys} for keys in (["a.x", "b.x"], ["b.x", "a.x"]))

    assert fingerprint.key(parts(Add("a"), inputs=one)) != fingerprint.key(parts(Add("a"), inputs=other))


def test_a_length_is_left_out_of_the_lineage() -> None:
    """Two trainings that differ only in how long they go on have one lineage."""
    short, long = (Train("t", {"epochs": epochs}) for epochs in (10, 20))

    assert fingerprint.parts(short, {}, {}) != fingerprint.parts(long, {}, {})
    assert fingerprint.parts(short, {}, {}, length=False) == fingerprint.parts(long, {}, {}, length=False)


def test_a_class_without_a_version_is_known_by_its_source() -> None:
    """Whoever forgets the version still gets a new key with every edit of the file."""

    class Unversioned(Node):
        """Has no version."""

    assert Unversioned.code_version().startswith("source ")
    assert Number.code_version() == "1"


def test_a_difference_is_told_in_words() -> None:
    """The reason for running again names knob, code, input and files."""
    old = parts(Add("a"), contents={f"{n}.exr": "d" for n in range(5)})
    new = {
        **old,
        "version": "2",
        "knobs": {"more": 1.5},
        "inputs": {"input": ["x"]},
        "contents": {f"{n}.exr": "e" for n in range(5)},
    }

    assert fingerprint.difference(old, new) == (
        "its code was 1, is 2; more was 0.0, is 1.5; its input changed; "
        "0.exr, 1.exr, 2.exr and 2 more files changed"
    )


def test_a_list_that_was_kept_as_json_is_no_difference() -> None:
    """Tuples come back from the store as lists and still count as equal."""
    assert fingerprint.difference({"knobs": {"c": ["R"]}}, {"knobs": {"c": ("R",)}}) == ""


def test_a_file_name_that_is_no_text_has_a_key() -> None:
    """A name with bytes of an old encoding is keyed like any other."""
    assert fingerprint.key(parts(Add("a"), contents={b"caf\xe9".decode("utf-8", "surrogateescape"): "d"}))
