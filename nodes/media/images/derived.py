"""Sequences that are computed from others, frame by frame, when a frame is asked for.

A graph of operators may be deep, and a sequence may be taken by several of them. Frames are therefore pulled
without recursion; what several operators take is computed once, and let go when the last of them is done.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.media.images.sequence import common_numbers, digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames

Asked = tuple["Frames", int]
"""A frame: its sequence and its number."""


class DerivedFrames(ABC):
    """A sequence that says which frames a frame is made of, and how.

    Attributes:
        numbers: The frame numbers.
    """

    numbers: tuple[int, ...]

    @abstractmethod
    def takes(self, number: int) -> list[Asked]:
        """The frames that a frame is made of."""

    @abstractmethod
    def combine_specs(self, number: int, specs: Sequence[FrameSpec]) -> FrameSpec:
        """The description, from theirs."""

    @abstractmethod
    def combine_frames(self, number: int, frames: Sequence[Frame]) -> Frame:
        """The frame, from them."""

    @abstractmethod
    def combine_identities(self, number: int, identities: Sequence[str]) -> str:
        """The identity, from theirs."""

    def spec(self, number: int) -> FrameSpec:
        """What is known of the frame without computing it."""
        spec: FrameSpec = _pulled(self, number, "spec", "combine_specs")
        return spec

    def read(self, number: int) -> Frame:
        """The frame, computed now.

        Raises:
            NodeError: An operator can't be applied to it, or a file can't be read.
        """
        frame: Frame = _pulled(self, number, "read", "combine_frames")
        return frame

    def identity(self, number: int) -> str:
        """A digest of all that it is made of."""
        identity: str = _pulled(self, number, "identity", "combine_identities")
        return identity


def _pulled(sequence: DerivedFrames, number: int, ask: str, combine: str) -> Any:
    """What `ask` gives for a frame, computed from the leaves up."""
    order, uses = _order((sequence, number))
    values: dict[tuple[int, int], Any] = {}
    for frames, at in order:
        if not isinstance(frames, DerivedFrames):
            values[id(frames), at] = getattr(frames, ask)(at)
            continue
        taken = [(id(source), place) for source, place in frames.takes(at)]
        values[id(frames), at] = getattr(frames, combine)(at, [values[key] for key in taken])
        for key in taken:
            uses[key] -= 1
            if not uses[key]:
                del values[key]
    return values[id(sequence), number]


def _order(asked: Asked) -> tuple[list[Asked], Counter[tuple[int, int]]]:
    """Every frame that a frame depends on, each after those that it takes, and how often each is taken."""
    order: list[Asked] = []
    uses: Counter[tuple[int, int]] = Counter()
    seen: set[tuple[int, int]] = set()
    stack = [(asked, False)]
    while stack:
        (frames, number), complete = stack.pop()
        key = (id(frames), number)
        if complete:
            order.append((frames, number))
        elif key not in seen:
            seen.add(key)
            stack.append(((frames, number), True))
            if isinstance(frames, DerivedFrames):
                taken = frames.takes(number)
                uses.update((id(source), at) for source, at in taken)
                stack.extend((one, False) for one in reversed(taken))
    return order, uses


class MappedFrames(DerivedFrames):
    """An operator over other sequences.

    Args:
        node: The node's name, for messages.
        sources: What it is computed from; it has the frames that all of them have.
        change: Takes a frame of each source and gives the result.
        identity: What the operator does, as a text: its type, its version and its knobs.
        change_spec: Takes each source's description and gives the result's; the first source's without it.
    """

    def __init__(
        self,
        node: str,
        sources: Sequence[Frames],
        change: Callable[..., Frame],
        identity: str,
        *,
        change_spec: Callable[..., FrameSpec] | None = None,
    ) -> None:
        self.node, self.sources, self._change, self._identity = node, tuple(sources), change, identity
        self._change_spec = change_spec
        self.numbers = common_numbers(sources)

    def takes(self, number: int) -> list[Asked]:
        """The frames of that number."""
        return [(source, number) for source in self.sources]

    def combine_specs(self, number: int, specs: Sequence[FrameSpec]) -> FrameSpec:
        """What the operator makes of them."""
        with self._naming(number):
            return self._change_spec(*specs) if self._change_spec else specs[0]

    def combine_frames(self, number: int, frames: Sequence[Frame]) -> Frame:
        """What the operator makes of them."""
        with self._naming(number), np.errstate(all="ignore"):  # NaN and infinity are values like others
            return self._change(*frames)

    def combine_identities(self, number: int, identities: Sequence[str]) -> str:  # noqa: ARG002 - all frames are changed alike
        """Digest of what the operator does and of what it takes."""
        return digest_of(self._identity, *identities)

    @contextmanager
    def _naming(self, number: int) -> Iterator[None]:
        """Puts the node and the frame into messages."""
        try:
            yield
        except NodeError:
            raise
        except UnderstudyError as error:
            raise NodeError(self.node, str(error), frame=number) from error


class RenumberedFrames(DerivedFrames):
    """The frames of another sequence under other numbers.

    Args:
        frames: The sequence.
        offset: What is added to each number.
    """

    def __init__(self, frames: Frames, offset: int) -> None:
        self._frames, self._offset = frames, offset
        self.numbers = tuple(number + offset for number in frames.numbers)

    def takes(self, number: int) -> list[Asked]:
        """The frame by its old number."""
        return [(self._frames, number - self._offset)]

    def combine_specs(self, number: int, specs: Sequence[FrameSpec]) -> FrameSpec:  # noqa: ARG002 - it is as it was
        """The same."""
        return specs[0]

    def combine_frames(self, number: int, frames: Sequence[Frame]) -> Frame:  # noqa: ARG002 - it is as it was
        """The same."""
        return frames[0]

    def combine_identities(self, number: int, identities: Sequence[str]) -> str:  # noqa: ARG002 - it is as it was
        """The same, for the pixels are the same."""
        return identities[0]
