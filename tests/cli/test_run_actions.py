"""What `understudy runs` does with runs beside listing them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from understudy.runtime.runs.folder import RunFolder, create_run
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command

GRAPH = 'understudy = 1\n[nodes.learn]\ntype = "Train"\nepochs = {}\n'


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """The first of two stopped runs; the second, `b`, has more epochs and a lower loss."""
    for name, epochs, loss in (("a", 10, 0.5), ("b", 20, 0.25)):
        manifest = Manifest(name="", number=0, node="learn", job="j", lineage="l", state="stopped", steps=3)
        folder = create_run(tmp_path / "training", manifest, GRAPH.format(epochs).encode(), name)
        with SummaryWriter(folder.summary) as summary:
            for step in (1, 2, 3):
                summary.row(step, 1 / step, 0.002, float(step))
            summary.validation(3, loss, {"IoU": 1 - loss})
    return RunFolder(tmp_path / "training" / "a")


def test_two_runs_are_compared(understudy: Command, run: RunFolder) -> None:
    """Knobs that differ, what came of them side by side, and a sentence."""
    said = understudy("runs", "training/a", "training/b", "--compare")

    assert said.status == 0
    assert "learn.epochs  10  20" in said.out
    assert "IoU              0.5      0.75" in said.out
    assert said.out.splitlines()[-1] == (
        "b has the best held-out loss 0.25 instead of 0.5 (50% lower), in the same time."
    )


def test_a_comparison_is_an_object(understudy: Command, run: RunFolder) -> None:
    """With both rows and every difference."""
    (record,) = understudy("runs", "training/a", "training/b", "--compare", "--json").records

    assert record["knobs"] == [{"where": "learn.epochs", "first": 10, "second": 20}]
    assert (record["first"]["name"], record["second"]["best"]) == ("a", 0.25)


def test_losses_are_drawn(understudy: Command, run: RunFolder) -> None:
    """All runs of a folder in one PNG, a damaged one left out with its fault."""
    (run.path.parent / "b" / "manifest.json").write_text("{")
    said = understudy("runs", "training", "--plot", "losses.png")

    assert (said.status, said.out) == (0, "losses.png  losses of a\n")
    assert "training/b is left out" in said.err
    assert (run.path.parents[1] / "losses.png").read_bytes()[:4] == b"\x89PNG"


def test_a_run_is_renamed_trashed_and_restored(understudy: Command, run: RunFolder) -> None:
    """Each says where the run lies now; the trash's line is the call that brings it back."""
    assert understudy("runs", "training/a", "--rename", "good").out == "training/a is training/good now.\n"
    trashed = understudy("runs", "training/good", "--trash").out
    assert trashed == ("training/good is in the trash: understudy runs training/.trash/good --restore\n")
    assert [record["name"] for record in understudy("runs", "--json").records] == ["b"]
    assert [record["name"] for record in understudy("runs", "training/.trash", "--json").records] == ["good"]
    assert understudy(*trashed.split()[6:]).out == "training/good is back.\n"


def test_actions_are_told_as_json(understudy: Command, run: RunFolder) -> None:
    """With the path before and after."""
    (record,) = understudy("runs", "training/a", "--trash", "--json").records

    assert record == {"event": "trashed", "run": "training/a", "to": "training/.trash/a"}


def test_a_running_run_stays_where_it_is(understudy: Command, run: RunFolder) -> None:
    """The sentence says that it runs, and which process has it."""
    write_manifest(run.manifest, replace(read_manifest(run.manifest), state="running"))
    with run.lock():
        said = understudy("runs", "training/a", "--rename", "good")

    assert said.status == 1
    assert said.err.startswith(
        "training/a can't be renamed while it runs: training/a/.lock is held by process"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["training/a", "--compare"], "--compare takes two run folders; 1 given"),
        (["training", "--rename", "x", "--trash"], "--rename and --trash don't go together"),
        (["training/a", "--trash", "--sort", "best"], "--sort has no meaning with --trash"),
        (["training", "--linear"], "--linear goes with --plot"),
        (["training", "--plot", "a.jpg"], '"a.jpg" is no .png'),
        (["training/aa"], 'there is no folder training/aa; did you mean "training/a"?'),
        (["empty", "--plot", "a.png"], "no run in empty has losses yet"),
        (["training", "--sort", "beast"], "'beast' is not one of"),
    ],
)
def test_a_wrong_call_is_told(
    understudy: Command, run: RunFolder, arguments: list[str], expected: str
) -> None:
    """Nothing is done, and the message says what would have been right."""
    (run.path.parents[1] / "empty").mkdir()
    said = understudy("runs", *arguments)

    assert (said.status, said.out) == (2, "")
    assert expected in said.err


def test_a_folder_of_runs_is_not_trashed_as_one(understudy: Command, run: RunFolder) -> None:
    """Only run folders are moved."""
    said = understudy("runs", "training", "--trash")

    assert said.status == 1
    assert "training: it is no run folder" in said.err
    assert run.manifest.exists()
