"""Shapes written as USD, and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from small_rig import bar_poses, bar_rig

from understudy import Graph, run
from understudy.nodes.learning.meshes import pictures as mesh_pictures
from understudy.nodes.media.meshes.posed import read_posed_files
from understudy.nodes.media.meshes.shading import RED
from understudy.nodes.media.meshes.usd_writing import MESH, write_usd
from understudy.nodes.media.meshes.writing import write_posed
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.meshes.rig import Rig

pytest.importorskip("pxr", reason="usd-core is not installed (the extra usd)")


def primvar(path: Path, name: str, time: float) -> np.ndarray:
    """The values of a primvar of the written mesh, which are one for each vertex."""
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(str(path))
    found = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath(MESH)).GetPrimvar(name)
    assert found.GetInterpolation() == UsdGeom.Tokens.vertex
    return np.array(found.Get(time))


def finished(graph: Graph) -> None:
    """Runs a graph to its end."""
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed


@pytest.mark.parametrize("suffix", [".usd", ".usda", ".usdc"])
def test_written_shapes_are_read_back(tmp_path: Path, suffix: str) -> None:
    """A Write's file of USD, read by another DataSource, gives the values that it was made of."""
    rig = bar_rig()
    poses = bar_poses(rig, 5, 3)
    write_posed(tmp_path / "poses.npz", rig, **poses, frame=np.arange(11, 16))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="poses.npz")
    for name, path in (("out", f"cache{suffix}"), ("plain", "plain.npz")):
        graph.add("Write", name, inputs={"input": "rig.shapes"}, path=path)
    finished(graph)
    graph = Graph(tmp_path / "again.toml")
    graph.add("DataSource", "cache", path=f"cache{suffix}")
    graph.add("Write", "back", inputs={"input": "cache.shapes"}, path="back.npz")
    finished(graph)

    plain, back = (np.load(tmp_path / name)["vertices"] for name in ("plain.npz", "back.npz"))
    np.testing.assert_array_equal(plain, back)
    assert read_posed_files([tmp_path / f"cache{suffix}"]).frames.tolist() == [11, 12, 13, 14, 15]


def test_rest_faces_and_units_come_back(tmp_path: Path, rig: Rig) -> None:
    """What the shapes share is in the file, triangles and metres included."""
    from dataclasses import replace

    faces = rig.faces.copy()
    faces[0, 3] = -1
    metric = replace(rig, faces=faces, units="m")
    write_usd(tmp_path / "cache.usdc", metric, [1.0], [rig.rest[None]])
    read = read_posed_files([tmp_path / "cache.usdc"]).rig

    np.testing.assert_array_equal(rig.rest, read.rest)
    np.testing.assert_array_equal(faces, read.faces)
    assert read.units == "m"


def test_heat_is_green_to_red_at_vertices(tmp_path: Path, rig: Rig) -> None:
    """A vertex that is right is green, one that is off by the share of the diagonal that is red is red."""
    heat = np.zeros((1, len(rig.rest)), np.float32)
    heat[0, 5] = RED * rig.diagonal
    write_usd(tmp_path / "heat.usda", rig, [7.0], [rig.rest[None]], [heat])
    colours = primvar(tmp_path / "heat.usda", "displayColor", 7.0)

    assert colours[0].argmax() == 1
    assert colours[5].argmax() == 0
    np.testing.assert_array_equal(heat[0], primvar(tmp_path / "heat.usda", "uncertainty", 7.0))


def test_uncertainty_is_written_as_colours_and_shown_from_all_sides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A graph that learns a bar writes how far off it may be to USD, and shows it in a view to a column."""
    monkeypatch.setattr(mesh_pictures, "SIZE", 32)
    write_posed(tmp_path / "poses.npz", bar_rig(), **bar_poses(bar_rig(), 40, 3))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="poses.npz")
    graph.add("KernelDeformer", "kernel", principal_shapes_limit=8)
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "kernel"}
    graph.add("Trainer", "learn", inputs=inputs)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "play", inputs={"input": "rig.controls", "model": "best"})
    graph.add("Write", "heat", inputs={"input": "play.uncertainty"}, path="heat.usdc")
    knobs: dict[str, Any] = {"path": "sheet.png", "rows": 1, "width": 64}
    graph.add("ContactSheet", "sheet", inputs={"columns": ["play.uncertainty"]}, **knobs)
    finished(graph)

    assert primvar(tmp_path / "heat.usdc", "displayColor", 40.0).shape == (320, 3)
    assert np.ptp(primvar(tmp_path / "heat.usdc", "uncertainty", 1.0)) > 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * 64
