"""Kept results: what nodes gave, by key, and digests of files, by size and time stamp.

One SQLite file in `.understudy/` beside the graph file. It holds nothing that can't be made again: deleting
it costs time only. A kept result is verified before it is used: its own digest, and that of every file.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from understudy.graph.fingerprint import Parts

_TABLES = """
CREATE TABLE IF NOT EXISTS results (
    number INTEGER PRIMARY KEY, key TEXT UNIQUE, node TEXT, parts TEXT, value TEXT, files TEXT, digest TEXT);
CREATE INDEX IF NOT EXISTS results_of_node ON results (node, number);
CREATE TABLE IF NOT EXISTS digests (
    path TEXT PRIMARY KEY, size INTEGER, changed INTEGER, inode INTEGER, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frames (
    path TEXT PRIMARY KEY, identity TEXT, size INTEGER, changed INTEGER) WITHOUT ROWID;
"""
_VERSION = 1
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A result that was kept.

    Attributes:
        value: The node's outputs, as plain data by port.
        damage: Why it can't be used, in words; None when it was verified.
    """

    value: Any
    damage: str | None = None


class Store:
    """The kept results of one graph's folder.

    Args:
        folder: The folder `.understudy`; None keeps everything in memory only.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._database = self._open()

    def _open(self) -> sqlite3.Connection:
        if self.folder is None:
            return _connect(":memory:")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return _connect(":memory:")
        path = self.folder / "store.sqlite"
        try:
            return _connect(str(path))
        except sqlite3.DatabaseError:
            return self._open_anew(path)

    def _open_anew(self, path: Path) -> sqlite3.Connection:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            return _connect(str(path))
        except sqlite3.DatabaseError:
            return _connect(":memory:")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def keep(self, node: str, key: str, parts: Parts, value: Any, files: Iterable[Path] = ()) -> None:
        """Keeps a result: plain data, and the digests of the files that it consists of."""
        digests = json.dumps({str(path): self.digest(path) for path in files})
        text = json.dumps(value)
        row = (None, key, node, json.dumps(parts), text, digests, _digest_of(text, digests))
        with self._lock, self._database:
            self._database.execute("INSERT OR REPLACE INTO results VALUES (?,?,?,?,?,?,?)", row)

    def kept(self, key: str) -> Kept | None:
        """The verified result for a key, None where there is none; `damage` says why it can't be used."""
        query = "SELECT value, files, digest FROM results WHERE key = ?"
        with self._lock:
            row = self._database.execute(query, (key,)).fetchone()
        if row is None:
            return None
        text, digests, digest = row
        if _digest_of(text, digests) != digest:
            return Kept(None, "the kept result is damaged")
        for path, expected in json.loads(digests).items():
            if damage := self._damage(path, expected):
                return Kept(None, damage)
        return Kept(json.loads(text))

    def _damage(self, path: str, expected: str) -> str | None:
        try:
            return None if self.digest(path) == expected else f"{path} was changed"
        except MediaError:
            return f"{path} is gone"

    def latest_parts(self, node: str) -> Parts | None:
        """The parts of the key under which a node's newest result was kept, None where there is none."""
        query = "SELECT parts FROM results WHERE node = ? ORDER BY number DESC LIMIT 1"
        with self._lock:
            row = self._database.execute(query, (node,)).fetchone()
        return json.loads(row[0]) if row else None

    def digest(self, path: Path | str) -> str:
        """The SHA-256 of a file's bytes; read again only when size, time stamp or inode changed.

        Raises:
            MediaError: The file can't be read.
        """
        name = os.path.abspath(path)  # noqa: PTH100 - ten times faster here
        try:
            state = os.stat(name)  # noqa: PTH116 - ten times faster here
            known = self._known_digest(name, state)
            return known or self._remember(name, state, digest_file(name))
        except OSError as error:
            raise MediaError(path, f"can't be read: {error.strerror}") from error

    def _known_digest(self, name: str, state: os.stat_result) -> str | None:
        query = "SELECT digest FROM digests WHERE path = ? AND size = ? AND changed = ? AND inode = ?"
        with self._lock:
            row = self._database.execute(
                query, (name, state.st_size, state.st_mtime_ns, state.st_ino)
            ).fetchone()
        return row[0] if row else None

    def _remember(self, name: str, state: os.stat_result, digest: str) -> str:
        row = (name, state.st_size, state.st_mtime_ns, state.st_ino, digest)
        with self._lock, self._database:
            self._database.execute("INSERT OR REPLACE INTO digests VALUES (?,?,?,?,?)", row)
        return digest

    def remember_frame(self, path: Path, identity: str) -> None:
        """Records that a written frame's file holds what `identity` stands for."""
        name, state = str(path.absolute()), path.stat()
        row = (name, identity, state.st_size, state.st_mtime_ns)
        with self._lock, self._database:
            self._database.execute("INSERT OR REPLACE INTO frames VALUES (?,?,?,?)", row)

    def has_frame(self, path: Path, identity: str) -> bool:
        """Whether a written frame's file is there, untouched, and holds what `identity` stands for."""
        try:
            state = path.stat()
        except OSError:
            return False
        query = "SELECT 1 FROM frames WHERE path = ? AND identity = ? AND size = ? AND changed = ?"
        row = (str(path.absolute()), identity, state.st_size, state.st_mtime_ns)
        with self._lock:
            return self._database.execute(query, row).fetchone() is not None


def digest_file(path: Path | str) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:  # noqa: PTH123 - a plain string path
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _connect(name: str) -> sqlite3.Connection:
    database = sqlite3.connect(name, timeout=30, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError("another version")  # noqa: TRY301 - treated like damage
        database.executescript(_TABLES + f"PRAGMA user_version = {_VERSION};")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
