"""Ports: where wires enter and leave a node, and what they carry."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = (
    "frames",
    "controls",
    "shapes",
    "features",
    "labels",
    "basis",
    "network",
    "loss",
    "run",
    "model",
    "picture",
    "files",
)
"""What a wire can carry."""


@dataclass(frozen=True, slots=True)
class Input:
    """A port that takes one wire, or several where `many` is set.

    Attributes:
        kinds: The kinds it takes, separated by spaces in the declaration.
        help: One sentence.
        optional: Whether it may stay unconnected.
        many: Whether it takes a list of sources.
    """

    kinds: str
    help: str
    optional: bool = False
    many: bool = False

    def takes(self, kind: str) -> bool:
        """Whether a wire of this kind fits."""
        return kind in self.kinds.split()


@dataclass(frozen=True, slots=True)
class Output:
    """A port that gives a value; `kinds` are those it can be, which `Node.outline` narrows to one."""

    kinds: str
    help: str

    @property
    def kind(self) -> str:
        """The kind that it has unless the node's outline says otherwise."""
        return self.kinds.split()[0]


@dataclass(frozen=True, slots=True)
class Outline:
    """What is known of a wire before anything runs.

    Attributes:
        kind: One of `KINDS`.
        frames: The frame numbers that a `frames` wire has, sorted; None where they are not known yet.
        gives: The kind that a `run` or a `model` gives when it is applied; None where that is not known.
        notes: What was taken for what, in sentences that `plan` shows.
    """

    kind: str
    frames: tuple[int, ...] | None = None
    gives: str | None = None
    notes: tuple[str, ...] = ()
