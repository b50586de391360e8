"""What can go wrong, as a person is told it.

    UnderstudyError            everything that is not our own mistake
    ├── GraphError             the graph or the call is wrong; carries every fault found (exit status 2)
    ├── NodeError              a node failed while running; names node, knob and frame (exit status 1)
    ├── MediaError             a frame, mesh or table can't be read or written; names the file
    ├── FormatError            a .cat, .ost, .summary or cache is refused; names file and byte
    ├── StorageError           a write failed: disk full, no permission, failing device
    ├── LockedError            another living process owns what was asked for
    └── Stopped                a signal asked to stop and everything is saved (exit status 130)

`assert` is for our own mistakes only.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, or None.

    >>> nearest("epoch", ["epochs", "seed"])
    'epochs'
    """
    names = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), list(names), n=1, cutoff=0.6)
    return names[found[0]] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a graph file, and where.

    Attributes:
        what: The sentence that says what is wrong.
        file: The graph file, or None for a graph built in memory.
        line: Its line, from 1; None where the graph came from no file.
        node: The node's name.
        knob: The knob or port.
        found: What stands there.
        expected: What should stand there.
        suggestion: The nearest right name, or what to do.
    """

    what: str
    file: str | None = None
    line: int | None = None
    node: str | None = None
    knob: str | None = None
    found: str | None = None
    expected: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        subject = ".".join(part for part in (self.node, self.knob) if part)
        parts = [part for part in (place, subject) if part]
        text = ": ".join([*parts, self.what])
        if self.found is not None:
            text += f"; found {self.found}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        text = text if text.endswith(".") else f"{text}."  # what was found may be a sentence
        return f"{text} {self.suggestion}" if self.suggestion else text


class UnderstudyError(Exception):
    """Everything that is not our own mistake."""


class GraphError(UnderstudyError):
    """The graph or the call is wrong; `faults` holds everything that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = list(faults)


class NodeError(UnderstudyError):
    """A node failed while running."""

    def __init__(self, node: str, message: str, *, knob: str | None = None, frame: int | None = None) -> None:
        subject = f"{node}.{knob}" if knob else node
        place = "" if frame is None else f" (frame {frame})"
        super().__init__(f"{subject}: {message}{place}")
        self.node, self.knob, self.frame = node, knob, frame


class MediaError(UnderstudyError):
    """A frame, mesh or table can't be read or written; `path` names the file, `frame` the frame."""

    def __init__(self, path: Path | str, message: str, *, frame: int | None = None) -> None:
        super().__init__(f"{path}: {message}")
        self.path, self.frame = str(path), frame


class FormatError(UnderstudyError):
    """A file of our own is refused; `offset` is the byte at which reading it stopped making sense."""

    def __init__(self, path: Path | str, message: str, *, offset: int | None = None) -> None:
        place = "" if offset is None else f" at byte {offset}"
        super().__init__(f"{path}{place}: {message}")
        self.path, self.offset = str(path), offset


class StorageError(UnderstudyError):
    """A write failed; the old file, if there was one, is untouched.

    `needed` and `free` are in bytes, None where they are unknown.
    """

    def __init__(
        self, path: Path | str, message: str, *, needed: int | None = None, free: int | None = None
    ) -> None:
        room = "" if needed is None or free is None else f" ({needed:,} bytes needed, {free:,} free)"
        super().__init__(f"{path}: {message}{room}")
        self.path, self.needed, self.free = str(path), needed, free


class LockedError(UnderstudyError):
    """Another living process owns what was asked for; the message names it."""


class Stopped(UnderstudyError):  # noqa: N818 - it is no error
    """A signal asked to stop, and everything is saved."""
