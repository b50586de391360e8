"""The question what to paint next, asked of a graph: with a model, without one, and of what was suggested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from small_rig import bar_poses, bar_rig

from understudy import run
from understudy.graph.document import Graph
from understudy.graph.errors import GraphError
from understudy.nodes.learning.asking import Asking
from understudy.nodes.media.meshes.writing import write_posed
from understudy.nodes.registry import registry
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container, write_container
from understudy.runtime.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)
PAINTED = {1, 4, 8}


def asked(graph: Graph, trainer: str = "learn") -> Asking:
    """The question, of a fresh copy of the graph."""
    graph.save(graph.folder / "graph.toml")
    return Asking(Graph.load(graph.folder / "graph.toml"), registry(), trainer, CPU)


def test_without_a_model_time_and_looks_decide(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Frames that are not painted are named, it is said why, and nothing is trained."""
    asking = asked(make_graph(shot))
    told, sheet = asking.suggestions(5)
    assert {one.frame for one in told} == set(range(1, 9)) - PAINTED
    assert "novelty and coverage alone" in asking.notes[0]
    assert not (shot / "training" / "run").exists()
    assert sheet is not None
    with Image.open(sheet) as picture:
        assert picture.width < 2 * 400


def test_before_anything_is_painted_frames_to_begin_with_are_told(
    shot: Path, make_graph: Callable[..., Graph]
) -> None:
    """The groundtruth's files don't exist yet: eight frames are stood for by two, and neither is an end."""
    graph = make_graph(shot)
    graph.set("painted", "path", "not_yet.####.exr")
    asking = asked(graph)
    told, sheet = asking.suggestions(2)
    assert len({one.frame for one in told} & set(range(2, 8))) == 2
    assert "Nothing is painted yet" in asking.notes[0]
    assert "not_yet.####.exr" in asking.notes[0]
    assert sheet is not None


def test_other_faults_are_told_as_ever(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A plate that is not there, beside a groundtruth that is not, leaves nothing to suggest from."""
    graph = make_graph(shot)
    for name in ("painted", "plate"):
        graph.set(name, "path", "not_yet.####.exr")
    with pytest.raises(GraphError) as caught:
        asked(graph).suggestions(2)
    assert {fault.node for fault in caught.value.faults} == {"painted", "plate"}


def test_a_model_says_where_it_is_unsure(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """The sheet then shows frame, matte and uncertainty; the graph's file is left as it was."""
    graph = make_graph(shot)
    assert not run(graph, to=["learn"], settings=CPU).failed
    asking = asked(graph)
    before = (shot / "graph.toml").read_bytes()
    told, sheet = asking.suggestions(2)
    assert len(told) == 2
    assert not {one.frame for one in told} & PAINTED
    assert asking.notes == ["By the model of run at step 18."]
    assert sheet is not None
    with Image.open(sheet) as picture:
        assert picture.width > 3 * 360
    assert (shot / "graph.toml").read_bytes() == before


def test_a_model_of_other_frames_is_used_and_named(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """Painted one more and not yet trained: the old model answers, and the new frame is no candidate."""
    graph = make_graph(shot)
    graph.set("painted", "frames", "1,8")
    assert not run(graph, to=["learn"], settings=CPU).failed
    graph.set("painted", "frames", "1,4,8")
    asking = asked(graph)
    told, _ = asking.suggestions(8)
    assert 4 not in {one.frame for one in told}
    assert "learned from other frames" in asking.notes[0]


def test_a_checkpoint_without_uncertainty_is_told(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A model of an older version leaves it to novelty and coverage, and says so."""
    graph = make_graph(shot)
    assert not run(graph, to=["learn"], settings=CPU).failed
    cats = RunFolder(shot / "training" / "run").cats()
    path = cats[max(cats)]
    whole = read_container(path, "cat")
    kept = {name: array.copy() for name, array in whole.tensors.items() if "uncertainty" not in name}
    write_container(path, "cat", whole.header, kept)
    asking = asked(graph)
    told, _ = asking.suggestions(1)
    assert len(told) == 1
    assert "holds no uncertainty" in asking.notes[1]


def test_poses_are_suggested_too(tmp_path: Path) -> None:
    """Of the animation that an Inference plays, by a graph of a rig that has not been trained yet."""
    rig = bar_rig()
    poses = bar_poses(rig, 12, 0)
    write_posed(tmp_path / "poses.npz", rig, **poses, clip=np.array(["bends"] * 12))
    played = bar_poses(rig, 10, 7)
    played.pop("deltas")
    write_posed(tmp_path / "walk.npz", rig, **played, frame=np.arange(101, 111))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="poses.npz")
    graph.add("DataSource", "animation", path="walk.npz")
    graph.add("Trainer", "learn", inputs={"input": "rig.controls", "groundtruth": "rig.shapes"})
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "play", inputs={"input": "animation.controls", "model": "best"})
    told, sheet = asked(graph).suggestions(2)
    assert len(told) == 2
    assert all(101 <= one.frame <= 110 for one in told)
    assert sheet is None
