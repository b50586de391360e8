"""Point caches: a mesh's vertices over frames, for other programs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.runtime.durable import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

_PC2_HEADER = struct.Struct("<12siiffi")
_PC2_MARK = b"POINTCACHE2\0"


def write_npz_cache(
    path: Path,
    shape: tuple[int, int, int],
    blocks: Iterable[NDArray[np.float32]],
    more: Mapping[str, tuple[tuple[int, ...], Iterable[NDArray[np.float32]]]] | None = None,
) -> None:
    """Writes `vertices` `(N, V, 3)` float32 to an .npz, block by block, so that any length fits in memory.

    Args:
        path: The file; there whole or not at all.
        shape: `(N, V, 3)`.
        blocks: `(n, V, 3)` each, together N.
        more: Further arrays by name, each with its shape and its blocks.
    """
    import zipfile

    arrays = {"vertices": (shape, blocks), **(more or {})}
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, (whole, parts) in arrays.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            with archive.open(info, "w", force_zip64=True) as member:
                described = {"descr": "<f4", "fortran_order": False, "shape": whole}
                np.lib.format.write_array_header_1_0(member, described)
                _write_blocks(member, whole, parts)


def write_pc2(
    path: Path, shape: tuple[int, int, int], blocks: Iterable[NDArray[np.float32]], *, start: float = 1.0
) -> None:
    """Writes a PC2 point cache (Blender's Mesh Cache modifier, 3ds Max, Houdini).

    Args:
        path: The file; there whole or not at all.
        shape: `(N, V, 3)`.
        blocks: `(n, V, 3)` each, together N.
        start: The first frame.
    """
    header = _PC2_HEADER.pack(_PC2_MARK, 1, shape[1], start, 1.0, shape[0])
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(header)
        _write_blocks(file, shape, blocks)


def read_pc2(path: Path) -> NDArray[np.float32]:
    """The points `(N, V, 3)` of a PC2 cache, mapped.

    Raises:
        MediaError: It is no PC2 file, or is cut short.
    """
    with path.open("rb") as file:
        head = file.read(_PC2_HEADER.size)
    if len(head) < _PC2_HEADER.size or not head.startswith(_PC2_MARK):
        raise MediaError(path, "It is no PC2 point cache: it does not begin with POINTCACHE2.")
    _, version, points, _, _, samples = _PC2_HEADER.unpack(head)
    expected = _PC2_HEADER.size + samples * points * 12
    if version != 1 or path.stat().st_size != expected:
        raise MediaError(
            path,
            f"It says {samples} samples of {points} points, which are {expected:,} bytes, and holds "
            f"{path.stat().st_size:,}. It may have been cut short.",
        )
    mapped: NDArray[np.float32] = np.memmap(path, np.float32, "r", _PC2_HEADER.size, (samples, points, 3))
    return mapped


def _write_blocks(
    file: IO[bytes] | Any, shape: tuple[int, ...], blocks: Iterable[NDArray[np.float32]]
) -> None:
    written = 0
    for block in blocks:
        assert block.shape[1:] == shape[1:]
        file.write(np.ascontiguousarray(block, "<f4").tobytes())
        written += len(block)
    assert written == shape[0]
