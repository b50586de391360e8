"""`.cat` and `.ost` give back what was put in, to the byte, and refuse anything else."""

from __future__ import annotations

import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy.graph.errors import FormatError
from understudy.runtime.runs import layout
from understudy.runtime.runs.container import bfloat16, read_container, read_table, write_container
from understudy.runtime.runs.layout import ALIGNMENT, DTYPES, aligned, pack_prelude
from understudy.runtime.runs.packing import pack

if TYPE_CHECKING:
    from pathlib import Path

HEADER = {
    "step": 7,
    "losses": {"training": 0.25},
    "channels": ["R", "G", "B"],
    "best": None,
    "raw": b"\0\xff",
}


def arrays() -> dict[str, Any]:
    """An array of every dtype, and some odd shapes."""
    made: dict[str, Any] = {
        name: np.arange(6).reshape(2, 3).astype(name) for name in DTYPES if name != "bfloat16"
    }
    made["bfloat16"] = np.arange(5, dtype=np.uint16).view(bfloat16())
    made |= {"scalar": np.array(3.5), "empty": np.zeros((0, 4), np.float32), "größe": np.ones((1, 1, 1))}
    return made | {"turned": np.arange(12.0).reshape(3, 4).T, "big": np.arange(3, dtype=">i4")}


def test_round_trip(tmp_path: Path) -> None:
    """Every dtype and shape comes back equal, read-only and aligned."""
    write_container(tmp_path / "a.cat", "cat", HEADER, arrays())
    container = read_container(tmp_path / "a.cat", "cat")
    assert container.header == HEADER
    assert (container.kind, container.version) == ("cat", 1)
    assert list(container.tensors) == sorted(arrays())
    for name, array in arrays().items():
        found = container.tensors[name]
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype.newbyteorder("=")
        assert found.shape == array.shape
        assert not found.flags.writeable
        assert found.ctypes.data % ALIGNMENT == 0


def test_same_bytes(tmp_path: Path) -> None:
    """The same contents give the same bytes, whatever the order they came in."""
    write_container(tmp_path / "a.cat", "cat", HEADER, arrays())
    backwards = {name: array.copy() for name, array in reversed(arrays().items())}
    write_container(tmp_path / "b.cat", "cat", dict(reversed(HEADER.items())), backwards)
    assert (tmp_path / "a.cat").read_bytes() == (tmp_path / "b.cat").read_bytes()


def test_nothing_inside(tmp_path: Path) -> None:
    """A container without tensors is a container."""
    write_container(tmp_path / "a.ost", "ost", {}, {})
    assert read_container(tmp_path / "a.ost").tensors == {}


def test_table(tmp_path: Path) -> None:
    """The table is read without numpy and without the tensors."""
    write_container(tmp_path / "a.cat", "cat", HEADER, arrays())
    table = read_table(tmp_path / "a.cat")
    assert {entry.name: (entry.dtype, entry.shape) for entry in table.entries}["int8"] == ("int8", (2, 3))
    code = (
        "import sys; from understudy.runtime.runs.container import read_table; read_table(sys.argv[1]);"
        "assert 'numpy' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.cat")], check=True)


def test_another_kind(tmp_path: Path) -> None:
    """An `.ost` is not taken for a `.cat`."""
    write_container(tmp_path / "a", "ost", {}, {})
    with pytest.raises(FormatError, match=r"byte 0: it is a \.ost"):
        read_container(tmp_path / "a", "cat")


