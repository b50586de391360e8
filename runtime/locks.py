"""Locks that heal: one writer at a time, and a dead owner never stands in the way.

A lock is a small file that nothing else opens, locked by the kernel (`lockf`), with the owner's name inside.
The kernel drops the lock when its owner dies, however it dies, and does not pass it on to forked workers. The
name guards the rest: an owner on a machine whose kernel can't be asked, and disks where locks do nothing.

On Windows the kernel's lock alone counts, and other processes can't read the owner's name while it is held.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.graph.errors import LockedError, StorageError
from understudy.runtime import durable
from understudy.runtime.processes import Process, is_alive, this_process

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_LONGEST_RECORD = 4096
_PAUSE = 0.02
_WINDOWS_BYTE = 1 << 20  # beyond the record, so that it stays readable

_held: set[tuple[int, int, int]] = set()
"""Process, device and inode of the locks held here: opening and closing such a file would drop its lock."""
_guard = threading.Lock()


class Lock:
    """A lock on whatever its file stands for; `with Lock(path): ...`, or `acquire` and `release`.

    Args:
        path: The lock's file. Its folder exists. It stays there, empty, when the lock is released.
        wait: How long to wait for a living owner, in seconds, before giving up.
    """

    def __init__(self, path: Path | str, *, wait: float = 0.0) -> None:
        self.path = Path(path)
        self._wait = wait
        self._file = -1
        self._key = (0, 0, 0)

    def acquire(self) -> None:
        """Takes the lock, from a dead owner too.

        Raises:
            LockedError: A living process has it, or one of another machine did; the message names it.
            StorageError: The lock's file can't be written.
        """
        until = time.monotonic() + self._wait
        while True:
            try:
                return self._try()
            except LockedError:
                if time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE)

    def _try(self) -> None:
        with _guard:
            self._refuse_own()
            try:
                file = durable.disk.open(str(self.path), os.O_RDWR | os.O_CREAT)
            except OSError as error:
                raise StorageError(self.path, f"can't be locked: {error.strerror}") from error
            try:
                self._take(file)
            except BaseException:
                os.close(file)
                raise
            self._file, self._key = file, _key(os.fstat(file))
            _held.add(self._key)

    def _refuse_own(self) -> None:
        """Refuses a lock that this process holds already, without opening its file."""
        with contextlib.suppress(OSError):
            if _key(self.path.stat()) in _held:
                raise LockedError(_living(self.path, this_process()))

    def _take(self, file: int) -> None:
        try:
            taken = _lock(file)
            owner = _read(file) if taken or sys.platform != "win32" else None
            if not taken:
                raise LockedError(_living(self.path, owner))
            self._refuse_living(owner)
            durable.disk.truncate(file, 0)
            record = json.dumps(asdict(this_process())).encode()
            durable.write_all(file, memoryview(record))
        except OSError as error:
            raise StorageError(
                self.path,
                f"can't be locked: {error.strerror}",
                needed=_LONGEST_RECORD,
                free=durable.free_bytes(self.path),
            ) from error

    def _refuse_living(self, owner: Process | None) -> None:
        """Refuses by the owner's name, where the kernel gave the lock; what this process holds it knows."""
        here = this_process()
        if owner is None or owner == here or (owner.host == here.host and not here.boot):
            return
        if (alive := is_alive(owner)) is not False:
            raise LockedError(_living(self.path, owner) if alive else _elsewhere(self.path, owner))

    def release(self) -> None:
        """Gives the lock back; in a forked child it does nothing, since the lock stays its parent's."""
        if self._file < 0:
            return
        file, self._file = self._file, -1
        with _guard:
            if self._key[0] == os.getpid():
                _held.discard(self._key)
                with contextlib.suppress(OSError):  # a name left behind is one of a dead process
                    durable.disk.truncate(file, 0)
            os.close(file)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def owner_of(path: Path | str) -> Process | None:
    """The process that holds a lock, None when nobody does or its owner is known to be dead.

    A process of another machine counts as the owner, since nobody can tell. Nothing is locked meanwhile.
    """
    with _guard:
        try:
            if _key(os.stat(path)) in _held:  # noqa: PTH116 - a path or a string
                return this_process()
            owner = _parse(Path(path).read_bytes()[:_LONGEST_RECORD])
        except OSError:
            return None
    return None if owner is None or is_alive(owner) is False else owner


def _key(state: os.stat_result) -> tuple[int, int, int]:
    return os.getpid(), state.st_dev, state.st_ino


def _living(path: Path, owner: Process | None) -> str:
    who = "a process" if owner is None else str(owner)
    return f"{path} is held by {who}, which is running. Wait until it ends, or stop it."


def _elsewhere(path: Path, owner: Process) -> str:
    return (
        f"{path} is held by {owner}, and from this machine nobody can tell whether that still runs. "
        f"Stop it there; if the machine is gone, delete {path} and start again."
    )


def _read(file: int) -> Process | None:
    """The owner that an open lock's file names; the next write begins at its start."""
    os.lseek(file, 0, os.SEEK_SET)
    record = os.read(file, _LONGEST_RECORD)
    os.lseek(file, 0, os.SEEK_SET)
    return _parse(record)


def _parse(record: bytes) -> Process | None:
    """The owner that a lock's file names; None for an empty or torn one."""
    try:
        fields = json.loads(record)
        owner = Process(**fields)
    except (ValueError, TypeError, RecursionError):
        return None
    words = (owner.host, owner.boot, owner.start)
    return owner if type(owner.pid) is int and all(type(word) is str for word in words) else None


def _lock(file: int) -> bool:
    """Asks the kernel for the lock; False when another process has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file, _WINDOWS_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            os.lseek(file, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
