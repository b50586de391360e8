"""How `.cat` and `.ost` files are laid out: a header of plain values, then raw tensors.

Numbers are little endian. `docs/formats.md` tells the same with an example.

    0   8 bytes   magic: which kind of file it is
    8   u32       version
    12  u32       size of the header, in bytes
    16  u64       size of the whole file, in bytes
    24  u32       CRC32 of the header
    28  u32       CRC32 of the bytes 0 to 27
    32  header    msgpack: {"header": plain values, "tensors": [[name, dtype, shape, offset, CRC32], ...]}
        tensors   from the next multiple of 64, from which the offsets count; in the order of their names,
                  each at the next multiple of 64; zeros between

There is one way to lay out the same contents, so equal contents give equal bytes.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.graph.errors import FormatError
from understudy.runtime.runs.packing import unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from io import BufferedReader
    from pathlib import Path

VERSION = 1
MAGIC = {"cat": b"\x89CAT\r\n\x1a\n", "ost": b"\x89OST\r\n\x1a\n"}
"""Catches files that were cut to seven bits or had their line ends changed, as in PNG."""

ALIGNMENT = 64
LARGEST_HEADER = 16 << 20
MOST_TENSORS = 100_000
MOST_DIMENSIONS = 16
_MOST_VALUES = 1 << 48
DTYPES = {
    **dict.fromkeys(("bool", "int8", "uint8"), 1),
    **dict.fromkeys(("bfloat16", "float16", "int16", "uint16"), 2),
    **dict.fromkeys(("float32", "int32", "uint32"), 4),
    **dict.fromkeys(("float64", "int64", "uint64"), 8),
}
"""The dtypes that a tensor can have, and their bytes."""

_PRELUDE = struct.Struct("<8sIIQI")
_CHECK = struct.Struct("<I")
PRELUDE_SIZE = _PRELUDE.size + _CHECK.size

UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""For each older version, what turns its packed header into that of the next."""


