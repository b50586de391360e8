"""Files grow by whole records; what a failure or a crash leaves behind them is cut off."""

from __future__ import annotations

import errno
import os
import threading
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import StorageError
from understudy.runtime import durable
from understudy.runtime.appender import Appender
from understudy.runtime.disk import Disk
from understudy.runtime.durable import replace_bytes

if TYPE_CHECKING:
    from pathlib import Path


class FailingSync(Disk):
    """Fails the second fsync, as a bad device does."""

    def __init__(self) -> None:
        self.synced: list[int] = []

    def sync(self, file: int) -> None:
        """Notes the inode."""
        self.synced.append(os.fstat(file).st_ino)
        if len(self.synced) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


def test_append(tmp_path: Path) -> None:
    """It begins with a new file of the given bytes, and records are added at its end."""
    replace_bytes(tmp_path / "a", [b"one.", b"torn tail"])
    before = (tmp_path / "a").open("rb")
    with Appender(tmp_path / "a", b"one.") as file:
        file.append(b"two.")
        file.sync()
        assert (tmp_path / "a").read_bytes() == b"one.two."
    assert before.read() == b"one.torn tail"
    before.close()


def test_append_after_failed_sync(tmp_path: Path) -> None:
    """After a failed fsync the records are written to a new file; none is lost and none is there twice."""
    disk = FailingSync()
    with durable.using(disk), Appender(tmp_path / "a", b"one.") as file:
        file.append(b"two.")
        with pytest.raises(StorageError):
            file.sync()
        file.append(b"three.")
        file.sync()
        file.append(b"four.")
        file.sync()
    assert (tmp_path / "a").read_bytes() == b"one.two.three.four."
    assert disk.synced[1] not in disk.synced[2:]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_append_on_a_full_disk(tmp_path: Path) -> None:
    """Records that a full disk does not take are kept, and written in their order when it does again."""

    class Full(Disk):
        full = False
        refused = 0

        def write(self, file: int, data: memoryview) -> int:
            if self.full and data.nbytes < 4:
                self.refused += 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(file, data[:2] if self.full else data)

    disk = Full()
    with durable.using(disk), Appender(tmp_path / "a", b"one.") as file:
        disk.full = True
        file.append(b"two.")
        file.append(b"three.")
        assert disk.refused == 2
        with pytest.raises(StorageError, match="No space"):
            file.sync()
        assert (tmp_path / "a").read_bytes().startswith(b"one.tw")
        disk.full = False
        file.append(b"four.")
        assert (tmp_path / "a").read_bytes() == b"one.two.three.four."
        file.sync()


def test_close_on_a_full_disk(tmp_path: Path) -> None:
    """What was kept is tried a last time when the file is closed."""

    class Full(Disk):
        full = False

        def write(self, file: int, data: memoryview) -> int:
            if self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(file, data)

    disk = Full()
    with durable.using(disk), Appender(tmp_path / "a", b"one.") as file:
        disk.full = True
        file.append(b"two.")
        assert (tmp_path / "a").read_bytes() == b"one."
        disk.full = False
    assert (tmp_path / "a").read_bytes() == b"one.two."


def test_append_while_syncing(tmp_path: Path) -> None:
    """One thread may append while another waits for the medium; what it adds is waited for next time."""
    waiting, go_on = threading.Event(), threading.Event()

    class Slow(Disk):
        def sync(self, file: int) -> None:
            if file == appender._file:
                waiting.set()
                assert go_on.wait(10)
            super().sync(file)

    with Appender(tmp_path / "a", b"one.") as appender, durable.using(Slow()):
        appender.append(b"two.")
        thread = threading.Thread(target=appender.sync)
        thread.start()
        assert waiting.wait(10)
        appender.append(b"three.")
        go_on.set()
        thread.join()
        assert bytes(appender._unsynced) == b"three."
    assert (tmp_path / "a").read_bytes() == b"one.two.three."
