"""On which line of a graph file a node or one of its knobs stands.

The reader of the standard library gives no lines, and one that does is ten times slower; so lines are looked
up only when there is a fault to tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_HEADER = re.compile(
    r"""^\s*\[\s*nodes\s*\.\s*["']?([A-Za-z0-9_-]+)["']?\s*(?:\.\s*([A-Za-z0-9_-]+)\s*)?\]"""
)
_KEY = re.compile(r"""^\s*["']?([A-Za-z0-9_-]+)["']?\s*(?:\.[^=]*)?=""")
_OTHER = re.compile(r"^\s*\[")


def lines(text: str) -> dict[tuple[str | None, str | None], int]:
    r"""The line, from 1, of each node `(node, None)`, knob `(node, knob)` and top-level key `(None, key)`.

    >>> lines('[nodes.a]\ntype = "Write"')[("a", "type")]
    2
    """
    found: dict[tuple[str | None, str | None], int] = {}
    node: str | None = None
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            node, inside = header[1], header[2] is not None
            found.setdefault((node, header[2]), number)
        elif _OTHER.match(line):
            node, inside = None, True
        elif not inside and (key := _KEY.match(line)):
            found.setdefault((node, key[1]), number)
    return found


class LineFinder:
    """Looks lines up in a text that is read once, and only when somebody asks.

    Args:
        text: The graph file.
        changed: The knobs, as (node, knob), whose values don't stand there any more.
    """

    def __init__(self, text: str, changed: Collection[tuple[str, str]] = ()) -> None:
        self._text, self._changed = text, changed
        self._found: dict[tuple[str | None, str | None], int] | None = None

    def __call__(self, node: str | None, knob: str | None = None) -> int | None:
        """The line of a knob, or of its node where the knob is not there; None for a changed knob."""
        if (node, knob) in self._changed:
            return None
        if self._found is None:
            self._found = lines(self._text)
        return self._found.get((node, knob)) or self._found.get((node, None))
