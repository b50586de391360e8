"""Whichever call of the system fails or is the last, a second run ends with the unbroken one's bytes."""

from __future__ import annotations

import errno
import functools
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from faulty_disk import KILLED, FaultyDisk
from small_training import results, train

from understudy.graph.errors import StorageError
from understudy.runtime import durable
from understudy.runtime.runs.container import read_container, write_container
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="these need fork")


@functools.cache
def unbroken() -> tuple[list[str], dict[str, bytes]]:
    """The calls of a training without faults, and its results."""
    disk = FaultyDisk()
    with tempfile.TemporaryDirectory() as root, durable.using(disk):
        return disk.calls, results(train(Path(root) / "training"))


def numbers(*kinds: str, every: int = 1) -> list[int]:
    """The numbers of the calls of some kinds, or of every so manyth."""
    found = [number for number, call in enumerate(unbroken()[0], 1) if not kinds or call in kinds]
    return found[::every]


def finish(root: Path) -> None:
    """Goes on without faults, and compares."""
    with durable.using(FaultyDisk()):
        folder = train(root / "training")
    assert results(folder) == unbroken()[1]
    assert not list((root / "training").glob(".partial*"))


def killed_at(root: Path, number: int, fault: str) -> None:
    """A training that ends at a call."""
    child = os.fork()
    if child == 0:
        with durable.using(FaultyDisk(number, fault)):
            train(root / "training")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == KILLED


def fails_at(root: Path, number: int, fault: int, *, lasting: bool) -> None:
    """A training in which a call fails; it may end with a typed error, or do without what failed."""
    disk = FaultyDisk(number, fault, lasting=lasting)
    with durable.using(disk):
        try:
            train(root / "training")
        except StorageError as error:
            assert os.strerror(fault) in str(error)  # noqa: PT017 - it need not be raised
    assert disk.fired


def folders(tmp_path: Path, cases: list[int]) -> Iterator[tuple[int, Path]]:
    """A folder for each case."""
    for number in cases:
        root = tmp_path / str(number)
        root.mkdir()
        yield number, root


def test_killed_at_every_call(tmp_path: Path) -> None:
    """A kill before any call loses nothing that a second run does not make again."""
    for number, root in folders(tmp_path, numbers()):
        killed_at(root, number, "kill")
        finish(root)


def test_torn_at_every_write(tmp_path: Path) -> None:
    """Nor does a kill in the middle of any write."""
    for number, root in folders(tmp_path, numbers("write")):
        killed_at(root, number, "torn")
        finish(root)


def test_killed_twice(tmp_path: Path) -> None:
    """Nor a second kill while the first one's remains are being dealt with."""
    for number, root in folders(tmp_path, numbers(every=7)):
        killed_at(root, number, "kill")
        killed_at(root, 15, "kill")
        finish(root)


@pytest.mark.parametrize("lasting", [False, True])
def test_full_at_every_call(tmp_path: Path, *, lasting: bool) -> None:
    """A disk that is full, for once or from then on, is told as such, and a second run ends as it should."""
    for number, root in folders(tmp_path, numbers("open", "write", "make_folder", "rename")):
        fails_at(root, number, errno.ENOSPC, lasting=lasting)
        finish(root)


def test_device_fails_at_every_call(tmp_path: Path) -> None:
    """So is a device that fails at any call."""
    for number, root in folders(tmp_path, numbers()):
        fails_at(root, number, errno.EIO, lasting=False)
        finish(root)


LIMITED = """
import resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from small_training import train
from understudy.graph.errors import StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    train(Path(sys.argv[1]) / "training")
except StorageError as error:
    print(error)
"""


@pytest.mark.parametrize("size", [0, 10, 100, 200, 400])
def test_limit_on_file_sizes(tmp_path: Path, size: int) -> None:
    """A limit on file sizes is told with the file and the bytes; without it the run goes on."""
    call = [sys.executable, "-c", LIMITED, str(tmp_path), str(Path(__file__).parents[1]), str(size)]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert "File too large" in said
    assert "bytes needed" in said
    finish(tmp_path)


def mounted(kind: str, *options: str) -> bool:
    """Whether something could be mounted, which only root may."""
    return subprocess.run(["mount", "-t", kind, *options], capture_output=True, check=False).returncode == 0


def test_full_memory_disk(tmp_path: Path) -> None:
    """On a disk that is really full the old file stays; with room again the new one is written."""
    if not mounted("tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)):
        pytest.skip("a small disk can only be mounted by root")
    try:
        path = tmp_path / "a.cat"
        write_container(path, "cat", {"step": 1}, {})
        with pytest.raises(StorageError, match=r"No space left.*bytes needed") as caught:
            write_container(path, "cat", {"step": 2}, {"w": np.ones(1 << 15)})
        assert caught.value.needed is not None
        assert caught.value.free is not None
        assert caught.value.needed > caught.value.free
        assert read_container(path).header == {"step": 1}
        with SummaryWriter(tmp_path / "a.summary") as summary:
            for step in range(1, 3001):
                summary.row(step, 1.0, 1.0, 1.0)
            with pytest.raises(StorageError, match="No space left"):
                summary.sync()
            assert 0 < len(read_summary(tmp_path / "a.summary").steps) < 3000
            subprocess.run(["mount", "-o", "remount,size=1m", str(tmp_path)], check=True)
            summary.sync()
        rows = read_summary(tmp_path / "a.summary")
        assert (rows.steps.tolist(), rows.damage) == (list(range(1, 3001)), None)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_read_only_folder(tmp_path: Path) -> None:
    """In a folder that is read-only nothing is written, and the error says so; reading works."""
    write_container(tmp_path / "a.cat", "cat", {"step": 1}, {})
    if not mounted("tmpfs", "-o", "bind", str(tmp_path), str(tmp_path)):
        pytest.skip("a folder can only be mounted read-only by root")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(tmp_path)], check=True)
        with pytest.raises(StorageError, match="Read-only"):
            write_container(tmp_path / "a.cat", "cat", {"step": 2}, {})
        with pytest.raises(StorageError, match="Read-only"):
            RunFolder(tmp_path).lock().acquire()
        with pytest.raises(StorageError, match="Read-only"):
            train(tmp_path / "training")
        assert read_container(tmp_path / "a.cat").header == {"step": 1}
        assert durable.clean_leftovers(tmp_path, owned=True) == []
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)


@pytest.mark.parametrize("shift", [-3600, 10 * 365 * 86400, -10 * 365 * 86400])
def test_clock_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shift: int) -> None:
    """A clock that is set back or on between two starts changes nothing."""
    killed_at(tmp_path, len(numbers()) // 2, "kill")
    now = time.time() + shift
    shifted = time.localtime(now)
    original = time.strftime
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(time, "strftime", lambda form, _=None: original(form, shifted))
    finish(tmp_path)
    for path in (tmp_path / "training").rglob("*"):
        os.utime(path, (now, now))
    finish(tmp_path)
