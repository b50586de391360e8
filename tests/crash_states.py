"""What a crash may leave on a disk: every state that the notes of a `Recorder` allow.

The model is as hard as POSIX allows. Of what was written to a file since its last fsync, each write may be
there, missing, torn at any byte, there in some blocks only, or there as zeros. Of what was done to a
folder's names since its last fsync, any prefix is there. What was written before a failed fsync may be
missing for ever, whatever later ones say.
"""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.runtime.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterator

Note = tuple[Any, ...]
Tree = dict[str, bytes]


class Recorder(Disk):
    """Does everything for real, and takes notes; files and folders are numbers, so that names can change."""

    def __init__(self, root: Path) -> None:
        self.notes: list[Note] = []
        self._root = root
        self._names: dict[int, dict[str, int]] = {0: {}}
        self._open: dict[int, int] = {}
        self._next = 1

    def acknowledge(self, *what: Any) -> None:
        """Notes that the caller was told that something is safe."""
        self.notes.append(("acknowledged", *what))

    def _place(self, path: str) -> tuple[int, str]:
        folder = 0
        *above, name = Path(path).absolute().relative_to(self._root).parts or ("",)
        for part in above:
            folder = self._names[folder][part]
        return folder, name

    def _number(self, path: str) -> int:
        folder, name = self._place(path)
        return self._names[folder][name] if name else folder

    def _link(self, path: str) -> int:
        folder, name = self._place(path)
        number, self._next = self._next, self._next + 1
        self._names[folder][name] = number
        self.notes.append(("link", folder, name, number))
        return number

    def open(self, path: str, flags: int) -> int:
        """Notes a new file; one that a library wrote by itself is noted with what is in it."""
        folder, name = self._place(path)
        file = super().open(path, flags)
        if name not in self._names[folder]:
            number = self._link(path)
            self.notes.append(("write", number, 0, Path(path).read_bytes()))
        self._open[file] = self._names[folder][name]
        if flags & os.O_TRUNC:
            self.notes.append(("truncate", self._open[file], 0))
        return file

    def write(self, file: int, data: memoryview) -> int:
        """Notes what was taken, and where."""
        taken = super().write(file, data)
        at = os.lseek(file, 0, os.SEEK_CUR) - taken
        self.notes.append(("write", self._open[file], at, bytes(data[:taken])))
        return taken

    def truncate(self, file: int, size: int) -> None:
        """Notes the size."""
        super().truncate(file, size)
        self.notes.append(("truncate", self._open[file], size))

    def sync(self, file: int) -> None:
        """Notes it; the disk in the test's memory needs no real one."""
        self.notes.append(("sync", self._open[file]))

    def rename(self, old: str, new: str) -> None:
        """Notes the names."""
        super().rename(old, new)
        folder, before = self._place(old)
        _, after = self._place(new)
        self._names[folder][after] = self._names[folder].pop(before)
        self.notes.append(("rename", folder, before, after))

    def unlink(self, path: str) -> None:
        """Notes the name."""
        super().unlink(path)
        folder, name = self._place(path)
        self._names[folder].pop(name, None)
        self.notes.append(("unlink", folder, name))

    def make_folder(self, path: str) -> None:
        """Notes the name."""
        super().make_folder(path)
        self._names[self._link(path)] = {}

    def remove_folder(self, path: str) -> None:
        """Notes the name."""
        super().remove_folder(path)
        folder, name = self._place(path)
        self._names[folder].pop(name, None)
        self.notes.append(("unlink", folder, name))

    def sync_folder(self, path: str) -> None:
        """Notes it."""
        self.notes.append(("sync_folder", self._number(path)))


class FailingRecorder(Recorder):
    """Fails one fsync, after which the system takes the lost pages for written."""

    def __init__(self, root: Path, failing: int) -> None:
        super().__init__(root)
        self.failing = failing
        self.failed = False

    def sync(self, file: int) -> None:
        """Fails when its turn has come."""
        self.failing -= 1
        if self.failing == 0:
            self.failed = True
            self.notes.append(("failed sync", self._open[file]))
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(file)


