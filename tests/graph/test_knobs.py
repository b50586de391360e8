"""Knobs: what they take, what they refuse, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.graph.knobs import Knob, KnobError, shown

WHOLE = Knob(1, "Steps.", least=0, most=10)
NUMBER = Knob(1.0, "Gain.", least=0.0)
TEXT = Knob("", "Name.")
TRUTH = Knob(False, "Whether.")
CHOICE = Knob("a", "Mode.", choices=("a", "b"))
WORDY = Knob("auto", "Batch.", type=int, least=1, words=("auto",))
LIST = Knob((1.0,), "Weights.", many=True)
PATH = Knob("", "File.", path=True)
ALL = (WHOLE, NUMBER, TEXT, TRUTH, CHOICE, WORDY, LIST, PATH)


@pytest.mark.parametrize(
    ("knob", "value", "expected"),
    [
        (WHOLE, 10, 10),
        (NUMBER, 2, 2.0),
        (TEXT, "x", "x"),
        (TRUTH, True, True),
        (CHOICE, "b", "b"),
        (WORDY, "auto", "auto"),
        (WORDY, 4, 4),
        (LIST, [1, 2.5], (1.0, 2.5)),
        (LIST, 1, (1.0,)),
        (LIST, [], ()),
    ],
)
def test_a_knob_takes_values_of_its_type(knob: Knob[Any], value: Any, expected: Any) -> None:
    """A value arrives as the type that the node's code expects."""
    accepted = knob.accept(value)

    assert (expected, type(expected)) == (accepted, type(accepted))


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        (WHOLE, 11),
        (WHOLE, -1),
        (WHOLE, 1.0),
        (WHOLE, True),
        (WHOLE, "1"),
        (WHOLE, 10**400),
        (NUMBER, float("nan")),
        (NUMBER, float("inf")),
        (NUMBER, 10**400),
        (NUMBER, True),
        (TEXT, 1),
        (TEXT, None),
        (TRUTH, 1),
        (CHOICE, "c"),
        (CHOICE, ["a"]),
        (WORDY, 0),
        (WORDY, "aut"),
        (LIST, [[1.0]]),
        (LIST, {"a": 1}),
        (PATH, "a\0b"),
    ],
)
def test_a_knob_refuses_what_it_does_not_take(knob: Knob[Any], value: Any) -> None:
    """No value of another type or outside the range is bent to fit; the refusal says what was expected."""
    with pytest.raises(KnobError) as raised:
        knob.accept(value)

    assert raised.value.expected


def test_a_misspelt_word_gets_the_nearest() -> None:
    """Choices and words are suggested."""
    with pytest.raises(KnobError) as raised:
        WORDY.accept("atuo")

    assert raised.value.suggestion == 'Did you mean "auto"?'


@pytest.mark.parametrize(
    ("knob", "expected"),
    [
        (WHOLE, "a whole number from 0 to 10"),
        (NUMBER, "a number of at least 0"),
        (TEXT, "a text"),
        (TRUTH, "true or false"),
        (CHOICE, 'one of "a", "b"'),
        (WORDY, 'a whole number of at least 1 or "auto"'),
        (LIST, "a list of which each is a number"),
    ],
)
def test_a_knob_says_what_it_takes(knob: Knob[Any], expected: str) -> None:
    """The sentence part of errors and help pages."""
    assert expected == knob.expected


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(ANYTHING)
def test_any_value_is_taken_or_refused(value: Any) -> None:
    """Whatever a file holds, a knob takes it or refuses it in words; and what it took it takes again."""
    for knob in ALL:
        try:
            accepted = knob.accept(value)
        except KnobError:
            continue
        assert accepted == knob.accept(accepted)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(10**100, "a number beyond 64 bits"), ({"a": 1}, "a table"), ("x" * 100, '"' + "x" * 76 + "...")],
)
def test_odd_values_are_shown_short(value: Any, expected: str) -> None:
    """A value that a stranger wrote can't fill the screen."""
    assert expected == shown(value)
