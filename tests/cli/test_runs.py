"""`understudy runs`, `show` and `resume`: what they say of run folders and of the files in them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_nodes import Train, computed

from understudy.runtime.runs.container import write_container
from understudy.runtime.runs.folder import RunFolder, create_run
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command

    from understudy.runtime.context import Settings

FIELDS = [
    *("name", "state", "step", "steps", "loss", "validation", "best", "best_step"),
    *("seconds", "verdict", "reason"),
]
"""The fields that programs rely on; more may follow."""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A graph with a training."""
    path = tmp_path / "job.toml"
    path.write_text('understudy = 1\n# keep me\n[nodes.learn]\ntype = "Train"\nepochs = 20\n')
    return path


@pytest.fixture
def run(job: Path) -> RunFolder:
    """A run of three steps of 400 that somebody stopped."""
    manifest = Manifest(
        name="", number=0, node="learn", job="j", lineage="l", state="stopped", steps=400, graph=str(job)
    )
    folder = create_run(job.parent / "training", manifest, job.read_bytes(), "first")
    with SummaryWriter(folder.summary) as summary:
        for step, seconds in ((1, 1.0), (2, 2.0), (3, 0.5)):
            summary.row(step, 1 / step, 0.002, seconds)
        summary.validation(3, 0.25)
    write_container(
        folder.cat(3), "cat", {"step": 3, "encoding": {"kind": "log"}}, {"w": np.zeros((2, 3), np.float32)}
    )
    return folder


def mark(run: RunFolder, **changes: Any) -> None:
    """Changes the manifest of a run."""
    write_manifest(run.manifest, replace(read_manifest(run.manifest), **changes))


def test_runs_are_listed_from_the_folders_above(understudy: Command, run: RunFolder) -> None:
    """State, steps, losses and the time of all processes together."""
    (row,) = understudy("runs", "--json").records

    assert list(row)[:11] == FIELDS
    assert row == {
        "name": "first",
        "state": "stopped",
        "step": 3,
        "steps": 400,
        "loss": pytest.approx((1 + 1 / 2 + 1 / 3) / 3),
        "validation": 0.25,
        "best": 0.25,
        "best_step": 3,
        "seconds": 2.5,
        "verdict": "",
        "reason": "",
        "run": "training/first",
        "node": "learn",
        "host": "",
        "speed": None,
        "created": read_manifest(run.manifest).created,
        "figures": {},
    }


def second_run(run: RunFolder, name: str = "second", **facts: Any) -> RunFolder:
    """Another run beside the first, of the same graph."""
    manifest = Manifest(name="", number=0, node="learn", job="k", lineage="l", steps=400, **facts)
    return create_run(run.path.parent, manifest, run.graph.read_bytes(), name)


def test_the_table_has_a_line_for_each_run(understudy: Command, run: RunFolder) -> None:
    """In the order in which they were made."""
    second_run(run, verdict="converged", state="finished")
    heading, _, one, two = understudy("runs", "training").out.splitlines()

    assert heading.split()[:3] == ["run", "state", "step"]
    assert one.startswith("training/first   stopped  3 of 400")
    assert two.startswith("training/second  done")
    assert two.endswith("converged")


def test_a_single_run_is_told_with_the_reason_of_its_verdict(understudy: Command, run: RunFolder) -> None:
    """The paragraph stands below the table."""
    mark(
        run, verdict="overfitting since step 2", reason="The held-out loss rises while the training's falls."
    )
    lines = understudy("runs", "training/first").out.splitlines()

    assert lines[2].endswith("overfitting since step 2")
    assert lines[-1] == "The held-out loss rises while the training's falls."


@pytest.mark.parametrize(
    ("options", "order"), [((), ["second", "first"]), (("--reverse",), ["first", "second"])]
)
def test_runs_are_sorted_by_a_field(
    understudy: Command, run: RunFolder, options: tuple[str, ...], order: list[str]
) -> None:
    """The lowest comes first, on wish the highest; runs without a value come last in both."""
    with SummaryWriter(second_run(run).summary) as summary:
        summary.row(1, 1.0, 0.002, 1.0)
        summary.validation(1, 0.125)
    second_run(run, "third")
    records = understudy("runs", "--sort", "best", "--json", *options).records

    assert [record["name"] for record in records] == [*order, "third"]


def test_a_damaged_run_is_a_row_with_the_fault(understudy: Command, run: RunFolder) -> None:
    """The others are listed all the same, and nothing is raised."""
    broken = second_run(run)
    broken.manifest.write_text("{")
    one, two = understudy("runs", "--json").records

    assert {one["name"]: one["state"], two["name"]: two["state"]} == {"first": "stopped", "second": "damaged"}
    assert "manifest.json: it is no JSON" in understudy("runs").out


def test_a_run_whose_process_is_gone_has_crashed(understudy: Command, run: RunFolder) -> None:
    """What the manifest calls running is running only while somebody holds its lock."""
    mark(run, state="running")
    dead = understudy("runs", "--json").records[0]
    with run.lock():
        alive = understudy("runs", "--json").records[0]

    assert (dead["state"], alive["state"]) == ("crashed", "running")
    assert "Run the same graph again" in dead["reason"]


