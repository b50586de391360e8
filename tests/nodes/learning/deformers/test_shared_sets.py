"""What deformers reach on the shared sets, where nothing needs to be trained for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.differential import fit_differential
from understudy.nodes.learning.deformers.preparing import deltas_of, prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.meshes.principal_shapes import principal_shapes
from understudy.nodes.media.meshes import converting, topology
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed_files
from understudy.nodes.media.meshes.rotations import from_vectors

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.differential import Differential
    from understudy.nodes.media.meshes.rig import Rig

    Floats = NDArray[np.float32]

pytestmark = pytest.mark.slow


def poses_of(shared_data: Path, folder: Path, kind: str, parts: list[str]) -> PosedMeshes:
    """Some parts of a shared set."""
    return read_posed_files(converting.convert_bench(shared_data / "mesh_deform_bench", kind, parts, folder))


def turned(rig: Rig, joint: str, angle: float) -> Floats:
    """The rest pose with one joint turned about its x axis, in radians, and all below it carried along."""
    assert rig.bind_matrices is not None
    assert rig.joint_parents is not None
    matrices, top = rig.bind_matrices.copy(), rig.joint_names.index(joint)
    carried = np.zeros(len(matrices), np.bool_)
    for each, parent in enumerate(rig.joint_parents):
        carried[each] = each == top or (parent >= 0 and carried[parent])
    turn = from_vectors(np.array([angle, 0.0, 0.0]))
    place = matrices[top, :, 3].copy()
    matrices[carried, :, :3] = turn @ matrices[carried, :, :3]
    matrices[carried, :, 3] = (matrices[carried, :, 3] - place) @ turn.T + place
    return matrices[None].astype(np.float32)


def moved_above_pelvis(deformer: Deformer) -> float:
    """How far a foot that is turned by 0.6 moves what lies above the pelvis, in percent of the diagonal."""
    rig = deformer.rig
    assert rig.bind_matrices is not None
    controls = np.zeros((1, 0), np.float32)
    rest, posed = (deformer.predict(controls, turned(rig, "foot.L", angle))[0] for angle in (0.0, 0.6))
    apart = 100.0 * np.linalg.norm(posed - rest, axis=1) / rig.diagonal
    assert apart.max() > 1.0
    return float(apart[rig.rest[:, 1] > rig.bind_matrices[rig.joint_names.index("pelvis.L"), 1, 3]].max())


def test_a_foot_moves_nothing_above_the_pelvis(shared_data: Path, tmp_path: Path) -> None:
    """By no more than 0.002 percent of the diagonal, of the kernel (0.0006 here) and of the net (0).

    Ridge, the floor, has 0.02: segments at the hip see the feet. A net that has not been trained sees what
    a trained one does.
    """
    poses = poses_of(shared_data, tmp_path, "body", ["train_0", "train_1"])
    training, held = poses.select(slice(0, 480)), poses.select(slice(480, 500))
    found = prepare(training, held, DeformerSettings())
    assert found.kernel is not None

    net = local_net.numpy_net(local_net.build(found))

    assert moved_above_pelvis(found.deformer(found.kernel)) < 0.002
    assert moved_above_pelvis(found.deformer(net)) < 0.002


@pytest.fixture(scope="module")
def face(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Rig, Floats, Floats]:
    """The face, and its deltas of 2,000 poses and of 300 others."""
    folder = tmp_path_factory.mktemp("face")
    training = poses_of(shared_data, folder, "face", [f"train_{part}" for part in range(4)])
    test = poses_of(shared_data, folder, "face", ["test"])
    return training.rig, deltas_of(training.select(slice(0, 2000)), "rest")[0], deltas_of(test, "rest")[0]


def normals(rig: Rig, deltas: Floats) -> Floats:
    """Unit normals of the rest shape with these deltas, `(N, V, 3)`."""
    return np.stack([topology.vertex_normals(rig.rest + pose, rig.faces) for pose in deltas])


def test_details_come_back_from_differential_shapes_and_true_anchors(
    face: tuple[Rig, Floats, Floats],
) -> None:
    """128 shapes, 2 percent of anchors: rms at most 0.08 percent (0.0675 here), and normals as good.

    Their error is at most a tenth over that of as many principal shapes of the vertices (a twentieth here).
    """
    rig, deltas, test = face
    settings = DeformerSettings(mode="differential", limit=128)
    decoder = fit_differential(rig, deltas, np.ones(len(rig.rest), np.bool_), settings)

    restored = with_true_anchors(decoder, test)

    plain = principal_shapes(deltas.reshape(len(deltas), -1), limit=128)
    flat = plain.restored(plain.coefficients(test.reshape(len(test), -1))).reshape(test.shape)
    assert 100.0 * np.sqrt(((restored - test) ** 2).sum(axis=2).mean()) / rig.diagonal < 0.08
    truth = normals(rig, test)
    missed, usual = (float(((normals(rig, each) - truth) ** 2).mean()) for each in (restored, flat))
    assert np.sqrt(missed) < 1.1 * np.sqrt(usual)


def with_true_anchors(decoder: Differential, deltas: Floats) -> Floats:
    """Deltas by their differential coordinates' shapes and the anchors as they are."""
    assert decoder.sides is not None
    details, _, system = decoder.sides
    rows = np.stack([system.laplacian @ pose for pose in deltas.astype(np.float64)])
    kept = details.restored(details.coefficients(rows.reshape(len(rows), -1))).reshape(rows.shape)
    return system.solve(kept, deltas[:, system.anchors])
