"""Frames as a ContactSheet shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from understudy.nodes.media.images.sheet import is_linear, to_display

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.images.sequence import Frames

EMPTY = 40


def shows(value: Any) -> bool:
    """Whether the value is a sequence of frames."""
    return hasattr(value, "read")


def columns(value: Frames, heading: str, first: Frames | None) -> list[FrameColumn]:  # noqa: ARG001 - nothing is compared here
    """A column of the frames."""
    return [FrameColumn(value, heading)]


@dataclass(frozen=True, slots=True)
class FrameColumn:
    """Frames, each shrunk to the column's width.

    Attributes:
        frames: The sequence.
        heading: What stands above it.
    """

    frames: Frames
    heading: str

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers."""
        return self.frames.numbers

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The frame through the sRGB curve where it is scene-linear; an empty field where it has none."""
        if number not in self.frames.numbers:
            return np.full((width // 16 * 9, width, 3), EMPTY, np.uint8)
        frame = self.frames.read(number)
        linear = is_linear(self.frames.spec(number).dtype)
        picture = Image.fromarray(to_display(frame.pixels, linear=linear))
        height = max(1, round(picture.height * width / picture.width))
        return np.asarray(picture.resize((width, height), Image.Resampling.BOX))