def test_no_runs_and_no_folder_are_told(understudy: Command) -> None:
    """An empty folder is no error, a missing one is."""
    assert understudy("runs").out == ".: no runs. Run folders lie below a Trainer's data_directory.\n"
    missing = understudy("runs", "nope")

    assert (missing.status, missing.err.splitlines()[-1]) == (
        2,
        "Error: Invalid value for FOLDER: there is no folder nope",
    )


def test_a_run_folder_is_shown_with_its_files(understudy: Command, run: RunFolder) -> None:
    """What the table says, where it came from, and every file."""
    said = understudy("show", "training/first")

    assert said.status == 0
    for text in ("state  ", "stopped", "job.toml", "first_00000003.cat", "manifest.json"):
        assert text in said.out


def test_a_cat_is_shown_with_header_and_tensors(understudy: Command, run: RunFolder) -> None:
    """Mappings of the header are indented, each tensor has a line."""
    said = understudy("show", str(run.cat(3)))

    assert said.out.splitlines()[2:] == [
        "kind      .cat, version 1",
        f"bytes     {run.cat(3).stat().st_size:,}",
        "tensors   1",
        "values    6",
        "encoding",
        "  kind    log",
        "step      3",
        "",
        "tensor  dtype    shape  bytes",
        "------  -------  -----  -----",
        "w       float32  2 x 3  24",
    ]


def test_a_damaged_cat_is_refused(understudy: Command, run: RunFolder) -> None:
    """A flipped byte in a tensor is told with the tensor's name."""
    content = bytearray(run.cat(3).read_bytes())
    content[-1] ^= 1
    run.cat(3).write_bytes(content)
    said = understudy("show", str(run.cat(3)))

    assert (said.status, said.out) == (1, "")
    assert "tensor 'w' doesn't match its checksum" in said.err


def test_a_summary_is_shown(understudy: Command, run: RunFolder) -> None:
    """Steps, losses and the best held-out loss."""
    (content,) = understudy("show", str(run.summary), "--json").records

    assert (content["steps"], content["seconds"], content["best_held_out"]) == (3, 2.5, 0.25)
    assert content["first_loss"] == 1.0


def test_a_graph_is_shown(understudy: Command, job: Path) -> None:
    """Each node with type, inputs and knobs; whether it is right only `check` says."""
    assert understudy("show", "job.toml").out.splitlines()[-1] == "learn  Train          epochs = 20"


def test_other_files_are_refused(understudy: Command, tmp_path: Path) -> None:
    """The message says what it takes."""
    said = understudy("show", "plate.exr")

    assert said.status == 2
    assert "plate.exr is no .toml, .cat, .ost, .summary or run folder" in said.err


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the training saw."""
    seen: list[Settings] = []

    def work(node: Train, inputs: Any, context: Any) -> int:
        seen.append(context.settings)
        return node.epochs

    monkeypatch.setattr(Train, "work", work)
    return seen


def test_resuming_runs_the_copy_where_the_graph_was(
    understudy: Command, run: RunFolder, job: Path, asked: list[Settings]
) -> None:
    """The job is the one that was begun, whatever became of the graph file since."""
    job.write_text(job.read_text().replace("20", "90"))
    said = understudy("resume", "training/first")

    assert (said.status, computed, asked[0].parent) == (0, ["learn"], None)
    assert (job.parent / ".understudy").is_dir()
    assert not (run.path / ".understudy").exists()


def test_a_longer_training_has_no_chosen_parent(
    understudy: Command, run: RunFolder, asked: list[Settings]
) -> None:
    """More epochs are found by their lineage; the same bytes come out as from the start."""
    said = understudy("resume", "training/first", "--set", "epochs=30", "--json")

    assert said.records[-1]["ran"] == ["learn"]
    assert asked[0].parent is None


def test_a_changed_training_begins_with_the_run(
    understudy: Command, run: RunFolder, asked: list[Settings]
) -> None:
    """Another knob makes a new run whose parent is this one."""
    understudy("resume", "training/first", "--set", "steps=5")

    assert asked[0].parent is not None
    assert asked[0].parent.resolve() == run.path.resolve()


def test_resuming_elsewhere_is_refused(understudy: Command, run: RunFolder, job: Path) -> None:
    """When the folder that the paths start from is gone, that is said."""
    mark(run, graph=str(job.parent / "gone" / "job.toml"))
    said = understudy("resume", "training/first")

    assert said.status == 2
    assert "which the run's graph came from, is gone" in said.err


def test_a_folder_that_is_no_run_is_refused(understudy: Command, tmp_path: Path) -> None:
    """It names the file that is missing, and what lists run folders."""
    said = understudy("resume", "nope")

    assert said.status == 1
    assert said.err.startswith("nope: it is no run folder, since it has no manifest.json; `understudy runs`")
