"""Which arrays a training file has and how their shapes fit together; told without reading them.

Nothing here imports numpy: checking a graph looks at the headers of its files.
"""

from __future__ import annotations

import ast
import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from understudy.graph.errors import MediaError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Shapes = dict[str, tuple[int, ...]]

VERSION = 1
"""The newest version of the format that is read."""

ARCHIVE = ".npz"

USD = (".usd", ".usda", ".usdc", ".usdz")

SHAPES = {
    "rest": "V3",
    "faces": "F4",
    "control_names": "C",
    "controls": "NC",
    "control_limits": "C2",
    "vertices": "NV3",
    "deltas": "NV3",
    "clip": "N",
    "frame": "N",
    "joint_names": "J",
    "joint_parents": "J",
    "skin_weights": "VJ",
    "bind_matrices": "J34",
    "joint_matrices": "NJ34",
}
"""The shape of each array of a training file; letters are counts that must agree."""

COUNTED = {"V": "vertices", "F": "faces", "C": "controls", "N": "poses", "J": "joints"}

_NEEDS = {
    "controls": ("control_names",),
    "joint_matrices": ("joint_names", "joint_parents", "bind_matrices"),
    "skin_weights": ("joint_matrices",),
}

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000


def array_shapes(path: Path) -> Shapes:
    """The shape of each known array of an .npz file, from the arrays' headers.

    Raises:
        MediaError: The file is absent, cut short or no .npz.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            known = [name for name in SHAPES if f"{name}.npy" in archive.NameToInfo]
            found = {}
            for name in known:
                with archive.open(f"{name}.npy") as member:
                    found[name] = _shape_in(member)
            return found
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, ValueError, EOFError) as error:
        raise MediaError(
            path, f"It is no whole .npz file ({error}). It may have been cut short; write it again."
        ) from error


def _shape_in(member: IO[bytes]) -> tuple[int, ...]:
    """The shape in the header of an .npy file (NumPy Enhancement Proposal 1)."""
    start = member.read(8)
    if start[:6] != _MAGIC:
        raise ValueError("an array has no header")
    wide = start[6] > 1
    (length,) = struct.unpack("<I" if wide else "<H", member.read(4 if wide else 2))
    if length > _LONGEST_HEADER:
        raise ValueError("an array's header is too long")
    try:
        shape = ast.literal_eval(member.read(length).decode("latin-1"))["shape"]
        return tuple(int(size) for size in shape)
    except (SyntaxError, KeyError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError("an array's header can't be read") from error


def is_usd(path: Path) -> bool:
    """Whether a file of this name is one of USD."""
    return path.suffix.lower() in USD


def check_layout(file: Path, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Refuses a file whose arrays are missing or don't fit to each other.

    A file of USD may hold shapes that nothing drives: a point cache.

    Raises:
        MediaError: It names the array, what it is and what it should be.
    """
    for name in ("rest", "faces"):
        if name not in shapes:
            raise MediaError(file, _missing(name, shapes))
    if "controls" not in shapes and "joint_matrices" not in shapes and not is_usd(file):
        raise MediaError(
            file, "It has neither controls nor joint_matrices: nothing says what drives the shape. Add one."
        )
    for name, needed in _NEEDS.items():
        for other in needed:
            if name in shapes and other not in shapes:
                raise MediaError(file, f"It has {name} but no {other}. Add {other} ({_expected(other)}).")
    sizes: dict[str, tuple[int, str]] = {}
    for name, letters in SHAPES.items():
        if name in shapes:
            _check_shape(file, name, shapes[name], letters, sizes)


def _missing(name: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    like = nearest(name, shapes)
    hint = f' Is "{like}" meant to be it?' if like else ""
    found = ", ".join(sorted(shapes)) or "nothing"
    return f'It has no array "{name}" ({_expected(name)}); found {found}.{hint}'


def _expected(name: str) -> str:
    return f"({', '.join(SHAPES[name])})"


def _check_shape(
    file: Path, name: str, shape: tuple[int, ...], letters: str, sizes: dict[str, tuple[int, str]]
) -> None:
    if len(shape) != len(letters):
        raise MediaError(file, f'Its array "{name}" has the shape {shape}; expected {_expected(name)}.')
    for size, letter in zip(shape, letters, strict=True):
        wanted, source = (int(letter), name) if letter.isdigit() else sizes.setdefault(letter, (size, name))
        if size != wanted and letter.isdigit():
            raise MediaError(file, f'Its array "{name}" has the shape {shape}; expected {_expected(name)}.')
        if size != wanted:
            counted = COUNTED[letter]
            raise MediaError(
                file,
                f'Its array "{name}" is for {size:,} {counted}, and "{source}" for {wanted:,}. '
                f"Export both from the same mesh and the same poses.",
            )
