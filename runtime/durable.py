"""The one layer through which everything is written that must survive a crash.

A file is either replaced whole (`replace_bytes`, `replacing`) or appended to (`appender`). Replacing is: a
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
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.graph.errors import StorageError
from understudy.runtime.disk import Disk
from understudy.runtime.processes import life, namespace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LEFTOVER = re.compile(r"\.partial-([0-9a-f]{8})-(\d{1,9})-([0-9a-f]{8})-\d+(\.[^.]*)?")
_LONGEST_SUFFIX = 16
_numbers = itertools.count()


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
    with as_storage_error(path, sum(view.nbytes for view in views)), _replacement(path) as partial:
        file = disk.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        with closing(file):
            for view in views:
                write_all(file, view)
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
    with as_storage_error(path), _replacement(path) as partial:
        yield Path(partial)
        file = disk.open(partial, os.O_RDWR)
        with closing(file):
            disk.sync(file)


def make_folder(path: Path | str) -> None:
    """Makes a folder, and those above it, and waits until their names are on the medium.

    Raises:
        StorageError: It can't be made.
    """
    place = Path(path).absolute()
    missing = list(itertools.takewhile(lambda folder: not folder.is_dir(), [place, *place.parents]))
    with as_storage_error(path):
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):  # somebody else was faster
                disk.make_folder(str(folder))
            disk.sync_folder(str(folder.parent))


def remove(path: Path | str) -> None:
    """Removes a file; one that is gone is fine.

    Raises:
        StorageError: It can't be removed.
    """
    with as_storage_error(path), contextlib.suppress(FileNotFoundError):
        disk.unlink(str(path))


def move_folder(old: Path, new: Path) -> bool:
    """Gives a folder another name on the same disk; False when a folder of that name has files in it.

    Raises:
        StorageError: It can't be moved.
    """
    with as_storage_error(new):
        try:
            disk.rename(str(old), str(new))
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                return False
            raise
        for parent in dict.fromkeys((new.parent, old.parent)):
            disk.sync_folder(str(parent))
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


def is_partial(path: Path) -> bool:
    """Whether a file or folder is a temporary one, which nobody but its writer may use."""
    return path.name.startswith(".partial-")


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
    return owned or (where == namespace() and life(pid) != whose)


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
def closing(file: int) -> Iterator[None]:
    """Closes a file at the end; an error of closing is told only where there was none before."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(OSError):  # the first error counts
            disk.close(file)
        raise
    disk.close(file)


@contextlib.contextmanager
def as_storage_error(path: Path | str, needed: int | None = None) -> Iterator[None]:
    """Tells the system's errors as a person reads them, with the bytes needed and free."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(
            path, f"can't be written: {reason}", needed=needed, free=free_bytes(path)
        ) from error


def write_all(file: int, data: memoryview) -> None:
    """Writes all bytes; one call of the system may take fewer than asked."""
    while data.nbytes:
        taken = disk.write(file, data)
        if taken <= 0:
            raise OSError(errno.EIO, "the disk takes no more bytes")
        data = data[taken:]
