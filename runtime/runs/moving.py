"""Renames runs, and moves them to a trash folder and back, while nobody works on them.

A run's folder is moved by one rename of the system, so a crash leaves it at the one place or the other. The
files in it keep their names: the manifest holds what these begin with, and the job's fingerprint by which a
Trainer finds its run whatever the folder is called.
"""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.graph.errors import LockedError, StorageError
from understudy.runtime import durable
from understudy.runtime.runs.folder import LONGEST_NAME, TRASH, RunFolder, data_lock, open_run

if TYPE_CHECKING:
    from collections.abc import Iterator


def rename_run(path: Path, name: str) -> Path:
    """Gives a run's folder another name, and returns its new path.

    Raises:
        FormatError: There is no run at that path.
        LockedError: Somebody works on it.
        StorageError: The name is taken or can't be a folder's, or the folder can't be moved.
    """
    new = path.parent / name
    if not name or Path(name).name != name or name.startswith(".") or "\\" in name:
        raise StorageError(path, f'it can\'t be called "{name}": a name has no slashes and no dot in front')
    if len(os.fsencode(name)) > LONGEST_NAME:
        raise StorageError(path, f"a run's name has at most {LONGEST_NAME} bytes; shorten it")
    with _unused(path, "renamed"):
        if new.exists() or not durable.move_folder(path, new):
            raise StorageError(path, f"can't be renamed: {new} is there already; choose another name")
    return new


def trash_run(path: Path) -> Path:
    """Moves a run into the folder `.trash` of its data directory, and returns where it lies now.

    Raises:
        FormatError: There is no run at that path.
        LockedError: Somebody works on it.
        StorageError: It can't be moved.
    """
    if path.parent.name == TRASH:
        raise StorageError(path, "is in the trash already")
    trash = path.parent / TRASH
    with _unused(path, "moved to the trash"):
        durable.make_folder(trash)
        return _moved(path, trash)


def restore_run(path: Path) -> Path:
    """Moves a run from the trash back beside the others, and returns where it lies now.

    A number is put behind its name where another run has that name by now.

    Raises:
        FormatError: There is no run at that path.
        StorageError: It lies in no trash folder, or can't be moved.
    """
    if path.parent.name != TRASH:
        raise StorageError(path, f"is not in the trash; trashed runs lie in a folder {TRASH}")
    with _unused(path, "restored"):
        return _moved(path, path.parent.parent)


@contextmanager
def _unused(path: Path, what: str) -> Iterator[None]:
    """Holds off those who would begin to work on a run, and refuses where somebody does.

    A starter takes the lock of the data directory first, so the run's own lock need not be held meanwhile:
    systems on which an open file keeps its folder in place could not move it.
    """
    folder = RunFolder(path)
    if not folder.manifest.exists():  # a damaged one can be moved
        open_run(path)
    with data_lock(path.parent):
        try:
            with folder.lock():
                pass
        except LockedError as error:
            raise LockedError(f"{path} can't be {what} while it runs: {error}") from None
        yield


def _moved(path: Path, parent: Path) -> Path:
    for attempt in itertools.count(1):
        new = parent / (path.name if attempt == 1 else f"{path.name}_{attempt}")
        if not new.exists() and durable.move_folder(path, new):
            return new
    raise AssertionError
