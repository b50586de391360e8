"""The one layer through which everything is written that must survive a crash.

A file is either replaced whole (`replace_bytes`, `replacing`) or appended to (`Appender`). Replacing is: a
temporary file in the same folder, fsync, rename, fsync of the folder; so the name holds the old file or the
new one, never a mixture. After a failed fsync the system may call lost pages clean, so that a second fsync of
the same file succeeds without having written them (Rebello et al. 2020, "Can Applications Recover from fsync
Failures?"): nothing here ever repeats one; what is tried again is tried on a new file.

All calls go to a `Disk`, which tests replace by one that fails, is killed or takes notes.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.graph.errors import StorageError
from understudy.runtime.processes import life, namespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)
_LEFTOVER = re.compile(r"\.partial-([0-9a-f]{8})-(\d{1,9})-([0-9a-f]{8})-\d+(\.[^.]*)?")
_LONGEST_SUFFIX = 16
_numbers = itertools.count()


class Disk:
    """The few calls of the operating system that writing needs; every one may raise `OSError`."""

    def open(self, path: str, flags: int) -> int:
        """Opens a file; a new one gets the mode that the umask leaves of 0666."""
        return os.open(path, flags | _FLAGS, 0o666)

    def write(self, file: int, data: memoryview) -> int:
        """Writes at the end or position; returns how many bytes were taken, which may be fewer."""
        return os.write(file, data)

    def truncate(self, file: int, size: int) -> None:
        """Cuts an open file to `size` bytes."""
        os.ftruncate(file, size)

    def sync(self, file: int) -> None:
        """Waits until an open file's bytes are on the medium."""
        if sys.platform == "darwin":
            import fcntl

            with contextlib.suppress(OSError):  # some network disks know only the weaker call
                fcntl.fcntl(file, fcntl.F_FULLFSYNC)
                return
        os.fsync(file)

    def close(self, file: int) -> None:
        """Closes an open file."""
        os.close(file)

    def rename(self, old: str, new: str) -> None:
        """Gives a file another name, in one step, in place of what had that name."""
        os.replace(old, new)  # noqa: PTH105 - paths are plain strings

    def unlink(self, path: str) -> None:
        """Removes a file."""
        os.unlink(path)  # noqa: PTH108 - paths are plain strings

    def make_folder(self, path: str) -> None:
        """Makes a folder; its parent exists, it does not."""
        os.mkdir(path)  # noqa: PTH102 - paths are plain strings

    def remove_folder(self, path: str) -> None:
        """Removes an empty folder."""
        os.rmdir(path)  # noqa: PTH106 - paths are plain strings

    def sync_folder(self, path: str) -> None:
        """Waits until a folder's list of names is on the medium, where the system can."""
        if sys.platform == "win32":
            return
        folder = os.open(path, os.O_RDONLY | _FLAGS)
        try:
            os.fsync(folder)
        except OSError as error:  # network disks that can't do it do it by themselves
            if error.errno not in _NO_FOLDER_SYNC:
                raise
        finally:
            os.close(folder)

    def free(self, path: str) -> int:
        """The bytes that an ordinary user may still write to the disk of a path."""
        return shutil.disk_usage(path).free


disk = Disk()
"""The disk in use; `using` replaces it."""


@contextlib.contextmanager
def using(other: Disk) -> Iterator[None]:
    """Sends all writing to another disk meanwhile; for tests of faults."""
    global disk  # noqa: PLW0603 - threads must see it
    before, disk = disk, other
    try:
        yield
    finally:
        disk = before


def free_bytes(path: Path | str) -> int | None:
    """The bytes free on the disk of a path that need not exist yet; None where it can't be told."""
    place = Path(path).absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return disk.free(str(place))
    except OSError:
        return None


def replace_bytes(path: Path | str, chunks: Sequence[bytes | memoryview]) -> None:
    """Replaces a file by the given bytes, whole or not at all; returns when they are on the medium.

    Raises:
        StorageError: Something failed. The old file is untouched, except when only the folder's fsync failed:
            then the new file stands there whole, but a power cut may still bring back the old one.
    """
    views = [memoryview(chunk).cast("B") for chunk in chunks]
    with _as_storage_error(path, sum(view.nbytes for view in views)), _replacement(path) as partial:
        file = disk.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with _closing(file):
            for view in views:
                _write_all(file, view)
            disk.sync(file)


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Gives a temporary path of the same suffix for a library that writes by path; then moves it in place.

        with replacing(path) as partial:
            image.save(partial)

    The block must close what it opens, and should do nothing but write. When it raises, the old file stays
    and the temporary one is removed.

    Raises:
        StorageError: Something failed while writing; as for `replace_bytes`.
    """
    with _as_storage_error(path), _replacement(path) as partial:
        yield Path(partial)
        file = disk.open(partial, os.O_RDWR)
        with _closing(file):
            disk.sync(file)


def make_folder(path: Path | str) -> None:
    """Makes a folder, and those above it, and waits until their names are on the medium.

    Raises:
        StorageError: It can't be made.
    """
    place = Path(path).absolute()
    missing = list(itertools.takewhile(lambda folder: not folder.is_dir(), [place, *place.parents]))
    with _as_storage_error(path):
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                disk.make_folder(str(folder))
            disk.sync_folder(str(folder.parent))


def remove(path: Path | str) -> None:
    """Removes a file; one that is gone is fine.

    Raises:
        StorageError: It can't be removed.
    """
    with _as_storage_error(path), contextlib.suppress(FileNotFoundError):
        disk.unlink(str(path))


def move_folder(old: Path, new: Path) -> bool:
    """Gives a folder another name in the same parent; False when a folder of that name has files in it.

    Raises:
        StorageError: It can't be moved.
    """
    with _as_storage_error(new):
        try:
            disk.rename(str(old), str(new))
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        disk.sync_folder(str(new.parent))
    return True


def remove_folder(path: Path) -> None:
    """Removes a folder of files as far as it can; one that is gone is fine."""
    with contextlib.suppress(OSError):  # the next start tries again
        for file in path.iterdir():
            disk.unlink(str(file))
        disk.remove_folder(str(path))


def partial_name(suffix: str = "") -> str:
    """A name for a temporary file that tells whose it is; short, so that any final name's folder takes it."""
    kept = suffix if len(os.fsencode(suffix)) <= _LONGEST_SUFFIX else ""
    return f".partial-{namespace()}-{os.getpid()}-{life(os.getpid())}-{next(_numbers)}{kept}"


