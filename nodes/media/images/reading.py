"""Reads a frame from a file through OpenImageIO: EXR, DPX, Cineon, TIFF, PNG, JPEG."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.frame import (
    ChannelError,
    Frame,
    FrameSpec,
    Window,
    channel_indices,
)
from understudy.nodes.media.images.half import as_float

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

MOST_BYTES = 8 << 30
"""A frame that takes more in memory is refused; a damaged header may ask for anything."""

MOST_BYTES_PER_FILE_BYTE = 20_000
"""A header that promises more is refused; an empty frame in the tightest compression reaches 8,000."""

_FREE_BYTES = 64 << 20
_AUTOMATIC_PART = re.compile(r"(part|subimage)?\d*", re.IGNORECASE)
_MAIN_PART = re.compile(r"rgba?|main|default", re.IGNORECASE)
_PREFIX = re.compile(r"EXR Error \(.*?\): ")

_SENTENCES = (
    ("claims a", "its header asks for far more pixels than the file can hold: it is damaged"),
    ("ubsampled", "its colour is subsampled (YC), which is not read; write it as RGB"),
    ("missing or corrupted", "it is cut short or damaged"),
    ("end of file", "it is cut short or damaged"),
    ("read_io", "it is cut short or damaged"),
    ("corrupt", "it is damaged"),
    ("bad_header", "its header is damaged, or it is no picture"),
    ("attr_size", "its header is damaged"),
    ("not the name of an image format", "it is no picture that OpenImageIO knows"),
)
"""What OpenImageIO says, in parts, and what that means to a person."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a file: a subimage, the window it has, and its channels' names in the whole file."""

    number: int
    spec: FrameSpec
    native: Any


def read_spec(path: Path | str, channels: Sequence[str] = (), *, frame: int | None = None) -> FrameSpec:
    """What a file's header says of the frame in it.

    Args:
        path: The file.
        channels: The channels that are of interest, in order; empty for all.
        frame: The frame's number, for messages.

    Raises:
        MediaError: The file can't be read, or lacks a channel.
    """
    with _opened(path, frame) as (_, parts):
        return _merged(parts, _wanted(parts, channels, path, frame))


def read_frame(path: Path | str, channels: Sequence[str] = (), *, frame: int | None = None) -> Frame:
    """Decodes a file: float32, nothing clamped; integers become 0 to 1, alpha is associated.

    The channels of all parts of an EXR are merged under the names that compositing programs show
    (`diffuse.R`, `left.diffuse.R` for a second view); the data window is the union of their windows.

    Args:
        path: The file.
        channels: What to read, in order; empty for all.
        frame: The frame's number, for messages.

    Raises:
        MediaError: The file can't be read, or lacks a channel.
    """
    with _opened(path, frame) as (file, parts):
        names = _wanted(parts, channels, path, frame)
        spec = _merged(parts, names)
        _refuse_bomb(path, spec, frame)
        pixels = _pixels(file, parts, spec, path, frame)
    return Frame(
        pixels=pixels,
        channels=spec.channels,
        data=spec.data,
        display=spec.display,
        metadata=spec.metadata,
    )


@contextmanager
def _opened(path: Path | str, frame: int | None) -> Iterator[tuple[Any, list[_Part]]]:
    import OpenImageIO

    _refuse_no_file(path, frame)
    file = OpenImageIO.ImageInput.open(str(path))
    if file is None:
        raise MediaError(path, _sentence(pending_error()), frame=frame)
    try:
        yield file, _parts(file, path, frame)
    finally:
        file.close()
        pending_error()


def _refuse_no_file(path: Path | str, frame: int | None) -> None:
    try:
        with Path(path).open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise MediaError(path, "there is no such file", frame=frame) from None
    except OSError as error:
        raise MediaError(path, f"can't be read: {error.strerror}", frame=frame) from error
    if empty:
        raise MediaError(path, "the file is empty; was its render cut off?", frame=frame)


def pending_error(file: Any = None) -> str:
    """What OpenImageIO complains of, which also takes it off its list; its text may be no UTF-8."""
    import OpenImageIO

    try:
        return str((file or OpenImageIO).geterror())
    except UnicodeDecodeError:
        return "a header with damaged names"


def _sentence(complaint: str) -> str:
    words = _PREFIX.sub("", " ".join(complaint.split()))
    plain = next((said for part, said in _SENTENCES if part in words.lower()), "it is damaged, or no picture")
    shown = "".join(letter for letter in words if letter.isprintable())[:120]
    return f"can't be read: {plain} ({shown})"


