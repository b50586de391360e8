"""What a picture is here: float pixels with named channels in a data window that lies in a display window."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray


class ChannelError(UnderstudyError):
    """A channel was asked for that is not there; the message names the nearest one."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of pixels; the origin may be negative, y points down.

    >>> Window(-10, 0, 20, 8).intersection(Window(0, 4, 100, 100))
    Window(x=0, y=4, width=10, height=4)
    """

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column that is no longer inside."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row that is no longer inside."""
        return self.y + self.height

    @property
    def area(self) -> int:
        """How many pixels it holds."""
        return self.width * self.height

    def moved(self, x: int, y: int) -> Window:
        """The same size, `x` pixels to the right and `y` down."""
        return Window(self.x + x, self.y + y, self.width, self.height)

    def scaled(self, scale: int) -> Window:
        """The window where a pixel became `scale` pixels along each side."""
        return Window(scale * self.x, scale * self.y, scale * self.width, scale * self.height)

    def intersection(self, other: Window) -> Window:
        """What both hold; width or height is 0 where they don't meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return Window(x, y, max(width, 0), max(height, 0))

    def union(self, other: Window) -> Window:
        """The smallest window that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Window(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def within(self, other: Window) -> tuple[slice, slice]:
        """Rows and columns of this window in the pixels of another that holds it."""
        top, left = self.y - other.y, self.x - other.x
        return slice(top, top + self.height), slice(left, left + self.width)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSpec:
    """What is known of a frame without decoding its pixels.

    Attributes:
        channels: Their names, such as `("R", "G", "B", "A", "depth.Z")`.
        dtype: The type of the values in the file: half, float, double, uint8, uint10, uint12, uint16, uint32.
            Operators leave it alone; it says how precise the source was, not what memory holds.
        data: The window that has pixels.
        display: The window that is shown.
        metadata: Plain values by name, as OpenImageIO names them.
    """

    channels: tuple[str, ...]
    dtype: str
    data: Window
    display: Window
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A decoded frame. Nothing is clamped; alpha is associated (premultiplied); NaN and infinity may occur.

    Attributes:
        pixels: Float32, `(H, W, C)`: the data window's rows from top to bottom. Treat it as read-only.
        channels: The names of the C channels.
        data: The window of the pixels.
        display: The window that is shown.
        metadata: Plain values by name, as OpenImageIO names them.
    """

    pixels: NDArray[np.float32]
    channels: tuple[str, ...]
    data: Window
    display: Window
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        expected = (self.data.height, self.data.width, len(self.channels))
        assert self.pixels.shape == expected, f"pixels {self.pixels.shape} for {expected}"
        assert self.pixels.dtype == np.float32

    def spec(self, dtype: str = "float") -> FrameSpec:
        """Its description, as of a file whose values are of this type."""
        return FrameSpec(
            channels=self.channels,
            dtype=dtype,
            data=self.data,
            display=self.display,
            metadata=self.metadata,
        )

    def select(self, channels: Sequence[str]) -> Frame:
        """The frame with these channels only, in this order.

        Raises:
            ChannelError: One of them is not there.
        """
        indices = channel_indices(channels, self.channels)
        if indices == list(range(len(self.channels))):
            return self
        return replace(self, pixels=self.pixels[..., indices], channels=tuple(channels))

    def fitted(self, window: Window) -> Frame:
        """The frame with another data window: what lies outside is cut, what is new is 0."""
        if window == self.data:
            return self
        pixels = np.zeros((window.height, window.width, len(self.channels)), np.float32)
        common = self.data.intersection(window)
        if common.area:
            pixels[common.within(window)] = self.pixels[common.within(self.data)]
        return replace(self, pixels=pixels, data=window)


def bands(height: int, rows: int = 64) -> Iterator[slice]:
    """The rows of a frame in slices of a few, so that what is computed from them fits the processor's cache.

    >>> list(bands(100))
    [slice(0, 64, None), slice(64, 100, None)]
    """
    for first in range(0, height, rows):
        yield slice(first, min(first + rows, height))


def channel_indices(wanted: Sequence[str], present: Sequence[str]) -> list[int]:
    """Where each wanted channel stands among those that are present.

    >>> channel_indices(["A", "R"], ["R", "G", "B", "A"])
    [3, 0]

    Raises:
        ChannelError: One of them is not there; the message names the nearest one.
    """
    for name in wanted:
        if name not in present:
            close = nearest(name, present)
            hint = f'; did you mean "{close}"?' if close else ""
            raise ChannelError(f'there is no channel "{name}" among {", ".join(present)}{hint}')
    return [list(present).index(name) for name in wanted]


def chosen_channels(text: str, present: Sequence[str]) -> tuple[str, ...]:
    """The channels that a knob's text chooses: names of channels or layers, separated by commas or spaces.

    `rgb` and `rgba` stand for the channels of those letters, a layer's name for all of its channels, and an
    empty text for all there are.

    >>> chosen_channels("rgb, depth", ["R", "G", "B", "A", "depth.Z"])
    ('R', 'G', 'B', 'depth.Z')

    Raises:
        ChannelError: A name is neither a channel nor a layer.
    """
    if not text.strip():
        return tuple(present)
    chosen: list[str] = []
    for word in text.replace(",", " ").split():
        if word in present:
            chosen.append(word)
        elif word in ("rgb", "rgba"):
            chosen += list(word.upper())
        else:
            layer = [name for name in present if name.startswith(word + ".")]
            chosen += layer or [word]
    chosen = list(dict.fromkeys(chosen))
    channel_indices(chosen, present)
    return tuple(chosen)
