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
import time
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
    path BLOB PRIMARY KEY, state TEXT, digest TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS frames (
    path BLOB PRIMARY KEY, identity TEXT, size INTEGER, changed INTEGER) WITHOUT ROWID;
"""
_RESULT_OF_KEY = "SELECT key, node, parts, value, files, digest FROM results WHERE key = ?"
_RESULT_OF_NODE = """
SELECT key, node, parts, value, files, digest FROM results WHERE node = ? ORDER BY number DESC LIMIT 1"""
_DROP_TOO_OLD = """
DELETE FROM results WHERE number IN (
    SELECT number FROM (
        SELECT number, ROW_NUMBER() OVER (PARTITION BY node ORDER BY number DESC) AS place FROM results)
    WHERE place > ?)"""
_VERSION = 2
_PATIENCE = 30.0  # seconds
_PAUSE = 0.005  # seconds

RESULTS_OF_A_NODE = 200
"""So many of each node's results are kept at most: one for each part of a shot on a farm, and to spare."""

_ANY_CONTENT = ""
"""In place of a file's digest: it has to be there, and may have been edited."""


class _AnotherVersion(sqlite3.DatabaseError):
    """The file was made by another version of this program."""


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
        except sqlite3.DatabaseError as error:
            return _open_anew(path) if _is_damage(error) else _connect(":memory:")

    def _fetch(self, query: str, row: tuple[Any, ...]) -> Any:
        """A row, or None; a damaged file is begun anew."""
        with self._lock:
            try:
                return self._database.execute(query, row).fetchone()
            except sqlite3.DatabaseError as error:
                self._recover(error)
                return None

    def _write(self, statement: str, row: tuple[Any, ...]) -> None:
        """Writes a row; on a full or failing disk it is not kept, which costs time only."""
        with self._lock:
            try:
                with self._database:
                    self._database.execute(statement, row)
            except sqlite3.DatabaseError as error:
                self._recover(error)

    def _recover(self, error: sqlite3.DatabaseError) -> None:
        if _is_damage(error) and self.folder is not None:
            self._database.close()
            self._database = _open_anew(self.folder / "store.sqlite")

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def keep(
        self,
        node: str,
        key: str,
        parts: Parts,
        value: Any,
        files: Iterable[Path] = (),
        editable: Iterable[Path] = (),
    ) -> None:
        """Keeps a result.

        Args:
            node: The node's name.
            key: What identifies the result.
            parts: What the key is made of.
            value: Plain data.
            files: The files that it consists of, byte for byte.
            editable: Files of it that have to be there and that a person may edit.
        """
        digests = {str(path): self.digest(path) for path in files}
        digests |= {str(path): _ANY_CONTENT for path in editable}
        row = (key, node, json.dumps(parts), json.dumps(value), json.dumps(digests))
        self._write("INSERT OR REPLACE INTO results VALUES (NULL,?,?,?,?,?,?)", (*row, _digest_of(*row)))

    def forget(self, key: str) -> None:
        """Drops the result of a key."""
        self._write("DELETE FROM results WHERE key = ?", (key,))

    def prune(self) -> None:
        """Drops all but a node's newest `RESULTS_OF_A_NODE`, so that the file does not grow for ever."""
        self._write(_DROP_TOO_OLD, (RESULTS_OF_A_NODE,))

    def kept(self, key: str) -> Kept | None:
        """The verified result for a key, None where there is none; `damage` says why it can't be used."""
        row = self._fetch(_RESULT_OF_KEY, (key,))
        if row is None:
            return None
        *content, digest = row
        if _digest_of(*content) != digest:
            return Kept(None, "the kept result is damaged")
        *_, text, digests = content
        for path, expected in json.loads(digests).items():
            if damage := self._damage(path, expected):
                return Kept(None, damage)
        return Kept(json.loads(text))

    def _damage(self, path: str, expected: str) -> str | None:
        try:
            return None if expected in (_ANY_CONTENT, self.digest(path)) else f"{path} was changed"
        except MediaError:
            return f"{path} is gone"

    def latest_parts(self, node: str) -> Parts | None:
        """The parts of the key under which a node's newest result was kept, None where there is none."""
        row = self._fetch(_RESULT_OF_NODE, (node,))
        if row is None or _digest_of(*row[:-1]) != row[-1]:
            return None
        parts: Parts = json.loads(row[2])
        return parts

    def digest(self, path: Path | str) -> str:
        """The SHA-256 of a file's bytes; read again only when size, time stamp or inode changed.

        Raises:
            MediaError: The file can't be read.
        """
        name = os.fsencode(os.path.abspath(path))  # noqa: PTH100 - ten times faster here
        try:
            state = os.stat(name)  # noqa: PTH116 - ten times faster here
            known = self._known_digest(name, state)
            return known or self._remember(name, state, digest_file(name))
        except OSError as error:
            raise MediaError(path, f"can't be read: {error.strerror}") from error

    def _known_digest(self, name: bytes, state: os.stat_result) -> str | None:
        query = "SELECT digest FROM digests WHERE path = ? AND state = ?"
        row = self._fetch(query, (name, _state_text(state)))
        return row[0] if row else None

    def _remember(self, name: bytes, state: os.stat_result, digest: str) -> str:
        self._write("INSERT OR REPLACE INTO digests VALUES (?,?,?)", (name, _state_text(state), digest))
        return digest

    def remember_frame(self, path: Path, identity: str) -> None:
        """Records that a written frame's file holds what `identity` stands for."""
        state = path.stat()
        row = (os.fsencode(path.absolute()), identity, state.st_size, state.st_mtime_ns)
        self._write("INSERT OR REPLACE INTO frames VALUES (?,?,?,?)", row)

    def has_frame(self, path: Path, identity: str) -> bool:
        """Whether a written frame's file is there, untouched, and holds what `identity` stands for."""
        try:
            state = path.stat()
        except OSError:
            return False
        query = "SELECT 1 FROM frames WHERE path = ? AND identity = ? AND size = ? AND changed = ?"
        row = (os.fsencode(path.absolute()), identity, state.st_size, state.st_mtime_ns)
        return self._fetch(query, row) is not None


