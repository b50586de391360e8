"""Frames as a ContactSheet shows them: as they look, how far they are from others, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from understudy.nodes.media.images.sheet import exposure_for, heat, is_linear, over_checkerboard, to_display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.media.viewers import Look

EMPTY = 40

UNCERTAINTY_CHANNEL = "uncertainty"
"""The one channel of frames that say how far off others may be."""

RED_OF_A_MATTE = 0.5
"""What is red of a matte's errors and uncertainty: it is wrong, or might be as well as not."""

_SAMPLES = 3
_OVERLAY = 0.55


def shows(value: Any) -> bool:
    """Whether the value is a sequence of frames."""
    return hasattr(value, "read")


def columns(value: Frames, heading: str, first: Frames | None, look: Look) -> list[FrameColumn]:
    """A column of the frames; and one of their errors, where that is wanted and there is a truth."""
    found: list[FrameColumn] = []
    if _channels(value) == (UNCERTAINTY_CHANNEL,):
        return [UncertaintyColumn(value, heading, look, first)]
    found.append(FrameColumn(value, heading, look, first))
    alike = (one for one in look.before if shows(one) and _compares(one, value))
    if look.error and (truth := next(alike, None)) is not None:
        found.append(ErrorColumn(value, heading, look, truth))
    return found


@dataclass(frozen=True)
class FrameColumn:
    """Frames, each cropped and shrunk to the column's width.

    Attributes:
        frames: The sequence.
        name: What it is called.
        look: How the sheet is wanted.
        first: The sheet's first frames, or what these are compared with; None where these are the first.
    """

    frames: Frames
    name: str
    look: Look
    first: Frames | None = field(default=None)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers."""
        return self.frames.numbers

    @property
    def heading(self) -> str:
        """The name, and by how many stops it is shown brighter or darker."""
        return f"{self.name} ({self.exposure:+.1f} stops)" if self.exposure else self.name

    @cached_property
    def exposure(self) -> float:
        """In stops; that of the sheet's first frames where those are scene-linear, so that both compare."""
        if not _is_linear_colour(self.frames):
            return 0.0
        if self.look.exposure is not None:
            return self.look.exposure
        leading = self.first if self.first is not None and _is_linear_colour(self.first) else self.frames
        return float(np.median([exposure_for(leading.read(number).pixels) for number in _spread(leading)]))

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The frame through the sRGB curve where it is scene-linear; an empty field where it has none."""
        if number not in self.frames.numbers:
            return np.full((width // 16 * 9, width, 3), EMPTY, np.uint8)
        return self._drawn(self._shown(self.frames, number), number, width)

    def _drawn(self, frame: Frame, number: int, width: int) -> NDArray[np.uint8]:
        linear = is_linear(self.frames.spec(number).dtype)
        picture = shrunk(to_display(frame.pixels, linear=linear, exposure=self.exposure), width)
        if not self.look.checkerboard:
            return picture
        if frame.pixels.shape[-1] == 1 and self.first is not None and number in self.first.numbers:
            under = FrameColumn(self.first, self.name, self.look).picture(number, width)
            return over_checkerboard(under, shrunk_values(frame.pixels[..., 0], width))
        if "A" in frame.channels and frame.pixels.shape[-1] > 3:
            return self._cut_out(frame, linear=linear, width=width)
        return picture

    def _cut_out(self, frame: Frame, *, linear: bool, width: int) -> NDArray[np.uint8]:
        """Premultiplied colour over the checkerboard."""
        alpha = frame.pixels[..., frame.channels.index("A")]
        colour = frame.select(frame.channels[:3]).pixels
        straight = np.where(alpha[..., None] > 1e-4, colour / np.maximum(alpha[..., None], 1e-4), 0.0)
        shown = to_display(straight.astype(np.float32), linear=linear, exposure=self.exposure)
        return over_checkerboard(shrunk(shown, width), shrunk_values(alpha, width))

    def _shown(self, frames: Frames, number: int) -> Frame:
        """The frame over its display window, or the part of it that the sheet shows."""
        frame = frames.read(number)
        if self.look.crop is None:
            return frame.fitted(frame.display)
        return cropped(frame, *(round(side * self._larger(frame)) for side in self.look.crop))

    def _larger(self, frame: Frame) -> float:
        """How many times as wide it is as the sheet's first frames, of whose pixels a crop is told."""
        leading: Frames = next((one for one in self.look.before if shows(one)), self.frames)
        return frame.display.width / leading.spec(leading.numbers[0]).display.width


