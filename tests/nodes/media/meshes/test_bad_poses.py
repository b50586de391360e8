"""What a graph says of posed meshes that are wrong, from files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_rig import bar_poses, bar_rig

from understudy import Graph, check, run
from understudy.nodes.media.meshes.writing import write_npz, write_posed
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.meshes.rig import Rig

Arrays = dict[str, Any]


def told(folder: Path) -> str:
    """All faults of a graph that reads the folder's poses; where there are none, all that a run says."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path="poses")
    graph.add("PCA", "pca", inputs={"shapes": "rig.shapes"}, principal_shapes_limit=4)
    if faults := check(graph):
        return "check: " + "\n".join(map(str, faults))
    events: list[Any] = []
    outcome = run(graph, settings=Settings(device="cpu"), sink=events.append)
    said = [getattr(event, "message", "") for event in events]
    return "run: " + "\n".join([*said, *outcome.failed.values()])


def two_files(folder: Path, rig: Rig | None = None, **changed: Any) -> Path:
    """A good file of the bar, and one of another rig or with arrays replaced."""
    good = bar_rig()
    write_posed(folder / "poses" / "a.npz", good, **bar_poses(good, 10, 1))
    write_posed(folder / "poses" / "b.npz", rig or good, **(bar_poses(good, 10, 2) | changed))
    return folder


def test_files_of_another_mesh_are_found_before_running(tmp_path: Path) -> None:
    """Both counts and both files are named."""
    rig = bar_rig()
    kept = (rig.faces < 312).all(axis=1)
    smaller = replace(rig, rest=rig.rest[:312], faces=rig.faces[kept], skin_weights=rig.skin_weights[:312])
    deltas = np.zeros((10, 312, 3), np.float32)

    said = told(two_files(tmp_path, smaller, deltas=deltas))

    assert said.startswith("check: ")
    assert "b.npz: Its mesh has 312 vertices, that of" in said
    assert "a.npz has 320. Poses of one rig must share one topology" in said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("root", "lower", "uper"), 'The joint "upper" of'),
        (("root", "upper", "lower"), "Its joints are those of"),
    ],
)
def test_renamed_and_reordered_joints_are_told_apart(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    """In one folder all files are of one rig."""
    message = told(two_files(tmp_path, replace(bar_rig(), joint_names=names)))

    assert "b.npz: " + said in message
    assert 'Was it renamed to "uper"?' in message or "in another order: number 2" in message


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("smile", "jaw"), 'The control "blink" of'),
        (("blink", "smile"), "Its controls are those of"),
    ],
)
def test_renamed_and_reordered_controls_are_told_apart(
    tmp_path: Path, names: tuple[str, ...], said: str
) -> None:
    """The same of controls."""
    limits = np.array([[0.0, 1.0], [0.0, 1.0]], np.float32)
    values = np.random.Generator(np.random.Philox(key=1)).random((10, 2), np.float32)
    first = replace(bar_rig(), control_names=("smile", "blink"), control_limits=limits)
    two_files(tmp_path, replace(first, control_names=names), controls=values)
    write_posed(tmp_path / "poses" / "a.npz", first, **(bar_poses(first, 10, 1) | {"controls": values}))

    assert "b.npz: " + said in told(tmp_path)


def test_a_constant_control_and_constant_joints_are_told(tmp_path: Path) -> None:
    """Neither stops anything; each is named."""
    rig = bar_rig()
    poses = bar_poses(rig, 10, 1)
    poses["controls"][:] = 0.5
    poses["joint_matrices"][:] = rig.bind_matrices
    write_posed(tmp_path / "poses" / "a.npz", rig, **poses)

    said = told(tmp_path)

    assert 'Controls that never change, so that nothing is learned about them: "flex".' in said
    assert 'Joints that never turn, so that nothing is learned about them: "lower", "upper".' in said
    assert "give back" in said


