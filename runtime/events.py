"""What happens while a graph runs, as small records; whoever shows or stores them is a sink."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a node."""

    node: str

    def as_dict(self) -> dict[str, Any]:
        """The event as plain data, its kind under `event`."""
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The node began to compute; `why` says why it had to."""

    why: str


@dataclass(frozen=True, slots=True)
class Progress(Event):
    """How far the node is: `done` of `total`, in `unit`; `remaining` in seconds, None while unknown."""

    done: int
    total: int
    unit: str
    remaining: float | None = None
    details: dict[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A sentence for the log and for people."""

    message: str


@dataclass(frozen=True, slots=True)
class Warned(Event):
    """Something went wrong that did not stop the node."""

    message: str


@dataclass(frozen=True, slots=True)
class Wrote(Event):
    """A file that a person may want to open."""

    path: str
    what: str


@dataclass(frozen=True, slots=True)
class Judged(Event):
    """A training ended: its verdict in a word or two, and the reason in a paragraph."""

    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class UpToDate(Event):
    """The node's kept result was verified and is used."""


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The node's result is there; `seconds` is how long it took."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The node failed; nodes that need it will not run."""

    message: str


@dataclass(frozen=True, slots=True)
class Skipped(Event):
    """The node did not run because a node above it failed."""

    because: str


Sink = Callable[[Event], None]
"""Takes every event, in order, from whichever thread it happened in; sinks must be quick."""


def nobody(event: Event) -> None:
    """A sink that drops what it is given."""
