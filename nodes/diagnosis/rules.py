"""Rules such as `sharpness < 0.2 and not duplicate`: read by a small parser, never run as code.

    rule       = term { "or" term }
    term       = factor { "and" factor }
    factor     = "not" factor | "(" rule ")" | comparison | word
    comparison = side ("<" | "<=" | ">" | ">=" | "==" | "!=") side
    side       = number | word

A word is a measure, such as `noise`, or a kind of finding, such as `misaligned` or `empty_matte`; a kind by
itself is true of the frames that have it.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_TOKEN = re.compile(r"\s*(?:(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<word>[A-Za-z_]\w*)"
                    r"|(?P<sign><=|>=|==|!=|<|>|\(|\)))")  # fmt: skip

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}

MOST_LETTERS = 1000
"""A longer rule is refused; so is one nested deeper than its letters allow."""


class RuleError(UnderstudyError):
    """A rule that can't be understood; the message says where and what was expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that was understood.

    Attributes:
        text: As it was written.
        test: Whether it is true of a frame, given its measures, and its findings as 1 under their kinds.
    """

    text: str
    test: Callable[[Mapping[str, float]], bool]


def parse_rule(text: str, measures: Collection[str], kinds: Collection[str]) -> Rule:
    """Understands a rule.

    >>> rule = parse_rule("sharpness < 0.2 or empty_matte", {"sharpness"}, {"empty matte"})
    >>> rule.test({"sharpness": 0.5}), rule.test({"sharpness": 0.5, "empty_matte": 1.0})
    (False, True)

    Args:
        text: The rule.
        measures: The names of measures.
        kinds: The kinds of findings; spaces in them are written as `_`.

    Raises:
        RuleError: It is no rule, or names something unknown.
    """
    return Rule(text, _Parser(text, measures, {kind.replace(" ", "_") for kind in kinds}).parsed())


class _Parser:
    """Reads a rule from left to right."""

    def __init__(self, text: str, measures: Collection[str], kinds: Collection[str]) -> None:
        self.text, self.measures, self.kinds = text, measures, kinds
        self.tokens = self._tokens()
        self.place = 0

    def _tokens(self) -> list[tuple[str, str]]:
        if len(self.text) > MOST_LETTERS:
            raise RuleError(f"the rule has {len(self.text):,} letters; at most {MOST_LETTERS:,} are read")
        found, end = [], 0
        while self.text[end:].strip():
            token = _TOKEN.match(self.text, end)
            if token is None:
                raise self._error(f'"{self.text[end:].strip()[:20]}"')
            found.append((str(token.lastgroup), token[str(token.lastgroup)]))
            end = token.end()
        return found

    def _error(self, found: str) -> RuleError:
        return RuleError(
            f'"{self.text}" is no rule: found {found}; expected such as "sharpness < 0.2 and not duplicate"'
        )

    def _next(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self.place == len(self.tokens):
            raise self._error("its end")
        self.place += 1
        return self.tokens[self.place - 1]

    def parsed(self) -> Callable[[Mapping[str, float]], bool]:
        """The whole rule."""
        try:
            test = self._rule()
        except RecursionError:
            raise self._error("too many parentheses") from None
        if self.place < len(self.tokens):
            raise self._error(f'"{self._next()}"')
        return test

    def _rule(self) -> Callable[[Mapping[str, float]], bool]:
        tests = [self._term()]
        while self._next() == "or":
            self._take()
            tests.append(self._term())
        return tests[0] if len(tests) == 1 else lambda values: any(test(values) for test in tests)

    def _term(self) -> Callable[[Mapping[str, float]], bool]:
        tests = [self._factor()]
        while self._next() == "and":
            self._take()
            tests.append(self._factor())
        return tests[0] if len(tests) == 1 else lambda values: all(test(values) for test in tests)

    def _factor(self) -> Callable[[Mapping[str, float]], bool]:
        if self._next() == "not":
            self._take()
            inner = self._factor()
            return lambda values: not inner(values)
        if self._next() == "(":
            self._take()
            inner = self._rule()
            if self._take()[1] != ")":
                raise self._error("an open parenthesis")
            return inner
        return self._comparison()

    def _comparison(self) -> Callable[[Mapping[str, float]], bool]:
        word = self._next()
        if word in self.kinds and word not in self.measures:
            self._take()
            return lambda values: bool(values.get(word))
        left = self._side()
        kind, sign = self._take()
        if kind != "sign" or sign not in _COMPARISONS:
            raise self._error(f'"{sign}" after "{word}"')
        compare, right = _COMPARISONS[sign], self._side()
        return lambda values: compare(left(values), right(values))

    def _side(self) -> Callable[[Mapping[str, float]], float]:
        kind, text = self._take()
        if kind == "number":
            number = float(text)
            return lambda _: number
        if kind != "word" or text in ("and", "or", "not"):
            raise self._error(f'"{text}"')
        if text not in self.measures:
            known = sorted({*self.measures, *self.kinds})
            close = nearest(text, known)
            hint = f'did you mean "{close}"?' if close else f"there are {', '.join(known)}"
            raise RuleError(f'"{self.text}": there is no measure and no finding "{text}"; {hint}')
        return lambda values: values.get(text, float("nan"))  # a comparison with NaN is false
