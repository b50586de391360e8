"""Appending to a file by whole records, so that a crash leaves a prefix and perhaps a torn tail."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.runtime import durable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Appender:
    """A file that grows by whole records; one thread may append while another waits in `sync`.

    It begins with a new file of that name, which holds what is to stay of the old one. So nothing is taken
    for safe that an earlier process left unsynced, or failed to sync, and no unwanted tail can come back.

    Args:
        path: The file.
        start: The bytes that it begins with.

    Raises:
        StorageError: It can't be written; the old file is untouched.
    """

    def __init__(self, path: Path | str, start: bytes) -> None:
        self.path = Path(path)
        self._end = self._synced = len(start)
        self._unsynced = bytearray()
        self._torn = self._lost = False
        self._guard = threading.Lock()
        durable.replace_bytes(path, [start])
        with durable.as_storage_error(path):
            self._file = durable.disk.open(str(path), os.O_WRONLY | os.O_APPEND)

    def append(self, record: bytes) -> None:
        """Adds a record; other processes can read it at once, a power cut may take it until `sync`.

        One that the disk does not take is kept in memory and tried again with the next: `sync` tells.
        """
        with self._guard:
            self._unsynced += record
            with contextlib.suppress(OSError):
                self._write()

    def _write(self) -> None:
        """Writes what the file lacks; what it took of that before an error is cut off first."""
        if self._torn:
            durable.disk.truncate(self._file, self._end)
        self._torn = True
        waiting = bytes(self._unsynced[self._end - self._synced :])
        durable.write_all(self._file, memoryview(waiting))
        self._torn = False
        self._end += len(waiting)

    def sync(self) -> None:
        """Waits until all records are on the medium.

        When that fails, the next call writes a new file: the synced part of the old one and all records
        since, which are kept in memory until then.

        Raises:
            StorageError: The records since the last `sync` may be lost in a power cut.
        """
        with durable.as_storage_error(self.path, len(self._unsynced)):
            if self._lost:
                with self._guard:
                    self._renew()
                return
            with self._guard:
                self._write()
                waiting = self._end - self._synced
            if waiting:
                self._lost = True
                durable.disk.sync(self._file)
                self._lost = False
                with self._guard:
                    del self._unsynced[:waiting]
                    self._synced += waiting

    def _renew(self) -> None:
        """Writes the file anew and goes on with that one."""
        with self.path.open("rb") as old:
            kept = old.read(self._synced)
        if len(kept) < self._synced:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        durable.replace_bytes(self.path, [kept, bytes(self._unsynced)])
        file = durable.disk.open(str(self.path), os.O_WRONLY | os.O_APPEND)
        before, self._file = self._file, file
        self._torn = self._lost = False
        self._end = self._synced = self._synced + len(self._unsynced)
        self._unsynced.clear()
        durable.disk.close(before)

    def close(self) -> None:
        """Closes the file, without waiting for the medium."""
        if self._file >= 0:
            with self._guard, contextlib.suppress(OSError):
                self._write()
            file, self._file = self._file, -1
            with durable.as_storage_error(self.path):
                durable.disk.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
