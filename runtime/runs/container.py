"""Writing and reading the container that `.cat` and `.ost` files share; `layout` says what it looks like."""

from __future__ import annotations

import contextlib
import mmap
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import FormatError
from understudy.runtime.durable import replace_bytes
from understudy.runtime.runs.layout import (
    DTYPES,
    LARGEST_HEADER,
    PRELUDE_SIZE,
    Entry,
    Table,
    aligned,
    pack_prelude,
    parse_table,
)
from understudy.runtime.runs.packing import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from io import BufferedReader

    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was read.

    Attributes:
        kind: `cat` or `ost`.
        version: The version of the format that the file was written in.
        header: What the writer put there; tuples have become lists.
        tensors: Read-only arrays by name, mapped from the file: it stays open while one of them lives.
    """

    kind: str
    version: int
    header: dict[str, Any]
    tensors: dict[str, NDArray[Any]]


def bfloat16() -> np.dtype[Any]:
    """The dtype of arrays that hold bfloat16, which numpy lacks: two bytes that nothing computes with.

    `array.view(bfloat16())` makes such an array of bits held as uint16; `.view("uint16")` gives these back.
    """
    import numpy as np

    return np.dtype([("bfloat16", "<u2")])


def write_container(
    path: Path | str, kind: str, header: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]
) -> None:
    """Writes a `.cat` or `.ost`, whole or not at all; the same contents give the same bytes.

    Args:
        path: The file.
        kind: `cat` or `ost`.
        header: Plain values only.
        tensors: Arrays by name, of a dtype in `DTYPES` or `bfloat16()`.

    Raises:
        StorageError: It can't be written; the old file is untouched.
        TypeError: Something in the header is not plain, or an array is of another dtype.
    """
    arrays = {name: _plain_array(name, tensors[name]) for name in sorted(tensors)}
    entries = _entries(arrays)
    packed = pack({"header": dict(header), "tensors": [list(entry) for entry in entries]})
    if len(packed) > LARGEST_HEADER:
        raise TypeError(f"the header takes {len(packed):,} bytes; at most {LARGEST_HEADER:,} are allowed")
    start = aligned(PRELUDE_SIZE + len(packed))
    end = start + max((entry.offset + entry.size for entry in entries), default=0)
    chunks: list[bytes | memoryview] = [pack_prelude(kind, packed, end) + packed]
    at = PRELUDE_SIZE + len(packed)
    for entry in entries:
        chunks += [bytes(start + entry.offset - at), _bytes_of(arrays[entry.name])]
        at = start + entry.offset + entry.size
    replace_bytes(path, [*chunks, bytes(end - at)])


def read_table(path: Path | str, kind: str | None = None) -> Table:
    """Reads a container's header and looks at every size; the tensors' contents are not read.

    Args:
        path: The file.
        kind: `cat` or `ost` where nothing else will do.

    Raises:
        FormatError: It is refused; the message names the byte.
    """
    with _opened(path) as file:
        return parse_table(Path(path), file, kind)


def read_container(path: Path | str, kind: str | None = None, *, verify: bool = True) -> Container:
    """Reads a container; its tensors are mapped, not copied.

    Args:
        path: The file.
        kind: `cat` or `ost` where nothing else will do.
        verify: Whether the tensors' contents are compared with their checksums.

    Raises:
        FormatError: It is refused; the message names the byte.
    """
    import numpy as np

    with _opened(path) as file:
        table = parse_table(Path(path), file, kind)
        if verify:
            _verify(Path(path), file, table)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    tensors = {
        entry.name: np.ndarray(entry.shape, _numpy_dtype(entry.dtype), mapped, table.start + entry.offset)
        for entry in table.entries
    }
    return Container(table.kind, table.version, table.header, tensors)


def _numpy_dtype(name: str) -> np.dtype[Any]:
    import numpy as np

    return bfloat16() if name == "bfloat16" else np.dtype(name).newbyteorder("<")


def _plain_array(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array in the byte order and the memory order of the file."""
    import numpy as np

    if array.dtype == bfloat16():
        return np.asarray(array, order="C")
    if array.dtype.name not in DTYPES:
        raise TypeError(f"{name} has dtype {array.dtype}, which a container can't hold")
    return np.asarray(array, dtype=_numpy_dtype(array.dtype.name), order="C")


def _entries(arrays: Mapping[str, NDArray[Any]]) -> list[Entry]:
    entries, at = [], 0
    for name, array in arrays.items():
        dtype = "bfloat16" if array.dtype == bfloat16() else array.dtype.name
        entries.append(Entry(name, dtype, array.shape, aligned(at), zlib.crc32(_bytes_of(array))))
        at = entries[-1].offset + array.nbytes
    return entries


def _bytes_of(array: NDArray[Any]) -> memoryview:
    flat: Any = array.reshape(-1).view("uint8")
    return memoryview(flat) if array.size else memoryview(b"")


@contextlib.contextmanager
def _opened(path: Path | str) -> Iterator[BufferedReader]:
    """Opens a file for reading; pipes and devices, which could block for ever, are refused."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise FormatError(path, "it is no file")
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise FormatError(path, f"can't be read: {error.strerror or error}") from error


def _verify(path: Path, file: BufferedReader, table: Table) -> None:
    """Reads all behind the header; not from the map, where a page that fails would end the process."""
    at = file.tell()
    for entry in table.entries:
        begin = table.start + entry.offset
        _require_zeros(path, file, at, begin)
        check, left = 0, entry.size
        while left:
            chunk = file.read(min(left, _CHUNK))
            if not chunk:
                raise FormatError(
                    path, "it was cut short while it was read", offset=begin + entry.size - left
                )
            if entry.dtype == "bool" and chunk.translate(None, b"\0\1"):
                raise FormatError(path, f"tensor {entry.name!r} is neither true nor false", offset=begin)
            check, left = zlib.crc32(chunk, check), left - len(chunk)
        if check != entry.check:
            raise FormatError(path, f"tensor {entry.name!r} doesn't match its checksum", offset=begin)
        at = begin + entry.size
    _require_zeros(path, file, at, table.size)


def _require_zeros(path: Path, file: BufferedReader, at: int, end: int) -> None:
    if any(file.read(end - at)):
        raise FormatError(path, "there are bytes between the tensors that should be zero", offset=at)
