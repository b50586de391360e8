"""The calls of the operating system that writing needs, in one place, so that tests can replace them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys

_FLAGS = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF, errno.EACCES)


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
