"""Writes a frame to a file, whole or not at all: EXR, DPX, TIFF, PNG, JPEG, by the name's suffix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError, StorageError
from understudy.nodes.media.images.formats import AUTO, FORMATS, Format, refusal
from understudy.nodes.media.images.half import as_half
from understudy.nodes.media.images.reading import pending_error
from understudy.runtime.durable import free_bytes, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame

_LARGEST_HALF = 65520.0
"""Values from here on become infinite as half."""

_KEPT_NAMESPACES = (
    "smpte:TimeCode",
    "smpte:KeyCode",
    "dpx:Transfer",
    "dpx:Colorimetric",
    "oiio:ColorSpace",
)
"""Metadata of one format that also means something in another; the rest describes the old file."""

_OF_THE_OLD_FILE = (
    "compression",
    "name",
    "view",
    "version",
    "planarconfig",
    "Orientation",
    "ResolutionUnit",
    "XResolution",
    "YResolution",
)
"""Metadata that describes how the old file was laid out."""

_TYPES = {
    "smpte:TimeCode": "timecode",
    "smpte:KeyCode": "keycode",
    "FramesPerSecond": "rational",
    "captureRate": "rational",
    "chromaticities": "float[8]",
}
"""Types of metadata that can't be told from the value."""


def write_frame(
    path: Path | str,
    frame: Frame,
    *,
    dtype: str = AUTO,
    compression: str = AUTO,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Writes a frame; under the final name there is never half of one. Same frame, same bytes.

    An EXR keeps channels, windows and metadata. Other formats get the display window's pixels, and integers
    hold 0 to 1, beyond which values are cut.

    Args:
        path: The file; its suffix says the format, its folder exists.
        frame: What to write.
        dtype: One of the format's types; auto is half for EXR, 10 bits for DPX, 16 for TIFF, 8 otherwise.
        compression: One of the format's, with a quality where it has one, such as `dwaa:45` or `jpeg:90`.
        metadata: What is added to the frame's own.

    Raises:
        MediaError: The format can't hold the frame.
        StorageError: Writing failed; the old file, if there was one, is untouched.
    """
    path = Path(path)
    if (no := refusal(path, dtype, compression)) is not None:
        raise MediaError(path, f"{no.what}; found {no.found}, expected {no.expected}")
    form = FORMATS[path.suffix.lower()]
    if not form.windows:
        frame = frame.fitted(frame.display)
    if len(frame.channels) not in form.channels:
        raise MediaError(
            path,
            f"a {path.suffix} file can't hold {len(frame.channels)} channels "
            f"({', '.join(frame.channels)}); choose some with the knob channels, or write an EXR",
        )
    dtype = form.dtypes[0] if dtype == AUTO else dtype
    spec = _spec(frame, form, dtype, compression, metadata or {})
    pixels = _as_half(frame, path) if dtype == "half" else np.ascontiguousarray(frame.pixels)
    with replacing(path) as partial:
        _write(partial, path, spec, pixels)
        if path.suffix.lower() == ".dpx":
            _put_name(partial, path.name)


def _spec(frame: Frame, form: Format, dtype: str, compression: str, extra: Mapping[str, Any]) -> Any:
    import OpenImageIO

    base, bits = (dtype, 0) if dtype in ("half", "float") else ("uint8", 8)
    if dtype.startswith("uint"):
        bits = int(dtype.removeprefix("uint"))
        base = "uint8" if bits == 8 else "uint16"
    spec = OpenImageIO.ImageSpec(frame.data.width, frame.data.height, len(frame.channels), base)
    spec.channelnames = frame.channels
    spec.alpha_channel = frame.channels.index("A") if "A" in frame.channels else -1
    if form.windows:
        spec.x, spec.y = frame.data.x, frame.data.y
        spec.full_x, spec.full_y = frame.display.x, frame.display.y
        spec.full_width, spec.full_height = frame.display.width, frame.display.height
    _add_metadata(spec, {**frame.metadata, **extra})
    if bits:
        spec.attribute("oiio:BitsPerSample", bits)
    if form.compressions:
        spec.attribute("compression", form.compressions[0] if compression == AUTO else compression)
    return spec


def _add_metadata(spec: Any, metadata: Mapping[str, Any]) -> None:
    import OpenImageIO

    spec.attribute("DateTime", "")  # else the clock's time is written
    for name, value in metadata.items():
        if name in _OF_THE_OLD_FILE or (":" in name and name not in _KEPT_NAMESPACES):
            continue
        kind = _TYPES.get(name) or _type(value)
        if kind is None:
            spec.attribute(name, value)
        else:
            spec.attribute(name, OpenImageIO.TypeDesc(kind), value)


def _type(value: Any) -> str | None:
    """OpenImageIO's name for the type of a tuple; None for a single value, of which it knows by itself."""
    if not isinstance(value, tuple):
        return None
    if isinstance(value[0], str):
        return f"string[{len(value)}]"
    if isinstance(value[0], int):
        return f"int[{len(value)}]"
    return {2: "float2", 3: "vector", 9: "matrix33", 16: "matrix"}.get(len(value), f"float[{len(value)}]")


def _as_half(frame: Frame, path: Path) -> NDArray[np.float16]:
    if max(frame.pixels.max(initial=0.0), -frame.pixels.min(initial=0.0)) < _LARGEST_HALF:
        return as_half(frame.pixels)
    finite = np.abs(frame.pixels[np.isfinite(frame.pixels)]).max(initial=0.0)
    if finite >= _LARGEST_HALF:
        raise MediaError(
            path, f'it has values up to {finite:g} and half ends at 65504; write it with dtype = "float"'
        )
    return frame.pixels.astype(np.float16)  # with NaN and infinity, which are no overflow


def _write(partial: Path, path: Path, spec: Any, pixels: NDArray[Any]) -> None:
    import OpenImageIO

    file = OpenImageIO.ImageOutput.create(str(partial))
    if not (file is not None and file.open(str(partial), spec) and file.write_image(pixels) and file.close()):
        complaint = " ".join(pending_error(file).replace(str(partial), path.name).split())
        raise StorageError(
            path, f"can't be written: {complaint[:200]}", needed=pixels.nbytes, free=free_bytes(path)
        )


def _put_name(partial: Path, name: str) -> None:
    """Puts the final name into a DPX header, which holds its file's name (SMPTE 268M, bytes 36 to 135)."""
    with partial.open("r+b") as file:
        file.seek(36)
        file.write(name.encode()[:99].ljust(100, b"\0"))