def test_not_there(tmp_path: Path) -> None:
    """A missing file and a folder are refused with a typed error."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(FormatError):
            read_container(path)


def test_unplain(tmp_path: Path) -> None:
    """What is not plain, or of a dtype that has no place, is our own mistake."""
    with pytest.raises(TypeError):
        write_container(tmp_path / "a", "cat", {"x": object()}, {})
    with pytest.raises(TypeError, match="complex128"):
        write_container(tmp_path / "a", "cat", {}, {"x": np.array(1j)})
    assert not list(tmp_path.iterdir())


def forged(header: Any, rows: Any, data: bytes = b"") -> bytes:
    """A file whose checksums are right whatever it holds."""
    packed = pack({"header": header, "tensors": rows})
    start = aligned(32 + len(packed))
    size = start + len(data)
    return pack_prelude("cat", packed, size) + packed + bytes(start - 32 - len(packed)) + data


EIGHT = bytes(range(8))
CHECK = zlib.crc32(EIGHT)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", "int8", [8], 0, CHECK + 1]], "checksum"),
        ([["a", "int8", [9], 0, CHECK]], "end at"),
        ([["a", "int8", [7], 0, CHECK]], "end at"),
        ([["a", "int8", [8], 64, CHECK]], "gap"),
        ([["a", "int8", [8], 0, CHECK], ["b", "int8", [8], 0, CHECK]], "overlaps"),
        ([["b", "int8", [4], 0, CHECK], ["a", "int8", [4], 64, CHECK]], "order"),
        ([["a", "int8", [], 0, CHECK], ["a", "int8", [], 64, CHECK]], "twice"),
        ([["a", "object", [1], 0, CHECK]], "dtype"),
        ([["a", "int8", [-8], 0, CHECK]], "shape"),
        ([["a", "int8", [True], 0, CHECK]], "shape"),
        ([["a", "int8", [0, 1 << 47, 1 << 47], 0, 0]], "shape"),
        ([["a", "int8", [1] * 17, 0, 0]], "shape"),
        ([["a", "int8", 8, 0, CHECK]], "shape"),
        ([["a", "int8", [8], 0.0, CHECK]], "shape"),
        ([["a", "int8", [8], 0]], "five parts"),
        ([["a", "bool", [8], 0, CHECK]], "true nor false"),
        ([None], "five parts"),
        ({}, "unlike"),
        ([["a", "int8", [1 << 40], 0, CHECK]], "end at"),
    ],
)
def test_forged_tables(tmp_path: Path, rows: Any, message: str) -> None:
    """A table that lies is refused though all its own checksums are right."""
    (tmp_path / "a").write_bytes(forged({}, rows, EIGHT))
    with pytest.raises(FormatError, match=message):
        read_container(tmp_path / "a")


def test_forged_header_of_depth(tmp_path: Path) -> None:
    """A header that lies too deep, and one that promises more than it has, are refused."""
    for packed in (
        b"\x91" * 100 + b"\xc0",
        b"\x91" * 5000,
        b"\xdd\xff\xff\xff\xff" * 900,
        b"\xc6\xff\xff\xff\xff",
    ):
        (tmp_path / "a").write_bytes(pack_prelude("cat", packed, 32 + len(packed)) + packed)
        with pytest.raises(FormatError, match="byte 32"):
            read_container(tmp_path / "a")


def test_unknown_version(tmp_path: Path) -> None:
    """A file of a later version is refused by its number."""
    write_container(tmp_path / "a", "cat", {}, {})
    data = bytearray((tmp_path / "a").read_bytes())
    data[8] = 2
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(FormatError, match="byte 8: its version is 2"):
        read_container(tmp_path / "a")


def test_upgrade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of an earlier version goes through every upgrade on its way in."""
    write_container(tmp_path / "a", "cat", {"rate": 1.0}, {})
    monkeypatch.setattr(layout, "VERSION", 3)
    renamed = {
        1: lambda value: {**value, "header": {"learning": value["header"]["rate"]}},
        2: lambda value: {**value, "header": {"learning_rate": value["header"]["learning"]}},
    }
    monkeypatch.setattr(layout, "UPGRADES", renamed)
    container = read_container(tmp_path / "a")
    assert (container.version, container.header) == (1, {"learning_rate": 1.0})


def test_every_flip_and_cut(tmp_path: Path) -> None:
    """No file with one changed byte, cut at any byte, or with one more, is accepted."""
    path = tmp_path / "a.cat"
    write_container(path, "cat", {"step": 1}, {"a": np.arange(9, dtype=np.int8), "b": np.ones(3)})
    good = path.read_bytes()
    bad = [good[:size] for size in range(len(good))] + [good + b"\0"]
    for bits in (1, 0x80, 0xFF):
        bad += [good[:at] + bytes([good[at] ^ bits]) + good[at + 1 :] for at in range(len(good))]
    for data in bad:
        path.write_bytes(data)
        with pytest.raises(FormatError):
            read_container(path)
