"""A run's folder appears whole, is found again, is saved to in order and resumed from its newest state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import LockedError, StorageError
from understudy.runtime.runs.folder import Contents, RunFolder, create_run, data_lock, find_runs
from understudy.runtime.runs.manifest import Manifest, read_manifest
from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from pathlib import Path

RUN = Manifest(name="", number=0, node="learn", job="j", lineage="l")


def save(run: RunFolder, step: int) -> None:
    """Saves a step with all its rows."""
    with SummaryWriter(run.summary, step) as summary:
        for row in range(summary.step + 1, step + 1):
            summary.row(row, 1.0, 1.0, 1.0)
        run.save(step, summary, Contents({"step": step}, {"w": np.full(3, step)}), Contents({}, {}))


def test_create(tmp_path: Path) -> None:
    """A new run's folder holds the manifest and the graph, and is found again."""
    run = create_run(tmp_path / "training", RUN, b"understudy = 1\n", "roto")
    assert sorted(path.name for path in run.path.iterdir()) == ["manifest.json", "roto.toml"]
    assert run.graph.read_bytes() == b"understudy = 1\n"
    (found,) = find_runs(tmp_path / "training")
    assert found.folder.path == run.path
    assert (found.manifest.name, found.manifest.number) == ("roto", 1)


def test_names_by_time(tmp_path: Path) -> None:
    """Runs that start in one second get names of their own, numbered in their order."""
    names = [create_run(tmp_path, RUN, b"").path.name for _ in range(3)]
    assert len(set(names)) == 3
    assert all(name.startswith("Training_") for name in names)
    assert [run.folder.path.name for run in find_runs(tmp_path)] == names


def test_taken_name(tmp_path: Path) -> None:
    """A folder that is there, empty or not, is left alone."""
    (tmp_path / "roto").mkdir()
    assert create_run(tmp_path, RUN, b"", "roto").path.name == "roto_2"
    assert create_run(tmp_path, RUN, b"", "roto").path.name == "roto_3"
    assert list((tmp_path / "roto").iterdir()) == []


def test_long_name(tmp_path: Path) -> None:
    """A name that leaves no room for the step is refused before anything is made; the longest works."""
    with pytest.raises(StorageError, match="longer than"):
        create_run(tmp_path, RUN, b"", "ü" * 115)
    assert list(tmp_path.iterdir()) == []
    run = create_run(tmp_path, RUN, b"", "ü" * 114)
    save(run, 1)
    run.contact_sheet(1).touch()
    assert list(run.cats()) == [1]


def test_renamed_folder(tmp_path: Path) -> None:
    """A run whose folder was renamed finds its files."""
    run = create_run(tmp_path, RUN, b"", "roto")
    save(run, 5)
    renamed = RunFolder(run.path.rename(tmp_path / "keep this"))
    assert list(renamed.cats()) == [5]
    assert renamed.newest_state()[0] == 5


def test_save(tmp_path: Path) -> None:
    """The newest two states are kept, all models, and the states of steps to keep."""
    run = create_run(tmp_path, RUN, b"", "roto")
    for step in (10, 20, 30, 40):
        save(run, step)
    assert list(run.osts()) == [30, 40]
    assert list(run.cats()) == [10, 20, 30, 40]
    assert run.cat(10).name == "roto_00000010.cat"
    run.prune_osts({30}, upto=40)
    step, state, said = run.newest_state()
    assert state is not None
    assert (step, state.header, said) == (40, {"step": 40}, [])


def test_falls_back(tmp_path: Path) -> None:
    """A damaged newest state is passed over and said so; going on from the one before replaces it."""
    run = create_run(tmp_path, RUN, b"", "roto")
    for step in (10, 20):
        save(run, step)
    run.ost(20).write_bytes(run.ost(20).read_bytes()[:-1])
    step, state, said = run.newest_state()
    assert state is not None
    assert (step, state.header["step"]) == (10, 10)
    assert len(said) == 1
    assert "roto_00000020.ost at byte" in said[0]
    save(run, 15)
    assert list(run.osts()) == [10, 15, 20]
    assert run.newest_state()[0] == 15
    save(run, 20)
    assert list(run.osts()) == [15, 20]
    assert run.newest_state()[0] == 20
    assert read_summary(run.summary).steps[-1] == 20


def test_no_state(tmp_path: Path) -> None:
    """Without a good state there is nothing to resume from."""
    run = create_run(tmp_path, RUN, b"", "roto")
    assert run.newest_state() == (0, None, [])
    run.ost(5).write_bytes(b"")
    assert run.newest_state()[:2] == (0, None)


def test_one_writer(tmp_path: Path) -> None:
    """A run has one writer at a time, and its data directory one starter."""
    run = create_run(tmp_path, RUN, b"", "roto")
    with run.lock(), data_lock(tmp_path), pytest.raises(LockedError):
        RunFolder(run.path).lock().acquire()


def test_states_again(tmp_path: Path) -> None:
    """The manifest in the folder is the one that was given, completed."""
    run = create_run(tmp_path, RUN, b"", "roto")
    manifest = read_manifest(run.manifest)
    assert (manifest.name, manifest.node, manifest.state) == ("roto", "learn", "running")
    assert manifest.created
