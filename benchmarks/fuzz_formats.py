"""Coverage-guided fuzzing of the readers of `.cat`, `.ost`, `.summary` and manifests, with atheris.

    pip install atheris
    python benchmarks/fuzz_formats.py -runs=200000 -max_len=600 CORPUS

It ends with a trace at the first input that gives anything but a value or a `FormatError`. Checksums are made
right before reading, since no fuzzer guesses them. The folder CORPUS is seeded with small good files.
"""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
import zlib
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["understudy.runtime.runs"]):
    from understudy.runtime.runs import layout, packing, summary
    from understudy.runtime.runs.container import read_container
    from understudy.runtime.runs.manifest import read_manifest
    from understudy.runtime.runs.summary import read_summary

from understudy.graph.errors import FormatError

SCRATCH = Path(tempfile.mkdtemp()) / "file"


def read(data: bytes) -> None:
    """Reads some bytes as what the first of them says."""
    kind, body = data[:1], data[1:]
    with contextlib.suppress(FormatError):
        if kind == b"c":
            container(body)
        elif kind == b"s":
            SCRATCH.write_bytes(checked(body))
            read_summary(SCRATCH)
        elif kind == b"r":
            SCRATCH.write_bytes(body)
            read_container(SCRATCH)
        else:
            SCRATCH.write_bytes(body)
            read_manifest(SCRATCH)


def container(packed: bytes) -> None:
    """Reads a container with this header, and as many zeros behind it as it asks for, within reason."""
    start = layout.aligned(layout.PRELUDE_SIZE + len(packed))
    size = start
    with contextlib.suppress(ValueError, TypeError, KeyError, IndexError, AttributeError):
        *_, (_, dtype, shape, offset, _) = packing.unpack(packed)["tensors"]
        size = min(start + offset + layout.DTYPES[dtype] * math.prod(shape), start + 4096)
    SCRATCH.write_bytes((layout.pack_prelude("cat", packed, size) + packed).ljust(size, b"\0"))
    for array in read_container(SCRATCH).tensors.values():
        array.tobytes()


def checked(body: bytes) -> bytes:
    """A summary of one record, whose checksum is right."""
    pair = b"\x92" + body
    first = summary._record({"summary": 1})  # noqa: SLF001 - the first record as it is
    check = zlib.crc32(pair, int.from_bytes(first[-4:], "big"))
    return first + pair + b"\xce" + check.to_bytes(4, "big")


def seed(folder: Path) -> None:
    """Puts good files into the corpus, so that the fuzzer need not find them."""
    folder.mkdir(exist_ok=True)
    row = ["w", "float32", [2, 3], 0, zlib.crc32(bytes(24))]
    good = {"header": {"step": 1, "x": [None, True, 2.5, b"1"]}, "tensors": [row, ["x", "bool", [], 64, 0]]}
    (folder / "container").write_bytes(b"c" + packing.pack(good))
    for number, record in enumerate(
        (
            {"step": 1, "loss": 1.0, "rate": 1.0, "time": 1.0},
            {"step": 1, "validation": 1.0},
            {"step": 1, "note": "a"},
        )
    ):
        (folder / f"summary{number}").write_bytes(b"s" + packing.pack(record))
    manifest = b'm{"understudy_run":1,"name":"a","number":1,"node":"n","job":"j","lineage":"l","step":2}'
    (folder / "manifest").write_bytes(manifest)
    (folder / "raw").write_bytes(b"r" + layout.pack_prelude("cat", packing.pack(good), 200))


if __name__ == "__main__":
    seed(Path(next(word for word in sys.argv[1:] if not word.startswith("-"))))
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
