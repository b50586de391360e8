"""Checkpoint: which model is picked, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy import Graph, check, run
from understudy.nodes.checkpoint import Checkpoint
from understudy.runtime.context import Settings
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)


def picked(graph: Graph, pick: str) -> str:
    """The name of the file that is picked."""
    graph.set("best", "pick", pick)
    outcome = run(graph, to=["best"], settings=CPU)
    if outcome.failed:
        return outcome.failed["best"]
    return str(outcome.values["best"]["model"]["path"]).rpartition("/")[2]


def test_best_last_and_a_step(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Best is the lowest held-out loss, last the end, a number that step; one that is not there is told."""
    graph = make_graph(shot, epochs=12, checkpoint_interval=6, hold_out=0.34, validation_interval=3)
    run(graph, to=["learn"], settings=CPU)
    best = read_manifest(RunFolder(shot / "training" / "run").manifest).best_step
    assert picked(graph, "best") == f"run_{best:08d}.cat"
    assert picked(graph, "last") == "run_00000024.cat"
    assert picked(graph, "6") == "run_00000006.cat"
    assert "there is no checkpoint of step 7; there are 6, " in picked(graph, "7")


def test_without_held_out_pairs_best_is_the_last(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A training loss of single crops says nothing about which checkpoint is best."""
    assert picked(make_graph(shot), "best") == "run_00000018.cat"


@pytest.mark.parametrize(
    ("pick", "what"),
    [
        ("bset", "this is no pick"),
        ("gone.cat", "there is no such checkpoint"),
        ("gone.onnx", "there is no such checkpoint"),
        ("best", "nothing to pick from"),
    ],
)
def test_check_finds_a_wrong_pick(tmp_path: Path, pick: str, what: str) -> None:
    """A wrong word, a missing file and a pick without a run are faults before anything runs."""
    graph = Graph(tmp_path / "graph.toml")
    graph.add("Checkpoint", "best", pick=pick)
    assert [fault.what for fault in check(graph)] == [what]


def test_the_sidecar_of_a_model_from_elsewhere_counts(tmp_path: Path) -> None:
    """A changed sidecar changes what the model gives, so the node runs again."""
    (tmp_path / "model.onnx").write_bytes(b"...")
    node = Checkpoint("best", {"pick": "model.onnx"}, folder=tmp_path)
    assert [path.name for path in node.contents()] == ["model.onnx"]
    (tmp_path / "model.toml").write_text("")
    assert [path.name for path in node.contents()] == ["model.onnx", "model.toml"]
