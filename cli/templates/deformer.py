"""The poses of the deformer template: an arm whose muscles bulge and whose skin folds as it bends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.rotations import from_vectors
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array

RINGS, AROUND = 64, 28
LENGTH, ELBOW, WRIST = 60.0, 30.0, 55.0
"""Along the arm from the shoulder, in cm."""

MOST_BENT = 2.2
"""Of the elbow, in radians."""


@dataclass(frozen=True)
class Capture:
    """How much is captured.

    Attributes:
        takes: Files of random poses.
        count: Poses of each, and frames of the animation.
    """

    takes: int = 4
    count: int = 60


SHOT = Capture()


def arm() -> Rig:
    """A tube along y with the joints of an arm and a control for the fist."""
    ring, place = np.divmod(np.arange((RINGS - 1) * AROUND), AROUND)
    here, beside = ring * AROUND + place, ring * AROUND + (place + 1) % AROUND
    height = np.repeat(np.linspace(0.0, LENGTH, RINGS), AROUND)
    angle = np.tile(np.arange(AROUND) * 2.0 * np.pi / AROUND, RINGS)
    radius = 4.2 + 0.8 * np.cos(height / 9.0) - 0.035 * height
    rest = np.stack([radius * np.cos(angle), height, radius * np.sin(angle)], axis=1)
    lower = 1.0 / (1.0 + np.exp(-(height - ELBOW) / 1.6))
    hand = 1.0 / (1.0 + np.exp(-(height - WRIST) / 1.0))
    bind = np.tile(np.eye(3, 4), (3, 1, 1))
    bind[:, 1, 3] = [0.0, ELBOW, WRIST]
    return Rig(
        rest=rest.astype(np.float32),
        faces=np.stack([here, beside, beside + AROUND, here + AROUND], axis=1).astype(np.int32),
        control_names=("fist",),
        control_limits=np.array([[0.0, 1.0]], np.float32),
        joint_names=("shoulder", "elbow", "wrist"),
        joint_parents=np.array([-1, 0, 1], np.int32),
        skin_weights=np.stack([1.0 - lower, lower * (1.0 - hand), lower * hand], axis=1).astype(np.float32),
        bind_matrices=bind.astype(np.float32),
        units="cm",
    )


def joint_matrices(bend: Array, twist: Array, wave: Array) -> Array:
    """Joints to object space, `(N, 3, 3, 4)`, of angles `(N,)` in radians."""
    vectors = np.zeros((len(bend), 3, 3))
    vectors[:, 1, 2], vectors[:, 2, 1], vectors[:, 2, 2] = bend, twist, wave
    local = np.tile(np.eye(4), (len(bend), 3, 1, 1))
    local[..., :3, :3] = from_vectors(vectors)
    local[:, 1, 1, 3], local[:, 2, 1, 3] = ELBOW, WRIST - ELBOW
    world = [local[:, 0]]
    for joint in (1, 2):
        world.append(world[-1] @ local[:, joint])
    found: Array = np.stack(world, axis=1)[:, :, :3].astype(np.float32)
    return found


def flesh(rig: Rig, bend: Array, twist: Array, fist: Array) -> Array:
    """What skinning leaves out, before it, `(N, V, 3)` in cm: muscles, the folded elbow, the wrung wrist."""
    height, inner = rig.rest[:, 1], -rig.rest[:, 0] / np.hypot(rig.rest[:, 0], rig.rest[:, 2])
    outwards = rig.rest * [1.0, 0.0, 1.0] / np.hypot(rig.rest[:, 0], rig.rest[:, 2])[:, None]
    bent = (bend / MOST_BENT)[:, None]
    biceps = np.exp(-(((height - 16.0) / 7.0) ** 2)) * np.clip(inner, 0.0, 1.0)
    forearm = np.exp(-(((height - 38.0) / 6.0) ** 2))
    crease = np.exp(-(((height - ELBOW) / 4.0) ** 2)) * np.clip(inner, 0.0, 1.0)
    tip = np.exp(-(((height - ELBOW) / 2.5) ** 2)) * np.clip(-inner, 0.0, 1.0)
    wrung = np.exp(-(((height - WRIST) / 4.0) ** 2))
    size = (1.9 * bent**2 + 0.6 * fist[:, None] * bent) * biceps
    size += (0.7 * fist[:, None] + 0.4 * bent**2) * forearm
    size += 0.9 * bent**3 * crease * np.sin(2.1 * height + 3.0 * bent)
    size += 0.8 * np.sin(np.pi * bent / 2.0) * tip - 0.5 * np.abs(twist)[:, None] * wrung
    found: Array = (size[..., None] * outwards).astype(np.float32)
    return found


def write_take(path: Path, rig: Rig, angles: Array, *, shapes: bool, start: int = 1) -> Path:
    """Writes poses, with their vertices or without.

    Args:
        path: The training file.
        rig: The arm.
        angles: `(N, 4)`: bend, twist and wave in radians, and the fist from 0 to 1.
        shapes: Whether the vertices are written as well.
        start: The first frame.
    """
    bend, twist, wave, fist = angles.T
    matrices = joint_matrices(bend, twist, wave)
    poses = {"controls": fist[:, None].astype(np.float32), "joint_matrices": matrices}
    poses |= {"clip": np.array([path.stem] * len(angles)), "frame": np.arange(start, start + len(angles))}
    if shapes:
        base = skinned(rig, matrices, len(angles), space="rest")
        poses["vertices"] = base.posed(flesh(rig, bend, twist, fist))
    write_posed(path, rig, **poses)
    return path


def waving(count: int) -> Array:
    """The angles `(N, 4)` of an arm that lifts its hand, waves, makes a fist and drops."""
    time = np.linspace(0.0, 1.0, count)
    up = np.sin(np.pi * time) ** 0.5
    waves = np.sin(8.0 * np.pi * time) * up
    return np.stack([0.9 * MOST_BENT * up, 0.6 * waves, 0.4 * waves, np.clip(3.0 * time - 1.5, 0, 1)], axis=1)


def make_footage(folder: Path) -> list[Path]:
    """Writes random poses with their vertices, an animation without, and its truth."""
    rig, draw = arm(), np.random.Generator(np.random.Philox(key=11))
    least, most = np.array([0.0, -1.0, -0.6, 0.0]), np.array([MOST_BENT, 1.0, 0.6, 1.0])
    written = []
    for take in range(1, SHOT.takes + 1):
        angles = least + (most - least) * draw.random((SHOT.count, 4))
        written.append(write_take(folder / "poses" / f"take{take}.npz", rig, angles, shapes=True))
    for name, shapes in (("animation", False), ("truth", True)):
        path = folder / name / "wave.npz"
        written.append(write_take(path, rig, waving(SHOT.count), shapes=shapes, start=1001))
    return written
