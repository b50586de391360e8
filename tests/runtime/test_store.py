"""Kept results: verified before they are used, and begun anew when damaged."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import MediaError
from understudy.runtime.store import RESULTS_OF_A_NODE, Store

if TYPE_CHECKING:
    from pathlib import Path

PARTS = {"type": "Number", "knobs": {"value": 1}}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with one result that has a file."""
    (tmp_path / "frame.exr").write_bytes(b"pixels")
    made = Store(tmp_path / "work")
    made.keep("one", "key", PARTS, {"output": [1, 2.5, "x"]}, [tmp_path / "frame.exr"])
    return made


def test_a_result_comes_back_as_it_was(store: Store, tmp_path: Path) -> None:
    """Plain data survives the process; the parts of its key are kept beside it."""
    store.close()
    again = Store(tmp_path / "work")

    assert again.kept("key").value == {"output": [1, 2.5, "x"]}
    assert again.latest_parts("one") == PARTS
    assert (again.kept("other"), again.latest_parts("two")) == (None, None)


def test_a_file_that_may_be_edited_only_has_to_be_there(store: Store, tmp_path: Path) -> None:
    """Its content is a person's own; once it is gone, the result is no longer whole."""
    listed = tmp_path / "list.txt"
    listed.write_text("3  blurred\n")
    store.keep("two", "edited", PARTS, {}, editable=[listed])
    listed.write_text("keep 3\n")
    assert store.kept("edited").damage is None
    listed.unlink()
    assert store.kept("edited").damage == f"{listed} is gone"


def test_of_each_node_the_newest_results_stay(tmp_path: Path) -> None:
    """Older ones than the newest few are dropped, of each node by itself."""
    store = Store(tmp_path / "work")
    store.keep("rare", "rare", PARTS, {})
    for number in range(RESULTS_OF_A_NODE + 3):
        store.keep("often", f"often {number}", PARTS, {})
    store.prune()
    gone = [number for number in range(RESULTS_OF_A_NODE + 3) if store.kept(f"often {number}") is None]
    assert gone == [0, 1, 2]
    assert store.kept("rare").damage is None


@pytest.mark.parametrize("column", ["key", "node", "parts", "value", "files", "digest"])
def test_a_changed_row_is_not_used(store: Store, tmp_path: Path, column: str) -> None:
    """One flipped bit in any column makes the result damaged or unfindable, never used."""
    store.close()
    with sqlite3.connect(tmp_path / "work" / "store.sqlite") as database:
        (text,) = database.execute(f"SELECT {column} FROM results").fetchone()  # noqa: S608 - our own column names
        flipped = chr(ord(text[0]) ^ 1) + text[1:]
        database.execute(f"UPDATE results SET {column} = ?", (flipped,))  # noqa: S608 - our own column names
    database.close()
    kept = Store(tmp_path / "work").kept("key")

    assert kept is None or (kept.value, kept.damage) == (None, "the kept result is damaged")


