"""Errors of a deformation: root mean square and largest distance of vertices, in scene units and percent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.media.meshes.posed import PosedMeshes


@dataclass(frozen=True, slots=True)
class Errors:
    """How far vertices are from where they should be.

    Attributes:
        poses: `(N,)`, root mean square distance over the vertices of each pose, in scene units.
        worst: `(N,)`, the largest distance in each pose, in scene units.
        vertices: `(V,)`, root mean square distance over poses, in scene units.
        diagonal: Of the rest shape, in scene units.
    """

    poses: NDArray[np.float64]
    worst: NDArray[np.float64]
    vertices: NDArray[np.float64]
    diagonal: float

    @property
    def rms(self) -> float:
        """Root mean square distance over all poses and vertices, in scene units."""
        return float(np.sqrt((self.poses**2).mean()))

    @property
    def percent(self) -> float:
        """The same in percent of the rest shape's diagonal."""
        return 100.0 * self.rms / self.diagonal

    @property
    def worst_percent(self) -> float:
        """The largest distance, in percent of the rest shape's diagonal."""
        return 100.0 * float(self.worst.max()) / self.diagonal


def errors(poses: PosedMeshes, played: Iterable[NDArray[np.float32]]) -> Errors:
    """Compares poses with what was played, in blocks `(n, V, 3)` that follow each other."""
    per_pose, worst = [], []
    sums = np.zeros(len(poses.rig.rest))
    start = 0
    for block in played:
        truth = poses.vertices(slice(start, start + len(block)))
        squares = ((block - truth).astype(np.float64) ** 2).sum(axis=2)
        per_pose.append(np.sqrt(squares.mean(axis=1)))
        worst.append(np.sqrt(squares.max(axis=1)))
        sums += squares.sum(axis=0)
        start += len(block)
    assert start == len(poses)
    return Errors(
        np.concatenate(per_pose), np.concatenate(worst), np.sqrt(sums / max(1, start)), poses.rig.diagonal
    )


def errors_of(deformer: Deformer, poses: PosedMeshes) -> Errors:
    """The errors of a deformer on poses that have vertices."""
    return errors(poses, deformer.play(poses))


def errors_by_group(deformer: Deformer, poses: PosedMeshes, found: Errors) -> dict[str, tuple[float, float]]:
    """For each control and joint: rms and worst error, in percent, over the poses that use it most.

    These are the quarter of the poses in which it is farthest from its mean. It says which controls need more
    poses.
    """
    inputs = deformer.seen(poses.controls, poses.joint_matrices)
    table = {}
    for group, name in enumerate(deformer.inputs.names):
        away = np.linalg.norm(inputs[:, deformer.inputs.groups == group], axis=1)
        far = away >= np.quantile(away, 0.75)
        rms = float(np.sqrt((found.poses[far] ** 2).mean()))
        table[name] = (100.0 * rms / found.diagonal, 100.0 * float(found.worst[far].max()) / found.diagonal)
    return table
