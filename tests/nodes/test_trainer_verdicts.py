"""Verdicts on trainings that are made to suffer, and on healthy ones; more in benchmarks/verdict.py."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy import Graph, run
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def judged(graph: Graph) -> Manifest:
    """Trains; gives the manifest with the verdict."""
    run(graph, to=["learn"], settings=Settings(device="cpu", threads=1))
    return read_manifest(RunFolder(graph.folder / "training" / "run").manifest)


def test_a_matte_that_is_learned_is_no_alarm(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Forty steps for each of three frames are enough for a bright disc."""
    assert judged(make_graph(shot, epochs=40)).verdict in ("learning", "converged")


def test_hardly_any_rate_is_underfitting(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """The loss stays at that of knowing nothing."""
    found = judged(make_graph(shot, epochs=20, learning_rate=1e-7))
    assert found.verdict == "underfitting"
    assert "higher learning rate" in found.reason


def test_a_matte_of_another_place_is_misaligned(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Every matte lies eight pixels to the right of its disc; the frames are named."""
    for number in (1, 4, 8):
        frame = read_frame(shot / f"matte.{number:04d}.exr")
        moved = replace(frame, pixels=np.roll(frame.pixels, 8, axis=1))
        write_frame(shot / f"matte.{number:04d}.exr", moved)
    found = judged(make_graph(shot))
    assert found.verdict == "misaligned pairs"
    assert "8 pixels to the right" in found.reason


def test_wrong_labels_that_are_learned_by_heart_are_overfitting(tmp_path: Path) -> None:
    """A third of the labels of sixty rows is wrong, and the net has room for all of them."""
    graph = Graph(tmp_path / "graph.toml")
    chance = np.random.Generator(np.random.Philox(0))
    for name, count, wrong in (("taken", 60, 0.33), ("other", 60, 0.0)):
        values = chance.standard_normal((count, 30))
        right = values[:, 0] > 0
        labels = np.where(chance.random(count) < wrong, ~right, right)
        frames = np.arange(count) + (1000 if name == "other" else 1)
        rows = [[frame, "up" if label else "down", *row] for frame, label, row in zip(frames, labels, values)]  # noqa: B905 - all have `count`
        write_table(tmp_path / f"{name}.csv", rows)
        write_table(tmp_path / "all.csv", rows, more=name == "other")
    for name in ("all", "taken", "other"):
        graph.add("DataSource", name, path=f"{name}.csv", labels=["goes"], frame_column="frame")
    inputs = {"input": "all.features", "groundtruth": "taken.labels", "validation": "other.labels"}
    graph.add("Trainer", "learn", inputs=inputs, epochs=300, validation_interval=20, run_name="run")
    found = judged(graph)
    assert found.verdict == "overfitting"
    assert found.best_step is not None
    assert found.best_step < found.steps


def write_table(path: Path, rows: list[list[object]], *, more: bool = False) -> None:
    """Rows as CSV; `more` goes on in a file that is there."""
    heading = ["frame", "goes", *(f"f{number}" for number in range(30))]
    with path.open("a" if more else "w", newline="") as file:
        csv.writer(file).writerows(rows if more else [heading, *rows])
