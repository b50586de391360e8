"""The knobs of an Inference that trade quality for speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_deformer import bar_deformer

from understudy import Graph, run
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

CPU = Settings(device="cpu", threads=1)


@pytest.fixture
def rig(tmp_path: Path) -> Graph:
    """A graph that applies a deformer of four principal shapes."""
    model = MeshModel(bar_deformer(tmp_path), None)
    write_container(tmp_path / "bar.cat", "cat", model.header(), model.arrays())
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="poses.1.npz")
    graph.add("Checkpoint", "best", pick="bar.cat")
    graph.add("Inference", "play", inputs={"input": "rig.controls", "model": "best"})
    return graph


def _played(graph: Graph) -> NDArray[np.float32]:
    outcome = run(graph, to=["play"], settings=CPU)
    assert not outcome.failed, outcome.failed
    shapes = outcome.values["play"]["result"]
    return np.asarray(shapes.vertices(range(8)))


def test_fewer_principal_shapes_move_less_of_the_mesh(rig: Graph) -> None:
    """Half of them differs from all of them, and a quarter differs more."""
    every = _played(rig)
    off = []
    for share in (0.5, 0.25):
        rig.set("play", "principal_shapes", share)
        off.append(float(np.abs(_played(rig) - every).max()))
    assert 0.0 < off[0] < off[1]


def test_less_overlap_of_tiles_shows(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """With tiles that overlap by all that the network sees a frame is the whole one, with none it is not."""
    graph = make_graph(shot, epochs=20)
    graph.set("plate", "frames", "4")
    graph.set("painted", "frames", "4")
    graph.add("Reformat", "large", inputs={"input": "plate"}, width=384, height=256)
    graph.add("Inference", "tiled", inputs={"input": "large", "model": "best"}, tile=96)
    outcome = {}
    for overlap in (1.0, 0.0):
        graph.set("tiled", "overlap", overlap)
        found = run(graph, to=["tiled"], settings=CPU)
        assert not found.failed, found.failed
        outcome[overlap] = found.values["tiled"]["result"].read(4).pixels
    graph.set("tiled", "tile", "whole")
    whole = run(graph, to=["tiled"], settings=CPU).values["tiled"]["result"].read(4).pixels
    np.testing.assert_allclose(outcome[1.0], whole, atol=1e-4)  # rounding of a matte from 0 to 1
    assert np.abs(outcome[0.0] - whole).max() > 0.01
