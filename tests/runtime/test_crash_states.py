"""Whatever a power cut leaves of a run's folder is valid, and has every acknowledged save."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import tempfile
import types
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from crash_states import FailingRecorder, Recorder, Tree, crash_states
from small_training import STEPS, Killed, loss_at, results, train, weights_at

from understudy.graph.errors import StorageError, UnderstudyError
from understudy.runtime import appender, durable
from understudy.runtime.runs import folder as folder_module
from understudy.runtime.runs import summary as summary_module
from understudy.runtime.runs.container import read_container, write_container
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crash_states import Note

QUICK, LONG = 24, 900
"""States after each note."""


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder in memory, where there is one."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108 - a folder of its own in it
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def two_lives(root: Path) -> list[Note]:
    """A training that is killed after the rows of step 8, and goes on from step 6 with other losses."""
    recorder = Recorder(root)
    with durable.using(recorder):
        with contextlib.suppress(Killed):
            train(root / "training", 0, 8, lambda step: recorder.acknowledge(step, 0))
        train(root / "training", 1, 0, lambda step: recorder.acknowledge(step, 1))
    return recorder.notes


def failing_life(root: Path, failing: int) -> list[Note]:
    """A training in which one fsync fails; it ends there, and the next life goes on on the same machine."""
    recorder = FailingRecorder(root, failing)
    with durable.using(recorder):
        with contextlib.suppress(StorageError):
            train(root / "training", 0, 0, lambda step: recorder.acknowledge(step, 0))
        train(root / "training", 0, 0, lambda step: recorder.acknowledge(step, 0))
    assert recorder.failed
    return recorder.notes


class Judge:
    """Says what is wrong with a state of the disk; what a file holds is looked at once for equal bytes."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.read = functools.lru_cache(maxsize=None)(self._read)

    def _read(self, suffix: str, data: bytes) -> Any:
        path = self.scratch / f"file{suffix}"
        path.write_bytes(data)
        try:
            if suffix == ".summary":
                summary = read_summary(path)
                return list(zip(summary.steps.tolist(), summary.losses.tolist(), strict=True))
            if suffix == ".json":
                return read_manifest(path)
            container = read_container(path, suffix[1:])
            return container.header["step"], container.tensors["weights"].copy()
        except UnderstudyError as error:
            return error

    def faults(self, tree: Tree, acknowledged: int | None) -> list[str]:
        """What a state breaks of what was promised."""
        files = {
            path: self.read(Path(path).suffix, data)
            for path, data in tree.items()
            if path.endswith((".cat", ".ost", ".summary", ".json")) and ".partial" not in path
        }
        found = [f"{path}: {thing}" for path, thing in files.items() if isinstance(thing, UnderstudyError)]
        if found or acknowledged is None:
            return found
        run = "training/run/run"
        if {"training/run/manifest.json", f"{run}.toml"} - set(tree):
            return ["the run's folder is lost"]
        saves = {path: thing for path, thing in files.items() if path.endswith((".cat", ".ost"))}
        for path, (step, weights) in saves.items():
            if int(Path(path).stem[-8:]) != step or not np.array_equal(weights, weights_at(step)):
                found.append(f"{path} holds something else")
        newest = max((thing[0] for path, thing in saves.items() if path.endswith(".ost")), default=0)
        if newest < acknowledged or (acknowledged and f"{run}_{acknowledged:08d}.cat" not in files):
            found.append(f"the save of step {acknowledged} is lost")
        return found + self.faults_of_rows(files.get(f"{run}.summary", []), newest)

    def faults_of_rows(self, rows: list[tuple[int, float]], newest: int) -> list[str]:
        """Rows are a prefix of one life's, not shorter than the newest state."""
        if len(rows) < newest:
            return [f"the summary has {len(rows)} rows, the newest state is at {newest}"]
        lives = [
            [(step, loss_at(step, life if step > 6 else 0)) for step in range(1, STEPS + 1)]
            for life in (0, 1)
        ]
        return [] if rows in [life[: len(rows)] for life in lives] else [f"the rows are mixed: {rows}"]


def judge(notes: list[Note], samples: int, scratch: Path) -> tuple[int, list[str]]:
    """How many different states there were, and what is wrong with the first bad one."""
    last: dict[int, int | None] = {}
    acknowledged: int | None = None
    for number, note in enumerate(notes, 1):
        acknowledged = note[1] if note[0] == "acknowledged" else acknowledged
        last[number] = acknowledged
    judging = Judge(scratch)
    seen = set()
    for crash, tree in crash_states(notes, samples):
        seen.add(hash((last[crash], frozenset(tree.items()))))
        if faults := judging.faults(tree, last[crash]):
            return len(seen), [f"after note {crash} {notes[crash - 1][:3]}: {fault}" for fault in faults]
    return len(seen), []


def test_power_cuts(scratch: Path) -> None:
    """No state that a power cut may leave of two lives of a run breaks a promise."""
    states, faults = judge(two_lives(scratch), QUICK, scratch)
    assert faults == []
    assert states > 1000


@pytest.mark.parametrize("failing", [1, 6, 9, 12, 15, 18])
def test_power_cuts_after_a_failed_fsync(scratch: Path, failing: int) -> None:
    """Nor when an fsync failed, after which the system takes the lost pages for written."""
    _, faults = judge(failing_life(scratch, failing), 6, scratch)
    assert faults == []