class ErrorColumn(FrameColumn):
    """How far frames are from others of the same channels, green to red: the largest over the channels."""

    @property
    def heading(self) -> str:
        """Whose error, and what is red."""
        return f"error of {self.name} (red: {self.red:.2g})"

    @cached_property
    def red(self) -> float:
        """Half for a matte, else the largest of what the column has, a few pixels apart."""
        if len(_channels(self.frames)) == 1:
            return RED_OF_A_MATTE
        common = sorted(set(self.frames.numbers) & set(self._truth.numbers))
        return _rounded([self._errors(number) for number in _spread_of(common)])

    @property
    def _truth(self) -> Frames:
        assert self.first is not None
        return self.first

    def _errors(self, number: int) -> NDArray[np.float32]:
        found, truth = self._shown(self.frames, number), self._shown(self._truth, number)
        return np.asarray(np.abs(found.pixels - truth.fitted(found.data).pixels).max(axis=-1))

    def picture(self, number: int, width: int) -> NDArray[np.uint8]:
        """The errors of a frame; an empty field where either side lacks it."""
        if number not in self.frames.numbers or number not in self._truth.numbers:
            return np.full((width // 16 * 9, width, 3), EMPTY, np.uint8)
        return shrunk(heat(self._errors(number), self.red), width)


class UncertaintyColumn(FrameColumn):
    """How far off frames may be, green to red over a grey picture of the sheet's first frames."""

    @property
    def heading(self) -> str:
        """The name, and what is red."""
        return f"{self.name} (red: {self.red:.2g})"

    @cached_property
    def red(self) -> float:
        """Half for a matte, else the largest of what the column has, a few pixels apart."""
        if getattr(self.frames, "matte", False):
            return RED_OF_A_MATTE
        return _rounded([self.frames.read(number).pixels[..., 0] for number in _spread(self.frames)])

    def _drawn(self, frame: Frame, number: int, width: int) -> NDArray[np.uint8]:
        colours = shrunk(heat(frame.pixels[..., 0], self.red), width)
        if self.first is None or number not in self.first.numbers:
            return colours
        under = FrameColumn(self.first, self.name, self.look).picture(number, width)
        grey = under.mean(axis=-1, keepdims=True)
        return np.asarray(np.rint(_OVERLAY * colours + (1.0 - _OVERLAY) * grey), np.uint8)


def shrunk(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """A picture `width` pixels wide, in proportion; each pixel the mean of those that it stands for."""
    image = Image.fromarray(picture)
    height = max(1, round(image.height * width / image.width))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def shrunk_values(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """One channel, as `shrunk` does it."""
    image = Image.fromarray(np.ascontiguousarray(values, np.float32))
    height = max(1, round(image.height * width / image.width))
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def cropped(frame: Frame, x: int, y: int, width: int, height: int) -> Frame:
    """The part of a frame that lies in a window of its display window; what is outside is 0."""
    from understudy.nodes.media.images.frame import Window

    return frame.fitted(Window(frame.display.x + x, frame.display.y + y, width, height))


def _compares(one: Frames, other: Frames) -> bool:
    """Whether frames have the same channels and are of one size."""
    if not one.numbers or not other.numbers:
        return False
    here, there = one.spec(one.numbers[0]), other.spec(other.numbers[0])
    size = (here.display.width, here.display.height)
    return here.channels == there.channels and size == (there.display.width, there.display.height)


def _channels(frames: Frames) -> tuple[str, ...]:
    return frames.spec(frames.numbers[0]).channels if frames.numbers else ()


def _is_linear_colour(frames: Frames) -> bool:
    spec: FrameSpec = frames.spec(frames.numbers[0])
    return is_linear(spec.dtype) and len(spec.channels) >= 3


def _spread(frames: Frames) -> list[int]:
    return _spread_of(frames.numbers)


def _spread_of(numbers: Sequence[int]) -> list[int]:
    """A few of the numbers, first and last among them."""
    return sorted({numbers[round(place)] for place in np.linspace(0, len(numbers) - 1, _SAMPLES)})


def _rounded(values: Sequence[NDArray[np.float32]]) -> float:
    """What all but half a percent of the values stay under, to one digit upwards."""
    high = float(np.nanpercentile(np.concatenate([one.ravel() for one in values]), 99.5))
    if not np.isfinite(high) or high <= 0.0:
        return 1.0
    step = 10.0 ** np.floor(np.log10(high))
    return float(np.ceil(high / step) * step)
