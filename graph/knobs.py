"""Knobs: the typed settings of a node, declared once on its class."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.graph.node import Node

T = TypeVar("T")

_SAID = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


class KnobError(UnderstudyError):
    """A value that a knob does not take: what was found, what was expected, and the nearest right word."""

    def __init__(self, found: str, expected: str, suggestion: str | None = None) -> None:
        super().__init__(f"found {found}; expected {expected}")
        self.found, self.expected, self.suggestion = found, expected, suggestion


class Knob(Generic[T]):
    """A setting of a node: its default, its range and one line of help.

    Args:
        default: The value without an entry in the graph file. Its type is the knob's type.
        help: One sentence; a unit comes first ("Radius, in pixels.").
        type: The type, where the default is a word or None.
        least: The smallest value allowed.
        most: The largest value allowed.
        choices: The only words allowed.
        words: Words allowed beside numbers, such as "auto".
        many: The knob takes a list; a single value counts as a list of one.
        result: Whether the value can change the node's result. Device and thread knobs say False.
        length: Whether the value only says how long to go on, so that a longer run can continue a shorter.
        path: Whether the text is a path, relative to the graph file.
    """

    def __init__(  # noqa: PLR0913 - every argument is keyword-only
        self,
        default: T,
        help: str,  # noqa: A002 - the field's own word
        *,
        type: type | None = None,  # noqa: A002 - the field's own word
        least: float | None = None,
        most: float | None = None,
        choices: Sequence[str] = (),
        words: Sequence[str] = (),
        many: bool = False,
        result: bool = True,
        length: bool = False,
        path: bool = False,
    ) -> None:
        sample = default[0] if many and isinstance(default, tuple) and default else default
        self.type: Any = type or sample.__class__
        self.default, self.help = default, help
        self.least, self.most = least, most
        self.choices, self.words = tuple(choices), tuple(words)
        self.many, self.result, self.length, self.path = many, result, length, path
        self.name = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, node: None, owner: type[object]) -> Knob[T]: ...
    @overload
    def __get__(self, node: Node, owner: type[object]) -> T: ...
    def __get__(self, node: Node | None, owner: type[object]) -> Knob[T] | T:
        if node is None:
            return self
        value: T = node.values.get(self.name, self.default)
        return value

    @property
    def expected(self) -> str:
        """The sentence part that says which values are allowed.

        >>> Knob(1, "Steps.", least=1).expected
        'a whole number of at least 1'
        """
        if self.choices:
            return "one of " + ", ".join(f'"{choice}"' for choice in self.choices)
        text = _SAID[self.type] + self._range()
        if self.words:
            text += " or " + " or ".join(f'"{word}"' for word in self.words)
        return f"a list of which each is {text}" if self.many else text

    def _range(self) -> str:
        if self.least is not None and self.most is not None:
            return f" from {self.least:g} to {self.most:g}"
        if self.least is not None:
            return f" of at least {self.least:g}"
        return f" of at most {self.most:g}" if self.most is not None else ""

    def accept(self, value: Any) -> Any:
        """The value as the node will see it: a list becomes a tuple, a whole number a float where one is due.

        Raises:
            KnobError: The value has another type, lies outside the range or is no known word.
        """
        if not self.many:
            return self._accept_one(value)
        items = value if isinstance(value, list | tuple) else [value]
        return tuple(self._accept_one(item) for item in items)

    def _accept_one(self, value: Any) -> Any:
        if isinstance(value, str) and value in self.words:
            return value
        if self.type is float and value.__class__ is int and _is_whole_number(value):
            value = float(value)
        if value.__class__ is not self.type:
            raise self._refusal(value)
        if self.choices and value not in self.choices:
            raise self._refusal(value)
        if self.path and "\0" in value:
            raise KnobError(shown(value), "a path without a NUL character")
        if self.type in (int, float):
            self._accept_number(value)
        return value

    def _accept_number(self, value: float) -> None:
        low = -math.inf if self.least is None else self.least
        high = math.inf if self.most is None else self.most
        usable = math.isfinite(value) if isinstance(value, float) else _is_whole_number(value)
        if not (usable and low <= value <= high):
            raise self._refusal(value)

    def _refusal(self, value: Any) -> KnobError:
        words = (*self.choices, *self.words)
        close = nearest(value, words) if isinstance(value, str) and words else None
        return KnobError(shown(value), self.expected, f'Did you mean "{close}"?' if close else None)


def _is_whole_number(value: int) -> bool:
    """Whether it has the 64 bits that TOML gives a whole number; Python reads longer ones."""
    return -(2**63) <= value < 2**63


def shown(value: Any) -> str:
    """A value as it stands in a graph file, shortened.

    >>> shown(True), shown("a"), shown([1, 2])
    ('true', '"a"', '[1, 2]')
    """
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, list | tuple):
        text = "[" + ", ".join(shown(item) for item in value[:80]) + "]"
    elif isinstance(value, dict):
        text = "a table"
    elif isinstance(value, int) and not _is_whole_number(value):
        text = "a number beyond 64 bits"
    else:
        text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