@pytest.mark.slow
def test_power_cuts_at_length(scratch: Path) -> None:
    """The same for 50,000 different states, and for any fsync that fails."""
    (scratch / "whole").mkdir()
    notes = two_lives(scratch / "whole")
    total, faults = judge(notes, LONG, scratch)
    assert faults == []
    for failing in range(1, sum(note[0] == "sync" for note in notes) - 8):
        (scratch / str(failing)).mkdir()
        states, faults = judge(failing_life(scratch / str(failing), failing), LONG // 6, scratch)
        assert faults == []
        total += states
    assert total > 50_000


def test_going_on_from_power_cuts(scratch: Path) -> None:
    """A training that goes on from what a power cut left ends with the unbroken one's bytes."""
    expected = results(train(scratch / "unbroken"))
    recorder = Recorder(scratch)
    with durable.using(recorder):
        train(scratch / "training")
    resumed = 0
    for number, (_, tree) in enumerate(crash_states(recorder.notes, 8)):
        if number % 19:
            continue
        root = scratch / "again"
        for path, data in tree.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(data)
        assert results(train(root / "training")) == expected
        shutil.rmtree(root)
        resumed += 1
    assert resumed > 50


# Mistakes in the protocol. Each is made on purpose, and each must be seen.


def no_fsync(patch: pytest.MonkeyPatch) -> None:
    """Files get their names without waiting for their bytes."""
    patch.setattr(Recorder, "sync", lambda _self, _file: None)


def no_fsync_of_the_folder(patch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the names."""
    patch.setattr(Recorder, "sync_folder", lambda _self, _path: None)


def rename_before_fsync(patch: pytest.MonkeyPatch) -> None:
    """The bytes are waited for when the file has its name already."""
    original_sync, original_rename = Recorder.sync, Recorder.rename
    waiting: list[int] = []

    def rename(self: Recorder, old: str, new: str) -> None:
        original_rename(self, old, new)
        self.notes += [("sync", number) for number in waiting]
        waiting.clear()

    def sync(self: Recorder, file: int) -> None:
        original_sync(self, file)
        waiting.append(self.notes.pop()[1])

    patch.setattr(Recorder, "rename", rename)
    patch.setattr(Recorder, "sync", sync)


def written_in_place(patch: pytest.MonkeyPatch) -> None:
    """Files are overwritten under their own names."""

    def write(path: Any, kind: str, header: Any, tensors: Any) -> None:
        whole = Path(path).with_suffix(".whole")
        write_container(whole, kind, header, tensors)
        file = durable.disk.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with durable.closing(file):
            durable.write_all(file, memoryview(whole.read_bytes()))
            durable.disk.sync(file)
        durable.disk.sync_folder(str(Path(path).parent))

    patch.setattr(folder_module, "write_container", write)


def rows_not_synced(patch: pytest.MonkeyPatch) -> None:
    """The state is saved without waiting for its rows."""
    patch.setattr(summary_module.SummaryWriter, "sync", lambda _self: None)


def old_states_removed_first(patch: pytest.MonkeyPatch) -> None:
    """Room is made before the new state is there."""
    original = folder_module.RunFolder.save

    def save(self: Any, step: int, *contents: Any) -> None:
        for path in self.osts().values():
            durable.remove(path)
        original(self, step, *contents)

    patch.setattr(folder_module.RunFolder, "save", save)


def rows_without_checks(patch: pytest.MonkeyPatch) -> None:
    """A torn row is read as what it happens to say."""
    patch.setattr(summary_module, "zlib", types.SimpleNamespace(crc32=lambda _data, _before=0: 0))


def tail_cut_in_place(patch: pytest.MonkeyPatch) -> None:
    """Rows of another life are written over without waiting, and checks know nothing of each other."""
    alone = types.SimpleNamespace(crc32=lambda data, _before=0: zlib.crc32(data))
    patch.setattr(summary_module, "zlib", alone)

    def begin(self: Any, path: Any, start: bytes) -> None:
        if not Path(path).exists():
            durable.replace_bytes(path, [start])
        self.path, self._unsynced, self._torn, self._lost = Path(path), bytearray(), False, False
        self._end = self._synced = len(start)
        self._guard = contextlib.nullcontext()
        self._file = durable.disk.open(str(path), os.O_WRONLY | os.O_APPEND)
        durable.disk.truncate(self._file, len(start))

    patch.setattr(appender.Appender, "__init__", begin)


def summary_begun_in_place(patch: pytest.MonkeyPatch) -> None:
    """A new file has its name before its first record is safe."""

    def replace_bytes(path: Any, chunks: list[bytes]) -> None:
        file = durable.disk.open(str(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        with durable.closing(file):
            for chunk in chunks:
                durable.write_all(file, memoryview(chunk))

    patch.setattr(appender.durable, "replace_bytes", replace_bytes)


MISTAKES = [
    no_fsync,
    no_fsync_of_the_folder,
    rename_before_fsync,
    written_in_place,
    rows_not_synced,
    old_states_removed_first,
    rows_without_checks,
    tail_cut_in_place,
    summary_begun_in_place,
]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_seen(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, mistake: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Each mistake in the protocol shows in the states that it leaves."""
    mistake(monkeypatch)
    _, faults = judge(two_lives(scratch), 4 * QUICK, scratch)
    assert faults


def test_a_repeated_fsync_is_seen(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To wait again for a file that failed once, and believe it, shows too."""
    original = appender.Appender.sync

    def sync(self: Any) -> None:
        try:
            original(self)
        except StorageError:
            self._lost = False
            original(self)

    monkeypatch.setattr(appender.Appender, "sync", sync)
    found = []
    for failing in range(1, 16):
        (scratch / str(failing)).mkdir()
        with contextlib.suppress(AssertionError):
            found += judge(failing_life(scratch / str(failing), failing), 4, scratch)[1]
    assert any("summary has" in fault for fault in found)