def _parts(file: Any, path: Path | str, frame: int | None) -> list[_Part]:
    several = file.format_name() == "openexr" and file.spec().get_int_attribute("oiio:subimages", 1) > 1
    parts: list[_Part] = []
    taken: set[str] = set()
    while file.seek_subimage(len(parts), 0):
        native = file.spec()
        if native.deep:
            raise MediaError(path, "deep pixels are not read; flatten the image first", frame=frame)
        names = tuple(native.channelnames)
        if several:
            names = _names(native, parts[0].native if parts else native, taken)
        taken.update(names)
        parts.append(_Part(len(parts), _described(native, names), native))
        if not several:
            break
    return parts


def _names(native: Any, first: Any, taken: set[str]) -> tuple[str, ...]:
    """The channels of a part as compositing programs show them: layer and view come before the name."""
    view = native.get_string_attribute("view")
    part = native.get_string_attribute("oiio:subimagename").removesuffix(f".{view}")
    layer = "" if _AUTOMATIC_PART.fullmatch(part) or _MAIN_PART.fullmatch(part) else part
    other_view = view if view != first.get_string_attribute("view") else ""
    names = []
    for name in native.channelnames:
        full = name if "." in name or not layer or name == layer else f"{layer}.{name}"
        if other_view and not full.startswith(f"{other_view}."):
            full = f"{other_view}.{full}"
        names.append(f"{part}.{full}" if full in taken and part else full)
    return tuple(names)


def _described(native: Any, names: tuple[str, ...]) -> FrameSpec:
    bits, kind = native.get_int_attribute("oiio:BitsPerSample"), str(native.format)
    if kind.startswith("uint"):
        kind = f"uint{bits or native.format.basesize() * 8}"
    return FrameSpec(
        channels=names,
        dtype=kind,
        data=Window(native.x, native.y, native.width, native.height),
        display=Window(native.full_x, native.full_y, native.full_width, native.full_height),
        metadata={
            item.name: value for item in native.extra_attribs if (value := _plain(item.value)) is not None
        },
    )


def _plain(value: Any) -> Any:
    """A metadata value as plain data; None for blobs, such as thumbnails."""
    if isinstance(value, np.generic):
        return value.item()
    return value if isinstance(value, str | int | float | tuple) else None


def _wanted(
    parts: list[_Part], channels: Sequence[str], path: Path | str, frame: int | None
) -> tuple[str, ...]:
    present = [name for part in parts for name in part.spec.channels]
    try:
        channel_indices(channels, present)
    except ChannelError as error:
        raise MediaError(path, str(error), frame=frame) from error
    return tuple(channels) or tuple(present)


def _merged(parts: list[_Part], names: tuple[str, ...]) -> FrameSpec:
    """One description for the parts that hold these channels."""
    used = [part for part in parts if set(part.spec.channels) & set(names)]
    data = used[0].spec.data
    for part in used[1:]:
        data = data.union(part.spec.data)
    dtype = next((part.spec.dtype for part in used if part.spec.dtype != "half"), used[0].spec.dtype)
    return replace(parts[0].spec, channels=names, dtype=dtype, data=data)


def _refuse_bomb(path: Path | str, spec: FrameSpec, frame: int | None) -> None:
    needed = spec.data.area * len(spec.channels) * 4
    bound = max(Path(path).stat().st_size * MOST_BYTES_PER_FILE_BYTE, _FREE_BYTES)
    if needed > min(MOST_BYTES, bound):
        size = f"{spec.data.width} x {spec.data.height} pixels of {len(spec.channels)} channels"
        raise MediaError(
            path, f"its header asks for {size}, {needed:,} bytes; it is damaged or too large", frame=frame
        )


def _pixels(
    file: Any, parts: list[_Part], spec: FrameSpec, path: Path | str, frame: int | None
) -> NDArray[np.float32]:
    if len(parts) == 1 and spec.channels == parts[0].spec.channels:
        return _decoded(file, parts[0], 0, len(spec.channels), path, frame)
    pixels = np.zeros((spec.data.height, spec.data.width, len(spec.channels)), np.float32)
    for part in parts:
        places = [part.spec.channels.index(name) for name in spec.channels if name in part.spec.channels]
        if not places:
            continue
        first = min(places)
        decoded = _decoded(file, part, first, max(places) + 1, path, frame)
        rows, columns = part.spec.data.within(spec.data)
        for index, name in enumerate(spec.channels):
            if name in part.spec.channels:
                pixels[rows, columns, index] = decoded[..., part.spec.channels.index(name) - first]
    return pixels


def _decoded(
    file: Any, part: _Part, first: int, last: int, path: Path | str, frame: int | None
) -> NDArray[np.float32]:
    """Channels `first` to `last` of a part. Half is read as it is and converted here, which is cheaper."""
    kind = "half" if str(part.native.format) == "half" else "float"
    pixels = file.read_image(part.number, 0, first, last, kind)
    if pixels is None:
        raise MediaError(path, _sentence(pending_error(file)), frame=frame)
    return as_float(pixels.reshape(part.spec.data.height, part.spec.data.width, last - first))
