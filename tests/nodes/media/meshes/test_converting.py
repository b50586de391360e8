"""Converters of other layouts, on the shared sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.media.meshes.converting import convert_expression_face, convert_mocap_body
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed
from understudy.nodes.media.meshes.skinning import skinned

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def body(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> PosedMeshes:
    """A body in four clips of motion capture."""
    out = tmp_path_factory.mktemp("body") / "body.npz"
    convert_mocap_body(shared_data / "mesh_makehuman_cmu" / "body_walk_run_jump_bend.npz", out)
    return read_posed(out)


def test_a_mocap_body_keeps_its_clips_and_frames(body: PosedMeshes) -> None:
    """Every pose says which clip and frame of the capture it is, so that whole clips can be held out."""
    assert body.clips is not None
    assert np.unique(body.clips).tolist() == ["02_01.amc", "02_03.amc", "02_04.amc", "02_06.amc"]
    assert len(set(zip(body.clips, body.frames.tolist(), strict=True))) == len(body) == 233


def test_deltas_of_a_mocap_body_are_added_to_its_skin(body: PosedMeshes) -> None:
    """Bulges move vertices by centimetres off the skinned mesh, and the skin is the rest of the motion."""
    base = skinned(body.rig, body.joint_matrices, len(body), space="object").vertices
    apart = np.linalg.norm(body.vertices(slice(None)) - base, axis=2)

    assert 0.01 < apart.max() < 0.2  # metres
    assert np.linalg.norm(base - body.rig.rest, axis=2).max() > 0.5


def test_an_expression_face_is_its_shapes_and_what_they_miss(shared_data: Path, tmp_path: Path) -> None:
    """At one pose, vertices are the neutral face, the weighted shapes and the stored remainder."""
    file = shared_data / "mesh_ict_face" / "ict_face_identity0.npz"
    convert_expression_face(file, tmp_path / "face.npz")
    face, arrays = read_posed(tmp_path / "face.npz"), np.load(file)
    shapes = arrays["expression_delta_int16"] * arrays["expression_scale"].astype(np.float64)
    expected = arrays["neutral"] + np.einsum("c,cvx->vx", arrays["weights"][9], shapes)
    expected += arrays["delta_int16"][9] * arrays["delta_scale"].astype(np.float64)

    np.testing.assert_allclose(expected, face.vertices([9])[0], atol=1e-4)  # centimetres
    assert face.control_ranges().keys() == set(face.rig.control_names)
