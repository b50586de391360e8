"""Which files frames can be written to, and what each can hold; nothing here opens one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.graph.errors import nearest

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Format:
    """What a file format can hold.

    Attributes:
        dtypes: Types of values, the usual one first.
        compressions: Names of compressions, the usual one first; empty where there is no choice.
        channels: The numbers of channels that a file can have.
        windows: Whether a file keeps a data window beside its display window, and any metadata.
    """

    dtypes: tuple[str, ...]
    compressions: tuple[str, ...]
    channels: range
    windows: bool = False


_EXR = Format(
    ("half", "float"),
    ("zip", "zips", "piz", "dwaa", "dwab", "pxr24", "rle", "b44", "b44a", "none"),
    range(1, 1025),
    windows=True,
)
_DPX = Format(("uint10", "uint8", "uint12", "uint16"), (), range(1, 5))
_TIFF = Format(("uint16", "uint8", "float"), ("zip", "lzw", "none"), range(1, 5))
_PNG = Format(("uint8", "uint16"), (), range(1, 5))
_JPEG = Format(("uint8",), ("jpeg:95", "jpeg"), range(1, 4, 2))

FORMATS = {
    ".exr": _EXR,
    ".dpx": _DPX,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".png": _PNG,
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
}
"""By the suffix of a file's name."""

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file can't be written so: which of the knobs path, dtype and compression is wrong, and how."""

    knob: str
    what: str
    found: str
    expected: str
    suggestion: str | None = None


def refusal(path: Path, dtype: str, compression: str) -> Refusal | None:
    """Why frames can't be written to such a file; None where they can."""
    suffix = path.suffix.lower()
    form = FORMATS.get(suffix)
    if form is None:
        return _refused("path", "frames are not written to files of this kind", suffix, tuple(FORMATS))
    if dtype not in (AUTO, *form.dtypes):
        return _refused("dtype", f"a {suffix} file can't hold this type", dtype, (AUTO, *form.dtypes))
    if compression.partition(":")[0] not in (AUTO, *form.compressions):
        known = (AUTO, *form.compressions)
        return _refused("compression", f"a {suffix} file has no such compression", compression, known)
    return None


def _refused(knob: str, what: str, found: str, known: tuple[str, ...]) -> Refusal:
    close = nearest(found, known)
    hint = f'Did you mean "{close}"?' if close else None
    return Refusal(knob, what, f'"{found}"', "one of " + ", ".join(known), hint)
