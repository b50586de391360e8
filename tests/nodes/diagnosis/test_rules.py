"""Rules that say which frames to leave out."""

from __future__ import annotations

import pytest

from understudy.nodes.diagnosis.rules import RuleError, parse_rule

MEASURES = {"sharpness", "noise", "frame"}
KINDS = {"duplicate", "empty matte"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sharpness < 0.2", True),
        ("sharpness >= .2", False),
        ("0.2 > sharpness", True),
        ("noise > 0.5 or sharpness < 0.2 and duplicate", True),
        ("(noise > 0.5 or sharpness < 0.2) and not duplicate", False),
        ("not (empty_matte or noise == 1e-1)", False),
        ("frame != 7", True),
    ],
)
def test_a_rule_is_true_of_a_frame_or_not(text: str, *, expected: bool) -> None:
    """`and` binds more than `or`; a kind of finding is true of the frames that have it."""
    values = {"sharpness": 0.1, "noise": 0.1, "frame": 1, "duplicate": 1.0}
    assert parse_rule(text, MEASURES, KINDS).test(values) is expected


def test_a_measure_that_a_frame_lacks_is_in_no_comparison() -> None:
    """A frame that can't be read has no sharpness, and so is neither sharp nor blurred."""
    rules = [parse_rule(f"sharpness {sign} 0.2", MEASURES, KINDS) for sign in ("<", ">=", "==")]
    assert not any(rule.test({}) for rule in rules)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sharpnes < 1", 'did you mean "sharpness"?'),
        ("sharpness <", "found its end"),
        ("", "found its end"),
        ("sharpness = 1", 'found "= 1"'),
        ("sharpness < 0.2 noise", 'found "noise"'),
        ("(" * 400 + "noise" + ")" * 400, "too many parentheses"),
        ("__import__('os')", "no rule"),
        ("noise < 1 or " * 200, "2,600 letters"),
    ],
)
def test_what_is_no_rule_is_refused_with_what_was_found(text: str, told: str) -> None:
    """Nothing of it is run; the sentence says what stands there."""
    with pytest.raises(RuleError) as error:
        parse_rule(text, MEASURES, KINDS)
    assert told in str(error.value)
