"""Linear blend skinning and the three spaces of deltas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.media.meshes import converting
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.skinning import SPACES, skinned

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.meshes.rig import Rig

Arrays = dict[str, np.ndarray]


def test_the_rest_pose_is_the_rest_shape(rig: Rig) -> None:
    """Joints at rest leave every vertex where it is."""
    base = skinned(rig, rig.bind_matrices[None], 1)

    np.testing.assert_allclose(rig.rest[None], base.vertices, atol=1e-6)


@pytest.mark.parametrize("space", SPACES)
def test_deltas_give_back_the_vertices(rig: Rig, poses: Arrays, space: str) -> None:
    """Taking deltas and posing them again gives the vertices, in every space."""
    base = skinned(rig, poses["joint_matrices"], 40, space=space)
    vertices = base.vertices + poses["deltas"]

    np.testing.assert_allclose(vertices, base.posed(base.deltas(vertices)), atol=1e-5)


def test_a_folded_joint_is_undone_by_its_rotation(rig: Rig) -> None:
    """Where two joints point apart the blended matrix is flat; its rotation serves and is counted."""
    matrices = np.tile(rig.bind_matrices, (1, 1, 1, 1)).copy()
    matrices[0, 1, :, :3] = np.diag([-1.0, 1.0, -1.0])

    base = skinned(rig, matrices, 1)

    assert base.flat > 0
    assert np.isfinite(base.deltas(base.vertices + 0.1)).all()


def test_a_mesh_without_skin_stays_at_rest(rig: Rig) -> None:
    """Without joint matrices deltas are against the rest shape."""
    base = skinned(rig, None, 2)

    np.testing.assert_allclose(np.full((2, *rig.rest.shape), 0.5), base.deltas(rig.rest + 0.5), atol=1e-6)


def test_the_small_arm_has_the_errors_of_its_skinning(shared_data: Path, tmp_path: Path) -> None:
    """Skinning misses the real arm by the amounts that were measured when it was made, in percent."""
    files = converting.convert_bench(shared_data / "mesh_deform_bench", "arm", ["test", "anim"], tmp_path)
    found = []
    for file in files:
        arm = read_posed(file)
        base = skinned(arm.rig, arm.joint_matrices, len(arm), space="object")
        missed = np.linalg.norm(base.vertices - arm.vertices(slice(None)), axis=2) / arm.rig.diagonal
        found.append((100.0 * np.sqrt((missed**2).mean()), 100.0 * missed.max()))

    assert found[0] == pytest.approx((0.832, 5.93), abs=0.002)
    assert found[1][0] == pytest.approx(0.556, abs=0.002)
