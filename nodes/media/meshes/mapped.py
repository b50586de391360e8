"""Arrays of an .npz file, mapped into memory instead of read.

An `.npz` is a zip of `.npy` members. A stored member is mapped where it lies; a compressed one is unpacked
once, in pieces, to a nameless temporary file and mapped there. Nothing is unpickled.
"""

from __future__ import annotations

import shutil
import struct
import tempfile
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

IN_MEMORY = 1 << 30
"""Values of more bytes than this are kept in a temporary file."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")


def map_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of an .npz file by name, read-only and mapped.

    Raises:
        MediaError: The file is absent, cut short, no .npz, or holds Python objects.
    """
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as file:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            return {info.filename[:-4]: _map(path, archive, file, info) for info in members}
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError) as error:
        raise MediaError(
            path, f"It is no whole .npz file ({error}). It may have been cut short; write it again."
        ) from error


def room(shape: tuple[int, ...], in_memory: int = IN_MEMORY) -> NDArray[np.float32]:
    """Space for float32 values: in memory up to so many bytes, else in a nameless file."""
    if 4 * int(np.prod(shape, dtype=np.int64)) <= in_memory:
        return np.empty(shape, np.float32)
    with tempfile.TemporaryFile() as file:
        stream: Any = file
        mapped: NDArray[np.float32] = np.memmap(stream, np.float32, "w+", 0, shape)
        return mapped


def _map(path: Path, archive: zipfile.ZipFile, file: IO[bytes], info: zipfile.ZipInfo) -> NDArray[Any]:
    if info.compress_type == zipfile.ZIP_STORED:
        file.seek(info.header_offset)
        _, name, extra = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
        file.seek(name + extra, 1)
        return _map_npy(path, file, info)
    with tempfile.TemporaryFile() as unpacked, archive.open(info) as packed:
        shutil.copyfileobj(packed, unpacked, 1 << 20)
        unpacked.seek(0)
        return _map_npy(path, unpacked, info)


def _map_npy(path: Path, file: IO[bytes], info: zipfile.ZipInfo) -> NDArray[Any]:
    start = file.tell()
    shape, fortran, dtype = _header(file)
    if dtype.hasobject:
        raise MediaError(
            path,
            f'Its array "{info.filename[:-4]}" holds Python objects; only plain numbers and text are read. '
            "Save it with a plain dtype.",
        )
    size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if file.tell() - start + size > info.file_size:
        raise MediaError(
            path,
            f'Its array "{info.filename[:-4]}" is cut short: it says {shape} {dtype}, and holds '
            f"{info.file_size:,} bytes.",
        )
    if size == 0 or not shape:
        data = np.frombuffer(file.read(size), dtype=dtype)
        return data.reshape(shape)
    stream: Any = file
    mapped: NDArray[Any] = np.memmap(stream, dtype, "r", file.tell(), shape, "F" if fortran else "C")
    return mapped


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return read(file)