@dataclass
class _File:
    """Writes and cuts in their order, each with whether it is safe: yes, not yet, or never."""

    changes: list[tuple[Note, str]] = field(default_factory=list)

    def settle(self, before: str, after: str) -> None:
        self.changes = [(note, after if safe == before else safe) for note, safe in self.changes]

    def content(self, draw: random.Random, fate: str) -> bytes:
        data = bytearray()
        for note, safe in self.changes:
            _apply(data, note, "all" if safe == "yes" else fate, draw)
        return bytes(data)


def _apply(data: bytearray, note: Note, fate: str, draw: random.Random) -> None:
    if fate == "any":
        fate = draw.choice(("all", "all", "none", "none", "torn", "zeros", "blocks"))
    if fate == "none":
        return
    if note[0] == "truncate":
        del data[note[2] :]
        return
    at, written = note[2], note[3]
    if fate == "torn":
        written = written[: draw.randint(0, len(written))]
    data.extend(bytes(max(0, at + len(written) - len(data))))
    if fate == "blocks":
        size, kept = draw.choice(((8, 0.9), (32, 0.5)))
        for begin in range(0, len(written), size):
            if draw.random() < kept:
                part = written[begin : begin + size]
                data[at + begin : at + begin + len(part)] = part
    else:
        data[at : at + len(written)] = bytes(len(written)) if fate == "zeros" else written


FATES = (("none", 0.0), ("all", 1.0), ("none", 1.0), ("zeros", 1.0), ("torn", 1.0), ("blocks", 1.0))
"""Looked at after every note: what became of unsafe writes, and the share of unsafe names that is there."""


def crash_states(notes: list[Note], samples: int, seed: int = 0) -> Iterator[tuple[int, Tree]]:
    """For a crash after each note, so many states: the notes' number, and all files by path."""
    for crash in range(1, len(notes) + 1):
        disk = _replay(notes[:crash])
        for sample in range(samples):
            draw = random.Random(f"{seed} {crash} {sample}")  # noqa: S311 - repeatable, not secret
            fate, share = (
                FATES[sample] if sample < len(FATES) else ("any", draw.choice((0.0, 1.0, draw.random())))
            )
            yield crash, _tree(disk, draw, fate, share)


def _replay(notes: list[Note]) -> tuple[dict[int, _File], dict[int, tuple[list[Note], int]]]:
    files: dict[int, _File] = {}
    folders: dict[int, tuple[list[Note], int]] = {}
    for note in notes:
        kind, number = note[0], note[1]
        if kind in ("write", "truncate"):
            files.setdefault(number, _File()).changes.append((note, "not yet"))
        elif kind == "sync":
            files.setdefault(number, _File()).settle("not yet", "yes")
        elif kind == "failed sync":
            files.setdefault(number, _File()).settle("not yet", "never")
        elif kind == "sync_folder":
            changes, _ = folders.get(number, ([], 0))
            folders[number] = (changes, len(changes))
        elif kind in ("link", "rename", "unlink"):
            changes, safe = folders.get(number, ([], 0))
            folders[number] = ([*changes, note], safe)
    return files, folders


def _tree(
    disk: tuple[dict[int, _File], dict[int, tuple[list[Note], int]]],
    draw: random.Random,
    fate: str,
    share: float,
) -> Tree:
    files, folders = disk
    tree: Tree = {}
    waiting = [("", 0)]
    while waiting:
        path, number = waiting.pop()
        changes, safe = folders.get(number, ([], 0))
        names: dict[str, int] = {}
        for note in changes[: safe + round(share * (len(changes) - safe))]:
            if note[0] == "link":
                names[note[2]] = note[3]
            elif note[2] in names:
                moved = names.pop(note[2])
                if note[0] == "rename":
                    names[note[3]] = moved
        for name, child in names.items():
            if child in files:
                tree[path + name] = files[child].content(draw, fate)
            else:
                waiting.append((f"{path}{name}/", child))
    return tree
