"""A disk that fails, or takes the process with it, at a chosen call."""

from __future__ import annotations

import errno
import os
from typing import Any

from understudy.runtime.disk import Disk

KILLED = 137


class FaultyDisk(Disk):
    """Counts its calls; at call `at`, counted from 1, the fault takes place. Waits for no medium.

    Args:
        at: The call; 0 for none.
        fault: `kill` before it, `torn`: half of a write, then kill; else an error, by its number.
        lasting: Whether all later writing calls fail too, as on a disk that stays full.
    """

    def __init__(self, at: int = 0, fault: str | int = "kill", *, lasting: bool = False) -> None:
        self.calls: list[str] = []
        self.at, self.fault, self.lasting = at, fault, lasting
        self.fired = False

    def _count(self, call: str, *details: Any) -> None:
        self.calls.append(call)
        number = len(self.calls)
        due = number == self.at or (self.lasting and self.fired and call in ("write", "make_folder"))
        if not due:
            return
        self.fired = True
        if self.fault == "torn" and call == "write":
            file, data = details
            os.write(file, data[: len(data) // 2])
        if isinstance(self.fault, int):
            raise OSError(self.fault, os.strerror(self.fault))
        os._exit(KILLED)

    def open(self, path: str, flags: int) -> int:
        """Counts."""
        self._count("open")
        return super().open(path, flags)

    def write(self, file: int, data: memoryview) -> int:
        """Counts; with a full disk some of it may be taken first."""
        if self.fault == errno.ENOSPC and len(self.calls) + 1 == self.at and len(data) > 1:
            os.write(file, data[: len(data) // 2])
        self._count("write", file, data)
        return super().write(file, data)

    def truncate(self, file: int, size: int) -> None:
        """Counts."""
        self._count("truncate")
        super().truncate(file, size)

    def sync(self, file: int) -> None:  # noqa: ARG002 - it waits for nothing
        """Counts."""
        self._count("sync")

    def close(self, file: int) -> None:
        """Counts; the file is closed whatever happens."""
        super().close(file)
        self._count("close")

    def rename(self, old: str, new: str) -> None:
        """Counts."""
        self._count("rename")
        super().rename(old, new)

    def unlink(self, path: str) -> None:
        """Counts."""
        self._count("unlink")
        super().unlink(path)

    def make_folder(self, path: str) -> None:
        """Counts."""
        self._count("make_folder")
        super().make_folder(path)

    def remove_folder(self, path: str) -> None:
        """Counts."""
        self._count("remove_folder")
        super().remove_folder(path)

    def sync_folder(self, path: str) -> None:  # noqa: ARG002 - it waits for nothing
        """Counts."""
        self._count("sync_folder")
