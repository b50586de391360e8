"""Run folders are found and told, damaged ones too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from understudy.runtime.runs.folder import RunFolder, create_run
from understudy.runtime.runs.manifest import Manifest, State, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter
from understudy.runtime.runs.table import row_of, rows, run_folders

if TYPE_CHECKING:
    from pathlib import Path


def make_run(directory: Path, name: str, steps: int = 2, state: State = "finished") -> RunFolder:
    """A run with a row for each step, a second each."""
    manifest = Manifest(name="", number=0, node="learn", job="j", lineage="l", steps=10, state=state)
    run = create_run(directory, manifest, b"understudy = 1\n", name)
    with SummaryWriter(run.summary) as summary:
        for step in range(1, steps + 1):
            summary.row(step, 1.0, 0.1, float(step))
    return run


def test_runs_come_by_folder_and_in_the_order_in_which_they_were_made(tmp_path: Path) -> None:
    """Whatever they are called; a folder that is named twice counts once."""
    for directory, name in (("b", "one"), ("a", "z"), ("a", "y")):
        make_run(tmp_path / directory / "training", name)

    assert [row.name for row in rows([tmp_path, tmp_path / "a"])] == ["z", "y", "one"]


def test_hidden_folders_are_searched_only_when_named(tmp_path: Path) -> None:
    """So the trash is no part of the table, and can be listed all the same."""
    run = make_run(tmp_path / "training" / ".trash", "old")

    assert list(run_folders(tmp_path)) == []
    assert list(run_folders(tmp_path / "training" / ".trash")) == [run.path]


@pytest.mark.parametrize(
    ("state", "expected"),
    [("finished", "done"), ("stopped", "stopped"), ("failed", "failed"), ("running", "crashed")],
)
def test_states_are_called_what_a_person_calls_them(tmp_path: Path, state: State, expected: str) -> None:
    """One that says it runs while nobody holds its lock has crashed."""
    assert row_of(make_run(tmp_path, "run", state=state).path).state == expected


def test_a_running_run_tells_the_time_that_is_left(tmp_path: Path) -> None:
    """8 of 10 steps are left, at a step a second."""
    run = make_run(tmp_path, "run", state="running")
    with run.lock():
        row = row_of(run.path)

    assert (row.state, row.step, row.speed, row.remaining) == ("running", 2, 1.0, 8.0)


def test_a_run_that_ends_while_it_is_looked_at_has_not_crashed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its manifest is read again when its lock is free."""
    run = make_run(tmp_path, "run", state="running")

    def ends(_: object) -> None:
        write_manifest(run.manifest, replace(read_manifest(run.manifest), state="finished"))

    monkeypatch.setattr("understudy.runtime.runs.table.owner_of", ends)

    assert row_of(run.path).state == "done"


@pytest.mark.parametrize("damage", ["manifest", "no manifest", "summary", "no summary"])
def test_a_damaged_run_is_told_with_its_fault(tmp_path: Path, damage: str) -> None:
    """Whichever file is gone or is none, there is a row that names it."""
    run = make_run(tmp_path, "run")
    write_manifest(run.manifest, replace(read_manifest(run.manifest), step=2))
    path = run.summary if "summary" in damage else run.manifest
    path.unlink() if damage.startswith("no") else path.write_bytes(b"?")
    (row,) = rows([tmp_path])

    assert (row.name, row.state) == ("run", "damaged")
    assert row.reason.startswith(str(path))