class Entry(NamedTuple):
    """A line of the tensor table: offset in bytes from where the tensors begin, CRC32 of the bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    offset: int
    check: int

    @property
    def size(self) -> int:
        """In bytes."""
        return DTYPES[self.dtype] * math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Table:
    """What a container says of itself, without its tensors' contents.

    Attributes:
        kind: `cat` or `ost`.
        version: The version of the format that the file was written in.
        header: What the writer put there.
        entries: The tensors, in the order of their names.
        start: Where the tensors begin, in bytes.
        size: Of the whole file, in bytes.
    """

    kind: str
    version: int
    header: dict[str, Any]
    entries: tuple[Entry, ...]
    start: int
    size: int


def pack_prelude(kind: str, packed: bytes, size: int) -> bytes:
    """The first 32 bytes of a file of `size` bytes with this packed header."""
    prelude = _PRELUDE.pack(MAGIC[kind], VERSION, len(packed), size, zlib.crc32(packed))
    return prelude + _CHECK.pack(zlib.crc32(prelude))


def aligned(offset: int) -> int:
    """The next multiple of `ALIGNMENT`."""
    return -(-offset // ALIGNMENT) * ALIGNMENT


def parse_table(path: Path, file: BufferedReader, kind: str | None) -> Table:
    """Reads an open container's header and looks at every size.

    Raises:
        FormatError: It is refused; the message names the byte.
    """
    size = os.fstat(file.fileno()).st_size
    prelude = file.read(PRELUDE_SIZE)
    kind = _require_kind(path, prelude, kind)
    if len(prelude) < PRELUDE_SIZE:
        raise FormatError(path, f"it is cut short: {size} bytes", offset=size)
    _, version, header_size, file_size, check = _PRELUDE.unpack(prelude[: _PRELUDE.size])
    if not 1 <= version <= VERSION:
        raise FormatError(path, f"its version is {version}; this program reads 1 to {VERSION}", offset=8)
    if _CHECK.unpack(prelude[_PRELUDE.size :])[0] != zlib.crc32(prelude[: _PRELUDE.size]):
        raise FormatError(path, "its first 28 bytes don't match their checksum", offset=28)
    if header_size > LARGEST_HEADER:
        raise FormatError(path, f"its header has {header_size:,} bytes, more than is allowed", offset=12)
    if size != file_size:
        what = "is cut short" if size < file_size else "goes on beyond its end"
        raise FormatError(path, f"it {what}: {size:,} bytes, not {file_size:,}", offset=min(size, file_size))
    packed = file.read(header_size)
    if zlib.crc32(packed) != check or len(packed) < header_size:
        raise FormatError(path, "its header doesn't match its checksum", offset=PRELUDE_SIZE)
    return _parse(path, kind, version, packed, size)


def _require_kind(path: Path, prelude: bytes, kind: str | None) -> str:
    found = next((name for name, magic in MAGIC.items() if prelude.startswith(magic)), None)
    if found is None:
        raise FormatError(path, "it is no .cat and no .ost", offset=0)
    if kind is not None and found != kind:
        raise FormatError(path, f"it is a .{found}; a .{kind} was expected", offset=0)
    return found


def _parse(path: Path, kind: str, version: int, packed: bytes, size: int) -> Table:
    try:
        value = unpack(packed)
        for step in range(version, VERSION):
            value = UPGRADES[step](value)
        header, rows = _parts(value)
        start = aligned(PRELUDE_SIZE + len(packed))
        entries = _parse_entries(rows)
        end = start + max((entry.offset + entry.size for entry in entries), default=0)
    except (ValueError, TypeError, KeyError) as error:
        raise FormatError(path, f"its header makes no sense: {error}", offset=PRELUDE_SIZE) from None
    if end != size:
        raise FormatError(path, f"its tensors end at {end:,}, its bytes at {size:,}", offset=min(end, size))
    return Table(kind, version, header, entries, start, size)


def _parts(value: Any) -> tuple[dict[str, Any], list[Any]]:
    if type(value) is dict and set(value) == {"header", "tensors"}:
        header, rows = value["header"], value["tensors"]
        if type(header) is dict and type(rows) is list:
            return header, rows
    raise ValueError("it is laid out unlike a header")


def _parse_entries(rows: list[Any]) -> tuple[Entry, ...]:
    if len(rows) > MOST_TENSORS:
        raise ValueError(f"it lists {len(rows):,} tensors; at most {MOST_TENSORS:,} are allowed")
    entries: list[Entry] = []
    for row in rows:
        entry = _parse_entry(row)
        before = entries[-1] if entries else None
        if before is not None and entry.name <= before.name:
            raise ValueError(f"tensor {entry.name!r} is out of order or there twice")
        expected = 0 if before is None else aligned(before.offset + before.size)
        if entry.offset != expected:
            fault = "overlaps the one before" if entry.offset < expected else "leaves a gap"
            raise ValueError(f"tensor {entry.name!r} {fault}: offset {entry.offset}, not {expected}")
        entries.append(entry)
    return tuple(entries)


def _parse_entry(row: Any) -> Entry:
    if type(row) is not list or len(row) != 5:
        raise ValueError("a tensor's line doesn't have five parts")
    name, dtype, shape, offset, check = row
    if type(name) is not str or type(dtype) is not str or dtype not in DTYPES:
        raise ValueError(f"tensor {name!r} has the unknown dtype {dtype!r}")
    sizes: list[Any] = shape if type(shape) is list else [None]
    if len(sizes) > MOST_DIMENSIONS or not all(_is_count(item) for item in (*sizes, offset, check)):
        raise ValueError(f"tensor {name!r} has the shape {shape!r}, offset {offset!r}, checksum {check!r}")
    if math.prod(max(item, 1) for item in sizes) >= _MOST_VALUES:
        raise ValueError(f"tensor {name!r} has the impossible shape {shape!r}")
    return Entry(name, dtype, tuple(sizes), offset, check)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MOST_VALUES
