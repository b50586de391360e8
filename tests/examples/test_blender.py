"""The exporter for Blender, run by a Python that has `bpy`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed
from understudy.nodes.media.meshes.skinning import skinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXPORTER = Path(__file__).resolve().parents[2] / "examples" / "blender" / "export_poses.py"
SCENE = Path(__file__).with_name("tube_scene.py")
FRAMES, RANDOM = 12, 20


def _blender(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    python = os.environ.get("UNDERSTUDY_BLENDER_PYTHON")
    if python is None:
        pytest.skip("no Python that has bpy was named (UNDERSTUDY_BLENDER_PYTHON)")
    return subprocess.run([python, *arguments], check=False, capture_output=True, text=True)


def _scene(folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.blend"
    made = _blender(SCENE, kind, path)
    assert path.is_file(), made.stderr
    return path


def _exported(scene: Path) -> tuple[PosedMeshes, str]:
    out = scene.with_suffix(".npz")
    told = _blender(EXPORTER, "--scene", scene, "--mesh", "tube", "--out", out, "--random", str(RANDOM))
    assert told.returncode == 0, told.stderr
    return read_posed(out), told.stdout


def _from_skinning(poses: PosedMeshes) -> NDArray[np.float32]:
    base = skinned(poses.rig, poses.joint_matrices, len(poses)).vertices
    return np.asarray(np.linalg.norm(base - poses.vertices(slice(None)), axis=2).max(axis=1))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tube with three bones, two shape keys and a corrective smooth."""
    return _scene(tmp_path_factory.mktemp("blender"), "full")


@pytest.fixture(scope="module")
def exported(scene: Path) -> tuple[PosedMeshes, str]:
    """The tube's poses, and what the exporter told of them."""
    return _exported(scene)


@pytest.mark.slow
def test_animation_and_random_poses_are_read_with_their_rig(exported: tuple[PosedMeshes, str]) -> None:
    """Only what deforms is a joint, only what no driver sets is a control, and each random pose is a clip."""
    poses, _ = exported

    assert poses.rig.joint_names == ("lower", "middle", "upper", "still")
    assert poses.rig.joint_parents is not None
    assert poses.rig.joint_parents.tolist() == [-1, 0, 1, -1]
    assert poses.rig.control_names == ("bulge", "rig.strength", "rig.unlimited")
    assert poses.rig.units == "m"
    assert poses.clips is not None
    assert poses.clips.tolist() == ["wave"] * FRAMES + [f"random {i}" for i in range(1, RANDOM + 1)]


@pytest.mark.slow
def test_skinning_gives_blenders_armature(tmp_path: Path) -> None:
    """Where an armature alone moves the mesh, exported weights and matrices pose it as Blender does."""
    poses, _ = _exported(_scene(tmp_path, "plain"))

    assert len(poses) == FRAMES + RANDOM
    assert _from_skinning(poses).max() < 3e-6


@pytest.mark.slow
def test_base_is_told_apart_from_the_target(exported: tuple[PosedMeshes, str]) -> None:
    """The base is the armature alone, whatever else deforms; the target holds all of it."""
    poses, told = exported
    missed = float(told.split("at most ")[1].split()[0])

    assert missed < 3e-6
    assert np.all(_from_skinning(poses)[1:] > 1e-3)


@pytest.mark.slow
def test_random_poses_turn_bones_within_their_limits(exported: tuple[PosedMeshes, str]) -> None:
    """A hinge turns about the one axis that it has at rest, and as far as it may."""
    poses, _ = exported
    bind, posed = poses.rig.bind_matrices, poses.joint_matrices
    assert bind is not None
    assert posed is not None
    lower, middle = 0, 1
    rest = bind[lower, :, :3].T @ bind[middle, :, :3]
    turns = rest.T @ posed[FRAMES:, lower, :, :3].transpose(0, 2, 1) @ posed[FRAMES:, middle, :, :3]
    angles = np.arctan2(turns[:, 1, 0], turns[:, 0, 0])

    assert np.allclose(turns[:, 2], [0.0, 0.0, 1.0], atol=1e-5)
    assert -1e-5 < angles.min() < 0.1
    assert 0.4 < angles.max() < 0.5 + 1e-5


@pytest.mark.slow
def test_random_poses_keep_controls_within_their_limits(exported: tuple[PosedMeshes, str]) -> None:
    """Shape keys and properties stay within theirs, and use them; one without any keeps its value."""
    poses, _ = exported
    drawn = poses.controls[FRAMES:]
    limits = poses.rig.control_limits
    assert limits is not None
    least, largest = limits.T

    assert limits.tolist() == [[0.0, 1.0], [0.0, 2.0], [3.0, 3.0]]
    assert np.all((drawn >= least) & (drawn <= largest))
    assert np.all(np.ptp(drawn, axis=0) >= 0.5 * (largest - least))


@pytest.mark.slow
def test_a_wrong_mesh_is_told_with_those_there_are(scene: Path) -> None:
    """A name that the scene doesn't have ends with a sentence that lists the meshes."""
    told = _blender(EXPORTER, "--scene", scene, "--mesh", "tub", "--out", scene.with_name("no.npz"))

    assert told.returncode == 2
    assert 'there is no mesh "tub"; the scene has tube' in told.stderr