def test_a_row_that_is_no_text_is_not_used(store: Store, tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are damage, not a crash."""
    store.close()
    with sqlite3.connect(tmp_path / "work" / "store.sqlite") as database:
        database.execute("UPDATE results SET value = CAST(x'ff00ff' AS TEXT), parts = CAST(x'ff' AS TEXT)")
    database.close()
    again = Store(tmp_path / "work")

    assert again.kept("key").damage == "the kept result is damaged"
    assert again.latest_parts("one") is None


def test_a_flipped_byte_in_a_result_file_is_noticed(store: Store, tmp_path: Path) -> None:
    """A file of a result whose bytes changed makes the result unusable."""
    (tmp_path / "frame.exr").write_bytes(b"pixelt")

    assert store.kept("key").damage == f"{tmp_path / 'frame.exr'} was changed"


def test_any_damage_to_the_file_is_survived(store: Store, tmp_path: Path) -> None:
    """Wherever bytes of the file are overwritten, a result is right, damaged or gone, and work goes on."""
    store.close()
    good = (tmp_path / "work" / "store.sqlite").read_bytes()
    for start in range(0, len(good), 199):
        folder = tmp_path / f"damaged{start}"
        folder.mkdir()
        (folder / "store.sqlite").write_bytes(good[:start] + b"\xa5" * 16 + good[start + 16 :])
        damaged = Store(folder)
        kept = damaged.kept("key")
        damaged.latest_parts("one")
        damaged.keep("two", "other", PARTS, {"output": 1})
        value_of_two = damaged.kept("other")
        damaged.close()

        assert kept is None or kept.damage or kept.value == {"output": [1, 2.5, "x"]}
        assert value_of_two is None or value_of_two.damage or value_of_two.value == {"output": 1}
        shutil.rmtree(folder)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + bytes(5000)])
def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path, content: bytes) -> None:
    """Whatever lies in its place, the store serves, and keeps again for the next process."""
    (tmp_path / "store.sqlite").write_bytes(content)
    store = Store(tmp_path)
    store.keep("one", "key", PARTS, 1)
    store.close()

    assert Store(tmp_path).kept("key").value == 1


def test_another_version_is_begun_anew(store: Store, tmp_path: Path) -> None:
    """A store that another version of the program wrote is not guessed at."""
    store.close()
    database = sqlite3.connect(tmp_path / "work" / "store.sqlite")
    database.execute("PRAGMA user_version = 999")
    database.close()

    assert Store(tmp_path / "work").kept("key") is None


def test_a_store_that_cannot_be_written_serves_in_memory(tmp_path: Path) -> None:
    """A file or a folder in the way costs keeping, not the run."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / "store.sqlite").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "folder", None):
        store = Store(folder)
        store.keep("one", "key", PARTS, 1)
        assert store.kept("key").value == 1


def test_a_full_disk_costs_keeping_only(store: Store) -> None:
    """A result that finds no room is not kept, and nothing is raised."""
    store._database.execute("PRAGMA max_page_count = 1")
    store.keep("big", "big", PARTS, "x" * 1_000_000)

    assert store.kept("big") is None
    assert store.kept("key").damage is None


def test_a_result_that_is_no_plain_data_is_refused(store: Store) -> None:
    """Keeping what JSON can't hold is a mistake of the node and not hidden."""
    with pytest.raises(TypeError):
        store.keep("one", "k", PARTS, {"output": object()})


def test_digests_are_remembered_until_the_file_changes(tmp_path: Path, store: Store) -> None:
    """A file is read again only when its state changed."""
    from understudy.runtime import store as module

    path, read = tmp_path / "a", []
    path.write_bytes(b"one")
    original = module.digest_file

    def counted(name: Path) -> str:
        read.append(name)
        return original(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "digest_file", counted)
        first = store.digest(path)
        assert (store.digest(path), len(read)) == (first, 1)
        path.write_bytes(b"two")
        assert store.digest(path) != first


def test_a_file_that_is_gone_has_no_digest(tmp_path: Path, store: Store) -> None:
    """The error names the file."""
    with pytest.raises(MediaError, match=r"gone\.exr: can't be read: No such file"):
        store.digest(tmp_path / "gone.exr")


def test_written_frames_are_known_until_touched(tmp_path: Path, store: Store) -> None:
    """A frame counts as there and right only with its identity, size and time stamp."""
    frame = tmp_path / "frame.exr"
    store.remember_frame(frame, "identity")

    assert store.has_frame(frame, "identity")
    assert not store.has_frame(frame, "other")
    frame.write_bytes(b"other pixels")
    assert not store.has_frame(frame, "identity")
    frame.unlink()
    assert not store.has_frame(frame, "identity")


def test_many_threads_keep_side_by_side(tmp_path: Path) -> None:
    """Nodes that end at the same moment all keep their results."""
    store = Store(tmp_path)

    def keep(first: int) -> None:
        for number in range(first, first + 50):
            store.keep(f"n{number}", f"k{number}", PARTS, number)

    threads = [threading.Thread(target=keep, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [store.kept(f"k{number}").value for number in range(400)] == list(range(400))


def test_many_processes_keep_side_by_side(tmp_path: Path) -> None:
    """Processes that start on one folder at once neither fail nor lose each other's results."""
    code = """
import sys
from pathlib import Path
from understudy.runtime.store import RESULTS_OF_A_NODE, Store
store = Store(Path(sys.argv[1]))
for number in range(20):
    store.keep("n", f"{sys.argv[2]}-{number}", {}, number)
"""
    command = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(6)]

    assert [process.wait() for process in processes] == [0] * 6
    store = Store(tmp_path)
    assert all(store.kept(f"{process}-{number}") for process in range(6) for number in range(20))


def test_a_store_waits_while_another_process_sets_it_up(tmp_path: Path) -> None:
    """A file that is locked for the moment is waited for: its results are not lost to memory."""
    path = tmp_path / "store.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.close)
    release.start()

    Store(tmp_path).keep("n", "k", PARTS, 1)
    release.join()

    assert Store(tmp_path).kept("k") is not None
