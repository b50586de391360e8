"""Sequences that have fewer frames than another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames


class SomeFrames:
    """Some frames of a sequence, each as the sequence has it; a subclass says which by its `numbers`."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def spec(self, number: int) -> FrameSpec:
        """As the sequence says."""
        return self._frames.spec(number)

    def read(self, number: int) -> Frame:
        """As the sequence has it."""
        return self._frames.read(number)

    def identity(self, number: int) -> str:
        """That of the sequence."""
        return self._frames.identity(number)