def test_nan_vertices_are_named(tmp_path: Path) -> None:
    """By file, pose and vertex."""
    deltas = bar_poses(bar_rig(), 10, 2)["deltas"]
    deltas[6, 31, 2] = np.nan

    assert "b.npz: In pose 7 vertex 31 is not a number" in told(two_files(tmp_path, deltas=deltas))


def test_too_few_poses_for_the_shapes_are_told(tmp_path: Path) -> None:
    """With both numbers and what to do."""
    write_posed(tmp_path / "poses" / "a.npz", bar_rig(), **bar_poses(bar_rig(), 3, 1))

    assert "4 principal shapes were asked of 3 poses; there can be no more shapes than poses." in told(
        tmp_path
    )


def test_loose_and_crowded_meshes_are_told(tmp_path: Path) -> None:
    """A vertex without faces, a part of its own and an edge of three faces are told; all is learned still."""
    rig = bar_rig()
    faces = [[0, 1, 200, -1], [0, 1, 201, -1], *(face for face in rig.faces if not {96, 97} & set(face))]
    faces = [face for face in faces if not set(range(104, 112)) & set(face)]
    odd = replace(rig, faces=np.array(faces, np.int32))
    write_posed(tmp_path / "poses" / "a.npz", odd, **bar_poses(rig, 10, 1))

    said = told(tmp_path)

    assert "Vertices that belong to no face: 1" in said
    assert "Edges that have more than two faces: 1, the first between vertices 0 and 1" in said
    assert "give back" in said


def test_a_mesh_of_several_parts_is_told(tmp_path: Path) -> None:
    """Their number and the smallest."""
    rig = bar_rig()
    cut = replace(rig, faces=rig.faces[[face.max() < 160 or face.min() >= 160 for face in rig.faces]])
    write_posed(tmp_path / "poses" / "a.npz", cut, **bar_poses(rig, 10, 1))

    assert "The mesh has 2 loose parts, the smallest of 160 vertices" in told(tmp_path)


def test_weights_that_do_not_sum_to_one_are_refused(tmp_path: Path) -> None:
    """The first vertex and its sum are named, and what to do."""
    weights = bar_rig().skin_weights
    assert weights is not None
    wrong = replace(bar_rig(), skin_weights=weights * np.float32(0.75))

    said = told(two_files(tmp_path, wrong))

    assert "b.npz: The skin weights of 320 vertices don't sum to one: those of vertex 0 sum to 0.75" in said


@pytest.mark.parametrize("left", [0, 10, 900, -1])
def test_files_that_were_cut_short_are_found_before_running(tmp_path: Path, left: int) -> None:
    """However much of them is left."""
    path = two_files(tmp_path) / "poses" / "b.npz"
    path.write_bytes(path.read_bytes()[:left])

    said = told(tmp_path)

    assert said.startswith("check: ")
    assert "b.npz: It is no whole .npz file" in said


def test_an_array_that_was_cut_short_is_told(tmp_path: Path) -> None:
    """A whole archive of an array whose values end early."""
    path = two_files(tmp_path) / "poses" / "b.npz"
    arrays = dict(np.load(path))
    write_npz(path, arrays | {"deltas": arrays["deltas"][:7]})

    assert 'Its array "deltas" is for 7 poses, and "controls" for 10.' in told(tmp_path)


def test_repeats_and_ranges_are_reported(tmp_path: Path) -> None:
    """The number of poses, what was dropped, and the range of each control."""
    rig, poses = bar_rig(), bar_poses(bar_rig(), 10, 1)
    poses["controls"][:, 0] = np.linspace(0.25, 0.75, 10)
    twice = {name: np.concatenate([array, array[:4]]) for name, array in poses.items()}
    write_posed(tmp_path / "poses" / "a.npz", rig, **twice)

    said = told(tmp_path)

    assert "rig: 10 poses of 320 vertices, 1 controls, 3 joints (flex 0.25 to 0.75)" in said
    assert "rig: 4 of 14 poses repeat another and are dropped." in said
