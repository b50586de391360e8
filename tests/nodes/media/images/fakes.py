"""Sequences made of nothing, for tests."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.frame import Frame, FrameSpec, Window

WINDOW = Window(0, 0, 4, 3)


@dataclass
class FakeFrames:
    """Frames of one colour, the value of which is their number; counts how often each is read.

    Attributes:
        numbers: The frame numbers.
        bad: Those that can't be read.
        dtype: The source's type.
        data: The data window.
        display: The display window.
        channels: The channels.
        version: Part of every identity.
        reads: How often each frame was read.
    """

    numbers: tuple[int, ...] = (1, 2, 3)
    bad: frozenset[int] = frozenset()
    dtype: str = "half"
    data: Window = WINDOW
    display: Window = WINDOW
    channels: tuple[str, ...] = ("R", "G", "B")
    version: str = ""
    reads: Counter[int] = field(default_factory=Counter)

    def spec(self, number: int) -> FrameSpec:
        """The same for every frame."""
        assert number in self.numbers
        return FrameSpec(channels=self.channels, dtype=self.dtype, data=self.data, display=self.display)

    def read(self, number: int) -> Frame:
        """A frame filled with its number."""
        self.reads[number] += 1
        if number in self.bad:
            raise MediaError(f"fake.{number}.exr", "can't be read: it is damaged", frame=number)
        shape = (self.data.height, self.data.width, len(self.channels))
        pixels = np.full(shape, number, np.float32)
        return Frame(pixels=pixels, channels=self.channels, data=self.data, display=self.display)

    def identity(self, number: int) -> str:
        """Number and version."""
        return f"{number} {self.version}"
