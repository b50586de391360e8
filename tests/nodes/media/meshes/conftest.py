"""A tiny rig to test with: a bar of quads on two joints, bending in the middle."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.rotations import from_vectors


def bar(rings: int = 13, around: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Rest shape and faces of a tube along y from -1 to 1."""
    angles = np.arange(around) * 2.0 * np.pi / around
    heights = np.linspace(-1.0, 1.0, rings)
    rest = [[0.2 * np.cos(a), y, 0.2 * np.sin(a)] for y in heights for a in angles]
    faces = [
        [
            r * around + a,
            r * around + (a + 1) % around,
            (r + 1) * around + (a + 1) % around,
            (r + 1) * around + a,
        ]
        for r in range(rings - 1)
        for a in range(around)
    ]
    return np.array(rest, np.float32), np.array(faces, np.int32)


@pytest.fixture
def rig() -> Rig:
    """The bar with two joints, "root" and "bend", and one control."""
    rest, faces = bar()
    upper = np.clip(0.5 + 2.0 * rest[:, 1], 0.0, 1.0)
    bind = np.tile(np.eye(3, 4, dtype=np.float32), (2, 1, 1))
    return Rig(
        rest=rest,
        faces=faces,
        control_names=("bulge",),
        joint_names=("root", "bend"),
        joint_parents=np.array([-1, 0], np.int32),
        skin_weights=np.stack([1.0 - upper, upper], axis=1).astype(np.float32),
        bind_matrices=bind,
    )


@pytest.fixture
def poses(rig: Rig) -> dict[str, np.ndarray]:
    """Forty poses of the bar: it bends, and bulges the more it bends."""
    draw = np.random.Generator(np.random.Philox(key=1))
    vectors = np.zeros((40, 2, 3))
    vectors[:, 1] = draw.uniform(-1.0, 1.0, (40, 3)) * [0.3, 0.1, 1.2]
    matrices = np.tile(np.eye(3, 4), (40, 2, 1, 1))
    matrices[..., :3] = from_vectors(vectors)
    controls = draw.uniform(0.0, 1.0, (40, 1)).astype(np.float32)
    bulge = np.exp(-8.0 * rig.rest[:, 1] ** 2)[None, :, None] * rig.rest * [1.0, 0.0, 1.0]
    size = controls * 0.5 + vectors[:, 1, 2:] ** 2
    return {
        "controls": controls,
        "joint_matrices": matrices.astype(np.float32),
        "deltas": (bulge * size[:, :, None]).astype(np.float32),
    }
