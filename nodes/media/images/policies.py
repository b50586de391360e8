"""What becomes of frames that can't be read: an error, a gap, or their neighbour shown instead."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from understudy.graph.errors import MediaError
from understudy.graph.ranges import compact
from understudy.nodes.media.images.some_frames import SomeFrames

if TYPE_CHECKING:
    from collections.abc import Callable

    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames

POLICIES = ("error", "skip", "hold")


def with_policy(frames: Frames, policy: str, warn: Callable[[str], None]) -> Frames:
    """The sequence under one of `POLICIES`.

    Damage often shows only when the pixels are decoded, so that `skip` decodes every frame once before it
    knows its numbers, and `hold` every frame that it is asked about.

    Args:
        frames: What to read.
        policy: `error` leaves the sequence as it is, `skip` leaves bad frames out, `hold` shows the nearest
            readable frame before a bad one, or after it where there is none before.
        warn: Told of the frames that are skipped or held.
    """
    if policy == "skip":
        return SkippingFrames(frames, warn)
    return HoldingFrames(frames, warn) if policy == "hold" else frames


class _Verdicts:
    """Which frames can be decoded; each is tried once."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._known: dict[int, bool] = {}
        self._lock = threading.Lock()

    def readable(self, number: int) -> bool:
        with self._lock:
            known = self._known.get(number)
        if known is None:
            try:
                self._frames.read(number)
                known = True
            except MediaError:
                known = False
            with self._lock:
                self._known[number] = known
        return known


class SkippingFrames(SomeFrames):
    """A sequence without its bad frames."""

    def __init__(self, frames: Frames, warn: Callable[[str], None]) -> None:
        super().__init__(frames)
        self._warn = warn

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The frames that can be decoded; finding out decodes them all."""
        numbers, verdicts = self._frames.numbers, _Verdicts(self._frames)
        with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="verdict") as pool:
            good = list(pool.map(verdicts.readable, numbers))
        bad = [number for number, readable in zip(numbers, good, strict=True) if not readable]
        if bad:
            self._warn(f"frames {compact(bad)} can't be read and are skipped")
        return tuple(number for number, readable in zip(numbers, good, strict=True) if readable)


class HoldingFrames:
    """A sequence in which a bad frame shows its nearest readable neighbour."""

    def __init__(self, frames: Frames, warn: Callable[[str], None]) -> None:
        self._frames, self._warn, self._verdicts = frames, warn, _Verdicts(frames)
        self._told: set[int] = set()
        self.numbers = frames.numbers

    def spec(self, number: int) -> FrameSpec:
        """That of the frame that is shown."""
        return self._frames.spec(self._shown(number))

    def read(self, number: int) -> Frame:
        """The frame that is shown."""
        return self._frames.read(self._shown(number))

    def identity(self, number: int) -> str:
        """That of the frame that is shown."""
        return self._frames.identity(self._shown(number))

    def _shown(self, number: int) -> int:
        if self._verdicts.readable(number):
            return number
        before = [other for other in self.numbers if other < number]
        after = [other for other in self.numbers if other > number]
        for other in (*reversed(before), *after):
            if self._verdicts.readable(other):
                self._tell(number, other)
                return other
        raise MediaError("the sequence", "has no frame that can be read", frame=number)

    def _tell(self, number: int, shown: int) -> None:
        if number not in self._told:
            self._told.add(number)
            self._warn(f"frame {number} can't be read; frame {shown} is held")
