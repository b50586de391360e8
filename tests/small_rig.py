"""A tiny rig to learn from: a tube on a chain of joints that bulges where it bends."""

from __future__ import annotations

import numpy as np

from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.rotations import from_vectors

RINGS, AROUND = 40, 8


def bar_rig() -> Rig:
    """A tube along y from -1 to 1 on three joints in a chain, with one control."""
    angles = np.arange(AROUND) * 2.0 * np.pi / AROUND
    heights = np.linspace(-1.0, 1.0, RINGS)
    rest = np.array([[0.2 * np.cos(a), y, 0.2 * np.sin(a)] for y in heights for a in angles], np.float32)
    ring, place = np.divmod(np.arange((RINGS - 1) * AROUND), AROUND)
    here, beside = ring * AROUND + place, ring * AROUND + (place + 1) % AROUND
    second = np.clip(0.5 + 3.0 * (rest[:, 1] + 0.35), 0.0, 1.0)
    third = np.clip(0.5 + 3.0 * (rest[:, 1] - 0.35), 0.0, 1.0)
    bind = np.tile(np.eye(3, 4, dtype=np.float32), (3, 1, 1))
    bind[1:, 1, 3] = [-0.35, 0.35]
    return Rig(
        rest=rest,
        faces=np.stack([here, beside, beside + AROUND, here + AROUND], axis=1).astype(np.int32),
        control_names=("flex",),
        control_limits=np.array([[0.0, 1.0]], np.float32),
        joint_names=("root", "lower", "upper"),
        joint_parents=np.array([-1, 0, 1], np.int32),
        skin_weights=np.stack([1.0 - second, second - third, third], axis=1),
        bind_matrices=bind,
    )


def bar_poses(rig: Rig, count: int, seed: int) -> dict[str, np.ndarray]:
    """Random bends; each joint bulges the skin around it by the square of its bend, the control all of it."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    vectors = np.zeros((count, 3, 3))
    vectors[:, 1:, 2] = draw.uniform(-1.2, 1.2, (count, 2))
    controls = draw.uniform(0.0, 1.0, (count, 1))
    local = np.tile(np.eye(4), (count, 3, 1, 1))
    local[..., :3, :3] = from_vectors(vectors)
    local[:, 1, 1, 3], local[:, 2, 1, 3] = -0.35, 0.7
    world = [local[:, 0]]
    for joint in (1, 2):
        world.append(world[-1] @ local[:, joint])
    deltas = np.zeros((count, *rig.rest.shape))
    for joint, height in ((1, -0.35), (2, 0.35)):
        near = np.exp(-20.0 * (rig.rest[:, 1] - height) ** 2)[:, None] * rig.rest * [1.0, 0.0, 1.0]
        size = 0.6 * vectors[:, joint, 2] ** 2 + 0.3 * controls[:, 0]
        deltas += size[:, None, None] * near
    matrices = np.stack(world, axis=1)[:, :, :3].astype(np.float32)
    return {
        "controls": controls.astype(np.float32),
        "joint_matrices": matrices,
        "deltas": deltas.astype(np.float32),
    }
