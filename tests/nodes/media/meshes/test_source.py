"""A DataSource of posed meshes in files of USD."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import Graph, check, run
from understudy.nodes.learning.meshes import pictures as mesh_pictures
from understudy.nodes.media.meshes import source
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed_files
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pxr", reason="usd-core is not installed (the extra usd)")

LAYERS = """#usda 1.0
(
    subLayers = [@{0}/baseline__{1}.baked.usda@, @{0}/{1}.usda@]
)
def SkelRoot "Root" {{}}
"""
CPU = Settings(device="cpu", threads=1)


@pytest.fixture
def folder(tmp_path: Path, shared_data: Path) -> Path:
    """`lbs.usda` and `dqs.usda`, each a rig with the points that Pixar baked as a layer above."""
    for method in ("lbs", "dqs"):
        text = LAYERS.format(shared_data / "mesh_usdskel", method)
        (tmp_path / f"{method}.usda").write_text(text)
    return tmp_path


def graph_of(folder: Path, path: str, **knobs: Any) -> Graph:
    """A DataSource called `rig` of a file."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path=path, **knobs)
    return graph


def outcome_of(graph: Graph, to: str = "rig") -> tuple[dict[str, Any], str]:
    """A node's outputs, and all that was said or went wrong."""
    events: list[Any] = []
    outcome = run(graph, to=[to], settings=CPU, sink=events.append)
    said = [getattr(event, "message", "") for event in events]
    return outcome.values.get(to, {}), "\n".join([*said, *outcome.failed.values()])


def test_a_usd_rig_gives_controls_and_shapes(folder: Path) -> None:
    """Skeleton and points of two layers are one rig with thirty poses; it is told which mesh is read."""
    graph = graph_of(folder, "lbs.usda")

    assert check(graph) == []
    outputs, said = outcome_of(graph)
    assert outputs.keys() == {"controls", "shapes"}
    assert outputs["shapes"].vertices([0, 29]).shape[0] == 2
    assert outputs["controls"].joint_matrices.shape == (30, 3, 3, 4)
    assert "lbs.usda has 3 meshes; /Root/Mesh is read. The knob mesh names another." in said


def test_a_mesh_is_chosen_by_its_path(folder: Path) -> None:
    """The knob names it; a wrong name is told with those there are."""
    _, said = outcome_of(graph_of(folder, "lbs.usda", mesh="/Root/MeshWithNormals"))
    _, wrong = outcome_of(graph_of(folder, "lbs.usda", mesh="/Root/Body"))

    assert "/Root/MeshWithNormals is read" in said
    assert 'It has no mesh "/Root/Body"; found /Root/Mesh, ' in wrong


def test_a_mesh_is_chosen_of_usd_only(tmp_path: Path) -> None:
    """For other media the knob is a fault, and not without effect."""
    for name in ("poses.npz", "plate.0001.exr"):
        (tmp_path / name).touch()
        assert "rig.mesh" in "\n".join(map(str, check(graph_of(tmp_path, name, mesh="/Root/Body"))))


