"""Runs are renamed, trashed and restored while nobody works on them, and stay whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import FormatError, LockedError, StorageError
from understudy.runtime.runs.folder import Contents, RunFolder, create_run, find_runs, parent_of
from understudy.runtime.runs.manifest import Manifest, read_manifest
from understudy.runtime.runs.moving import rename_run, restore_run, trash_run
from understudy.runtime.runs.summary import SummaryWriter

if TYPE_CHECKING:
    from pathlib import Path

RUN = Manifest(name="", number=0, node="learn", job="j", lineage="l", state="stopped")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with a saved step."""
    folder = create_run(tmp_path / "training", RUN, b"understudy = 1\n", "first")
    with SummaryWriter(folder.summary) as summary:
        summary.row(1, 1.0, 0.1, 1.0)
        folder.save(1, summary, Contents({}, {}), Contents({}, {}))
    return folder


def contents(run: RunFolder) -> dict[str, bytes]:
    """All files of a run but its lock."""
    return {path.name: path.read_bytes() for path in run.path.iterdir() if path.name != ".lock"}


def test_a_renamed_run_keeps_its_files(run: RunFolder) -> None:
    """Their names stay, the manifest knows them, and the run is found as before."""
    before = contents(run)
    new = RunFolder(rename_run(run.path, "good one"))

    assert contents(new) == before
    assert (list(new.cats()), new.summary.exists(), new.newest_state()[0]) == ([1], True, 1)
    assert [found.folder.path for found in find_runs(new.path.parent)] == [new.path]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".hidden", "x" * 300])
def test_a_name_that_is_none_is_refused(run: RunFolder, name: str) -> None:
    """The run stays where it is."""
    with pytest.raises(StorageError, match="name"):
        rename_run(run.path, name)
    assert run.manifest.exists()


def test_a_name_that_is_taken_is_refused(run: RunFolder) -> None:
    """Also by an empty folder, which a rename of the system would replace."""
    run.path.with_name("second").mkdir()
    with pytest.raises(StorageError, match="is there already; choose another name"):
        rename_run(run.path, "second")


@pytest.mark.parametrize("move", [trash_run, lambda path: rename_run(path, "other")])
def test_a_run_that_somebody_works_on_stays(run: RunFolder, move: object) -> None:
    """The sentence says that it runs, and who holds it."""
    with run.lock(), pytest.raises(LockedError, match=r"while it runs: .* is held by process \d+"):
        move(run.path)  # type: ignore[operator]
    assert run.manifest.exists()


def test_a_trashed_run_comes_back(run: RunFolder) -> None:
    """In the trash no Trainer finds it; afterwards it is as it was."""
    before = contents(run)
    trashed = trash_run(run.path)
    assert trashed == run.path.parent / ".trash" / "first"
    assert find_runs(run.path.parent) == []

    assert restore_run(trashed) == run.path
    assert contents(run) == before


def test_names_in_the_trash_don_t_collide(run: RunFolder) -> None:
    """Two runs of one name lie there side by side, and come back beside a third."""
    one = trash_run(run.path)
    second = create_run(run.path.parent, RUN, b"", "first")
    two = trash_run(second.path)
    create_run(run.path.parent, RUN, b"", "first")

    assert (one.name, two.name, restore_run(one).name) == ("first", "first_2", "first_2")


def test_a_number_is_not_given_again_while_a_run_lies_in_the_trash(run: RunFolder) -> None:
    """So a restored run keeps its place among the others."""
    trash_run(run.path)

    assert read_manifest(create_run(run.path.parent, RUN, b"", "next").manifest).number == 2


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, run: RunFolder) -> None:
    """Neither the folder of the runs nor one outside the trash is moved."""
    with pytest.raises(FormatError, match="it is no run folder"):
        trash_run(run.path.parent)
    with pytest.raises(StorageError, match="is not in the trash"):
        restore_run(run.path)
    with pytest.raises(StorageError, match="is in the trash already"):
        trash_run(trash_run(run.path))


def test_a_run_finds_its_parent_under_a_new_name(run: RunFolder) -> None:
    """By what the parent's files are called; a later run that took the old name is no parent."""
    child = create_run(
        run.path.parent,
        Manifest(name="", number=0, node="learn", job="k", lineage="l", parent="first"),
        b"",
        "c",
    )
    new = rename_run(run.path, "renamed")

    assert parent_of(child, read_manifest(child.manifest)).path == new