def clean_leftovers(folder: Path | str, *, owned: bool = False) -> list[Path]:
    """Removes temporary files and folders that dead processes left in a folder, and returns them.

    Args:
        folder: Where to look; not in the folders below it.
        owned: Whether the caller holds the lock of the folder, so that no other writer lives.
    """
    removed = []
    for path in sorted(Path(folder).glob(".partial-*")):
        if not _is_leftover(path.name, owned=owned):
            continue
        if path.is_dir():
            remove_folder(path)
        with contextlib.suppress(StorageError):  # the next start tries again
            remove(path)
            removed.append(path)
    return removed


def _is_leftover(name: str, *, owned: bool) -> bool:
    match = _LEFTOVER.fullmatch(name)
    if match is None:
        return False
    where, pid, whose = match[1], int(match[2]), match[3]
    if where != namespace():
        return owned
    lives = life(pid) == whose
    return not lives or (owned and pid != os.getpid())


class Appender:
    """A file that grows by whole records; one thread may append while another waits in `sync`.

    Args:
        path: The file; it exists, made by `replace_bytes`.
        end: Where its last good record ends, in bytes; a torn or unwanted tail beyond it is cut off first.

    Raises:
        StorageError: It can't be opened or cut.
    """

    def __init__(self, path: Path | str, end: int) -> None:
        self.path = Path(path)
        self._end = self._synced = end
        self._unsynced = bytearray()
        self._torn = self._lost = False
        self._guard = threading.Lock()
        with _as_storage_error(path):
            self._file = disk.open(str(path), os.O_WRONLY | os.O_APPEND)
            with _closing_on_error(self._file):
                self._cut()

    def _cut(self) -> None:
        """Cuts off a tail, and waits: new records must never be read with old ones behind them."""
        if os.fstat(self._file).st_size != self._end:
            disk.truncate(self._file, self._end)
            disk.sync(self._file)

    def append(self, record: bytes) -> None:
        """Adds a record; other processes can read it at once, a power cut may take it until `sync`.

        Raises:
            StorageError: It was not added; what part of it was written is cut off again.
        """
        with _as_storage_error(self.path, len(record)), self._guard:
            if self._torn:
                disk.truncate(self._file, self._end)
            self._torn = True
            try:
                _write_all(self._file, memoryview(record))
            except OSError:
                with contextlib.suppress(OSError):  # otherwise before the next record
                    disk.truncate(self._file, self._end)
                    self._torn = False
                raise
            self._torn = False
            self._end += len(record)
            self._unsynced += record

    def sync(self) -> None:
        """Waits until all records are on the medium.

        When that fails, the next call writes a new file: the synced part of the old one and all records
        since, which are kept in memory until then.

        Raises:
            StorageError: The records since the last `sync` may be lost in a power cut.
        """
        with _as_storage_error(self.path, len(self._unsynced)):
            if self._lost:
                with self._guard:
                    self._renew()
                return
            with self._guard:
                waiting = len(self._unsynced)
            if waiting:
                self._lost = True
                disk.sync(self._file)
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
        replace_bytes(self.path, [kept, bytes(self._unsynced)])
        file = disk.open(str(self.path), os.O_WRONLY | os.O_APPEND)
        before, self._file = self._file, file
        self._torn = self._lost = False
        self._synced = self._end
        self._unsynced.clear()
        disk.close(before)

    def close(self) -> None:
        """Closes the file, without waiting for the medium."""
        if self._file >= 0:
            file, self._file = self._file, -1
            with _as_storage_error(self.path):
                disk.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextlib.contextmanager
def _replacement(path: Path | str) -> Iterator[str]:
    """Gives a temporary path beside a file, and puts what was written there in the file's place."""
    target = Path(path)
    partial = str(target.with_name(partial_name(target.suffix)))
    try:
        yield partial
        disk.rename(partial, str(target))
    except BaseException:
        with contextlib.suppress(OSError):  # the first error counts, and the next start cleans up
            disk.unlink(partial)
        raise
    disk.sync_folder(str(target.parent))


@contextlib.contextmanager
def _closing(file: int) -> Iterator[None]:
    with _closing_on_error(file):
        yield
    disk.close(file)


@contextlib.contextmanager
def _closing_on_error(file: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # the first error counts
            disk.close(file)
        raise


@contextlib.contextmanager
def _as_storage_error(path: Path | str, needed: int | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            path, f"can't be written: {reason}", needed=needed, free=free_bytes(path)
        ) from error


def _write_all(file: int, data: memoryview) -> None:
    """Writes all bytes; one call of the system may take fewer than asked."""
    while data.nbytes:
        taken = disk.write(file, data)
        if taken <= 0:
            raise OSError(errno.EIO, "the disk takes no more bytes")
        data = data[taken:]
