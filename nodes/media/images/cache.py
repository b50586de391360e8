"""Decoded frames in memory-mapped files, for random crops: a frame is decoded once, not for every crop.

Each frame has a file: a page of header (magic, the header's length and CRC-32, then msgpack), then the
values, row by row. The header holds the frame's identity and the CRC-32 of the values, which is verified
when the file is opened; a file that is stale, damaged or of another version is made anew.
"""

from __future__ import annotations

import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np

from understudy.nodes.media.images.frame import Window
from understudy.runtime.durable import make_folder, replace_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame
    from understudy.nodes.media.images.sequence import Frames

HALF_IS_ENOUGH = ("half", "uint8", "uint10")
"""Source types whose values half holds as well as they were."""

_MAGIC = b"UPIXELS\x01"
_HEAD = struct.Struct("<8sII")
_PAGE = 4096
_LARGEST_HALF = 65520.0


@dataclass(frozen=True, slots=True, eq=False)
class CachedFrame:
    """A decoded frame over its display window.

    Attributes:
        pixels: `(H, W, C)`, float16 or float32, memory-mapped and read-only; 0 outside the data window.
        channels: The names of the C channels.
        display: The window of the pixels.
        dtype: The type of the values in the source file.
        finite: Whether no value is NaN or infinite.
    """

    pixels: NDArray[Any]
    channels: tuple[str, ...]
    display: Window
    dtype: str
    finite: bool

    def crop(self, x: int, y: int, size: int) -> NDArray[np.float32]:
        """A square of pixels, `(size, size, C)` float32, whose upper left corner is at (x, y) of the window.

        What reaches over the edge is 0.
        """
        cut = np.zeros((size, size, len(self.channels)), np.float32)
        there = Window(x, y, size, size)
        common = there.intersection(Window(0, 0, self.display.width, self.display.height))
        rows, columns = common.within(there)
        cut[rows, columns] = self.pixels[common.y : common.bottom, common.x : common.right]
        return cut


class FrameCache:
    """Frames of one sequence, decoded once into files of a folder.

    Values are kept as half where the source has no more precision and they fit, else as float32. Memory holds
    the pages that crops have touched lately, as the system sees fit.

    Args:
        frames: The sequence.
        folder: Where the files lie; it belongs to this sequence alone and can be deleted at any time.
    """

    def __init__(self, frames: Frames, folder: Path) -> None:
        self._frames, self._folder = frames, folder

    def open_all(
        self, numbers: Sequence[int], progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> dict[int, CachedFrame]:
        """Frames by number, decoding a few side by side; files of other frames are removed.

        Args:
            numbers: The frames wanted.
            progress: Told how many are open, and of how many; may raise to stop.

        Raises:
            MediaError: A frame can't be read.
            StorageError: A file can't be written.
        """
        cached = {}
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1), thread_name_prefix="decode") as pool:
            futures = {number: pool.submit(self.open, number) for number in numbers}
            try:
                for number, future in futures.items():
                    cached[number] = future.result()
                    progress(len(cached), len(numbers))
            finally:
                pool.shutdown(cancel_futures=True)
        wanted = {self._path(number) for number in numbers}
        for path in self._folder.glob("*.pixels"):
            if path not in wanted:
                path.unlink(missing_ok=True)
        return cached

    def open(self, number: int) -> CachedFrame:
        """A frame; decoded now unless its file is there, current and undamaged.

        Raises:
            MediaError: The frame can't be read.
            StorageError: The file can't be written.
        """
        identity, path = self._frames.identity(number), self._path(number)
        cached = _opened(path, identity)
        if cached is None:
            make_folder(self._folder)
            dtype = self._frames.spec(number).dtype
            _write(path, identity, self._frames.read(number), dtype)
            cached = _opened(path, identity)
            assert cached is not None, f"{path} was just written"
        return cached

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.pixels"


def _write(path: Path, identity: str, frame: Frame, dtype: str) -> None:
    pixels = np.ascontiguousarray(frame.fitted(frame.display).pixels)
    finite = np.isfinite(pixels)
    fits = np.abs(pixels, where=finite, out=np.zeros_like(pixels)).max(initial=0.0) < _LARGEST_HALF
    values = pixels.astype(np.float16) if dtype in HALF_IS_ENOUGH and fits else pixels
    display = frame.display
    header = msgpack.packb(
        {
            "identity": identity,
            "channels": list(frame.channels),
            "display": [display.x, display.y, display.width, display.height],
            "dtype": dtype,
            "values": values.dtype.name,
            "finite": bool(finite.all()),
            "crc": zlib.crc32(values.data),
        }
    )
    page = _HEAD.pack(_MAGIC, len(header), zlib.crc32(header)) + header
    room = -(-len(page) // _PAGE) * _PAGE
    replace_bytes(path, [page.ljust(room, b"\0"), values.data.cast("B")])


def _opened(path: Path, identity: str) -> CachedFrame | None:
    """The frame in a file; None where there is none, or it is stale or damaged."""
    header, start = _header(path)
    if header is None or header["identity"] != identity:
        return None
    display = Window(*header["display"])
    shape = (display.height, display.width, len(header["channels"]))
    try:
        pixels = np.memmap(path, header["values"], "r", start, shape)
    except (OSError, ValueError):  # gone meanwhile, or cut short
        return None
    if zlib.crc32(pixels.data) != header["crc"]:
        return None
    return CachedFrame(pixels, tuple(header["channels"]), display, header["dtype"], header["finite"])


def _header(path: Path) -> tuple[dict[str, Any] | None, int]:
    """A file's header, None where it is not whole, and the byte at which the values start."""
    try:
        with path.open("rb") as file:
            magic, length, crc = _HEAD.unpack(file.read(_HEAD.size))
            text = file.read(length) if magic == _MAGIC else b""
    except (OSError, struct.error):
        return None, 0
    if magic != _MAGIC or zlib.crc32(text) != crc:
        return None, 0
    return msgpack.unpackb(text), -(-(_HEAD.size + length) // _PAGE) * _PAGE
