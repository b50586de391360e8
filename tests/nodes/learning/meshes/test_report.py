"""What a trained deformer is told about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_rig import bar_poses, bar_rig

from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.meshes.report import thin_controls
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed
from understudy.nodes.media.meshes.rotations import from_vectors
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from pathlib import Path


def straightened(poses: dict[str, np.ndarray], rows: slice) -> dict[str, np.ndarray]:
    """The poses with the upper joint unbent in some rows, its bulge left out."""
    rig = bar_rig()
    found = {name: array.copy() for name, array in poses.items()}
    lower = found["joint_matrices"][rows, 1]
    found["joint_matrices"][rows, 2, :, :3] = lower[:, :, :3] @ from_vectors(np.zeros(3)).astype(np.float32)
    near = np.exp(-20.0 * (rig.rest[:, 1] - 0.35) ** 2) > 0.5
    found["deltas"][rows, near] = 0.3 * found["controls"][rows, :1, None] * rig.rest[near] * [1.0, 0.0, 1.0]
    return found


@pytest.fixture
def bar(tmp_path: Path) -> dict[str, PosedMeshes]:
    """Held-out poses, trained ones like them, and trained ones of which 3 of 60 bend the upper joint."""
    rig = bar_rig()
    every = {"like": bar_poses(rig, 60, 0), "held": bar_poses(rig, 40, 1)}
    every["thin"] = straightened(every["like"], slice(0, 57))
    for name, poses in every.items():
        write_posed(tmp_path / f"{name}.npz", rig, **poses)
    return {name: read_posed(tmp_path / f"{name}.npz") for name in every}


def test_a_joint_that_few_poses_bend_is_thin(bar: dict[str, PosedMeshes]) -> None:
    """It is named with how many poses there are of it, how large its error is, and nothing else is."""
    prepared = prepare(bar["thin"], bar["held"], DeformerSettings(distilled=0))
    assert prepared.kernel is not None

    (thin,) = thin_controls(prepared.deformer(prepared.kernel), bar["thin"], bar["held"])

    assert (thin.name, thin.of) == ("upper", 60)
    assert thin.trained <= 3
    assert thin.times > 1.2
    assert f'"upper": {thin.trained} of 60 trained poses move it as far' in str(thin)


def test_poses_like_the_held_out_ones_leave_nothing_thin(bar: dict[str, PosedMeshes]) -> None:
    """Where trained and held-out poses follow one law, errors alone make no control thin."""
    prepared = prepare(bar["like"], bar["held"], DeformerSettings(distilled=0))
    assert prepared.kernel is not None

    assert thin_controls(prepared.deformer(prepared.kernel), bar["like"], bar["held"]) == []