def test_a_deformer_learns_from_usd(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What dual quaternions add to linear skinning is learned from a file of USD and written as USD."""
    monkeypatch.setattr(mesh_pictures, "SIZE", 32)
    graph = graph_of(folder, "dqs.usda")
    graph.add("KernelDeformer", "kernel", principal_shapes_limit=8)
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "kernel"}
    graph.add("Trainer", "learn", inputs=inputs)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "play", inputs={"input": "rig.controls", "model": "best"})
    graph.add("Write", "out", inputs={"input": "play"}, path="out.usdc")
    _, said = outcome_of(graph, "out")
    assert (folder / "out.usdc").is_file(), said
    truth = read_posed_files([folder / "dqs.usda"]).vertices(slice(None))
    played = read_posed_files([folder / "out.usdc"]).vertices(slice(None))
    linear = read_posed_files([folder / "lbs.usda"]).vertices(slice(None))

    assert np.square(played - truth).mean() < 1e-3 * np.square(linear - truth).mean()  # measured: 4e-6


def test_points_that_nothing_drives_are_shapes_alone(folder: Path, shared_data: Path) -> None:
    """A baked cache gives shapes, still frames and all; learning from its controls says what is missing."""
    baked = shared_data / "mesh_usdskel" / "baseline__lbs.baked.usda"
    graph = graph_of(folder, str(baked))
    graph.add("Trainer", "learn", inputs={"input": "rig.controls", "groundtruth": "rig.shapes"})
    outputs, _ = outcome_of(graph)
    _, said = outcome_of(graph, "learn")

    assert len(outputs["shapes"]) == 30
    assert "learn.inputs: " in said
    assert "Nothing in it drives the mesh" in said


def test_animation_without_points_has_no_vertices(folder: Path, shared_data: Path) -> None:
    """Writing the shapes of a file that has none fails with a sentence that names the file."""
    graph = graph_of(folder, str(shared_data / "mesh_usdskel" / "lbs.usda"))
    graph.add("Write", "out", inputs={"input": "rig.shapes"}, path="out.npz")

    _, said = outcome_of(graph, "out")

    assert "lbs.usda: It has no vertices: it is animation to play" in said


def test_a_damaged_file_fails_with_its_name(folder: Path, shared_data: Path) -> None:
    """A file that was cut short is told when it is read."""
    whole = (shared_data / "mesh_usdskel" / "lbs.usda").read_bytes()
    (folder / "cut.usda").write_bytes(whole[:9000])

    assert "cut.usda: It can't be read as USD (line " in outcome_of(graph_of(folder, "cut.usda"))[1]


def test_a_changed_layer_is_noticed(folder: Path, shared_data: Path) -> None:
    """What the file refers to is part of what it holds."""
    (folder / "base.usda").write_bytes((shared_data / "mesh_usdskel" / "lbs.usda").read_bytes())
    (folder / "top.usda").write_text("#usda 1.0\n(\n    subLayers = [@./base.usda@]\n)\n")
    node = source.MeshSource(graph_node(folder, "top.usda"))

    assert [path.name for path in node.contents()] == ["top.usda", "base.usda"]


def test_layers_of_a_binary_file_are_warned_of(folder: Path, shared_data: Path) -> None:
    """They can't be seen before the file is opened, so changes in them would go unnoticed."""
    from pxr import Sdf

    layer = Sdf.Layer.CreateNew(str(folder / "top.usdc"))
    layer.subLayerPaths.append(str(shared_data / "mesh_usdskel" / "lbs.usda"))
    layer.Save()

    assert "lbs.usda will not be noticed" in outcome_of(graph_of(folder, "top.usdc"))[1]


def graph_node(folder: Path, path: str) -> Any:
    """A DataSource node."""
    from understudy.nodes.data_source import DataSource

    return DataSource("rig", {"path": path}, folder=folder)


def test_usd_core_that_is_absent_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything runs, with what to install."""
    monkeypatch.setattr(source, "find_spec", lambda _: None)

    (fault,) = check(graph_of(folder, "lbs.usda"))

    assert fault.suggestion == 'pip install "understudy[usd]" brings it.'


def test_checking_does_not_open_usd(folder: Path) -> None:
    """A graph with a file of USD is checked without the library being loaded."""
    graph_of(folder, "lbs.usda").save(folder / "graph.toml")
    code = (
        "import sys; from understudy import Graph, check\n"
        f"assert not check(Graph.load({str(folder / 'graph.toml')!r}))\n"
        "assert not {'pxr', 'numpy', 'torch'}.intersection(sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_of_usd_is_read_as_one(folder: Path) -> None:
    """Poses of files of one rig follow each other."""
    outputs, said = outcome_of(graph_of(folder, "*.usda"))

    assert isinstance(outputs["shapes"], PosedMeshes), said
    assert len(outputs["shapes"]) > 30
