"""Files are replaced whole or appended to by whole records, and what dead processes left is cleaned up."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import StorageError
from understudy.runtime import durable
from understudy.runtime.disk import Disk
from understudy.runtime.durable import clean_leftovers, partial_name, replace_bytes, replacing

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    """What lies in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


class ShortWrites(Disk):
    """Takes three bytes at a time."""

    def __init__(self) -> None:
        self.writes = 0

    def write(self, file: int, data: memoryview) -> int:
        """Takes some of it."""
        self.writes += 1
        return super().write(file, data[:3])


class FailingSync(Disk):
    """Fails the first fsync of a file, as a bad device does, and says that the pages are clean afterwards."""

    def __init__(self) -> None:
        self.synced: list[int] = []

    def sync(self, file: int) -> None:
        """Notes the inode."""
        self.synced.append(os.fstat(file).st_ino)
        if len(self.synced) == 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


def test_replace(tmp_path: Path) -> None:
    """A file is made, then replaced, and nothing else stays in the folder."""
    path = tmp_path / "a.cat"
    replace_bytes(path, [b"old"])
    replace_bytes(path, [b"new", memoryview(b"er")])
    assert path.read_bytes() == b"newer"
    assert names(tmp_path) == ["a.cat"]


def test_short_writes(tmp_path: Path) -> None:
    """A disk that takes fewer bytes than asked is asked again until all are taken."""
    disk = ShortWrites()
    with durable.using(disk):
        replace_bytes(tmp_path / "a", [b"0123456789", b"abcd"])
    assert (tmp_path / "a").read_bytes() == b"0123456789abcd"
    assert disk.writes == 6


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask to speak of")
def test_umask(tmp_path: Path) -> None:
    """A file's mode is what the umask leaves."""
    before = os.umask(0o027)
    try:
        replace_bytes(tmp_path / "a", [b"x"])
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_replacing_by_path(tmp_path: Path) -> None:
    """A library that writes by path gets one of the same suffix, and the file appears when it is done."""
    with replacing(tmp_path / "sheet.png") as partial:
        partial.write_bytes(b"picture")
        assert partial.suffix == ".png"
        assert not (tmp_path / "sheet.png").exists()
    assert (tmp_path / "sheet.png").read_bytes() == b"picture"
    assert names(tmp_path) == ["sheet.png"]


def test_replacing_fails(tmp_path: Path) -> None:
    """When the library fails, the old file stays, and nothing beside it."""
    (tmp_path / "sheet.png").write_bytes(b"old")
    with contextlib.suppress(ValueError), replacing(tmp_path / "sheet.png") as partial:
        partial.write_bytes(b"half")
        raise ValueError
    assert (tmp_path / "sheet.png").read_bytes() == b"old"
    assert names(tmp_path) == ["sheet.png"]


def test_no_folder(tmp_path: Path) -> None:
    """Writing into a folder that is not there is a storage error that names the file and the room."""
    with pytest.raises(StorageError, match="No such file") as caught:
        replace_bytes(tmp_path / "none" / "a", [b"12345"])
    assert caught.value.needed == 5
    assert caught.value.free


def test_replace_after_failed_sync(tmp_path: Path) -> None:
    """What is tried again after a failed fsync is tried on a new file."""
    replace_bytes(tmp_path / "a", [b"old"])
    disk = FailingSync()
    with durable.using(disk):
        with pytest.raises(StorageError, match="Input/output"):
            replace_bytes(tmp_path / "a", [b"new"])
        assert (tmp_path / "a").read_bytes() == b"old"
        keep = (tmp_path / "pin").open("w")  # so that the inode's number is not used again
        replace_bytes(tmp_path / "a", [b"new"])
        keep.close()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(disk.synced) == 2
    assert names(tmp_path) == ["a", "pin"]


def test_leftovers(tmp_path: Path) -> None:
    """What a dead process left is removed; what a living one is writing, and other hidden files, stay."""
    code = "from understudy.runtime.durable import partial_name; print(partial_name('.png'))"
    call = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    dead, living, other = (
        tmp_path / call.stdout.strip(),
        tmp_path / partial_name(".png"),
        tmp_path / ".partial-x",
    )
    for path in (dead, living, other):
        path.write_bytes(b"half")
    assert clean_leftovers(tmp_path) == [dead]
    assert sorted(tmp_path.iterdir()) == sorted([living, other])


def test_leftovers_of_other_machines(tmp_path: Path) -> None:
    """What another machine left stays, unless the caller owns the folder."""
    path = tmp_path / ".partial-01234567-12-89abcdef-0.cat"
    path.write_bytes(b"half")
    assert clean_leftovers(tmp_path) == []
    assert clean_leftovers(tmp_path, owned=True) == [path]


def test_long_and_foreign_names(tmp_path: Path) -> None:
    """Names as long as the disk takes, and of any letters, can be replaced."""
    for name in ("ü" * 125 + ".png", "x" * 255, "a." + "y" * 250, "最終 版 🎬.cat", "\udcff.cat"):
        replace_bytes(tmp_path / name, [b"x"])
        with replacing(tmp_path / name) as partial:
            partial.write_bytes(b"y")
        assert (tmp_path / name).read_bytes() == b"y"