def digest_file(path: Path | str | bytes) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits."""
    with open(path, "rb") as file:  # noqa: PTH123 - a plain string path
        return hashlib.file_digest(file, "sha256").hexdigest()


def _text(stored: bytes) -> str:
    """A stored text; damage that is no text shows in its digest."""
    return stored.decode("utf-8", "replace")


def _digest_of(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _state_text(state: os.stat_result) -> str:
    """What changes when a file does; a time stamp that was set back shows in the status change time."""
    return f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns} {state.st_ino}"


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file itself is bad, rather than locked, full or not to be written."""
    damage = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    return isinstance(error, _AnotherVersion) or _primary_code(error) in damage


def _primary_code(error: sqlite3.DatabaseError) -> int | None:
    """SQLite's result code without its extension, None where the error is not SQLite's own."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _open_anew(path: Path) -> sqlite3.Connection:
    try:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        return _connect(str(path))
    except (OSError, sqlite3.DatabaseError):
        return _connect(":memory:")


def _connect(name: str) -> sqlite3.Connection:
    """Opens and sets up the file, and waits while another process does the same.

    SQLite's own time limit does not cover the change to a write-ahead log: it fails at once there.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        database = sqlite3.connect(name, timeout=_PATIENCE, check_same_thread=False)
        try:
            _set_up(database)
        except sqlite3.DatabaseError as error:
            database.close()
            if _primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return database


def _set_up(database: sqlite3.Connection) -> None:
    database.text_factory = _text
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version not in (0, _VERSION):
        raise _AnotherVersion
    if version == 0:
        database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
