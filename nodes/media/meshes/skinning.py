"""Linear blend skinning, and what a deformer learns on top of it: deltas in one of three spaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.media.meshes.rotations import inverses, polar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.rig import Rig

    Floats = NDArray[np.floating[Any]]

SPACES = ("rest", "object", "rotation")
"""Where deltas are taken: before skinning; after it; before it, without its scale and shear."""

FLAT = 0.2
"""Below this least singular value a skinning matrix is too flat to be undone; its rotation serves instead."""


@dataclass(frozen=True, slots=True)
class Skinned:
    """A block of poses, skinned.

    In memory poses lie innermost in these arrays: so numpy's inner loops are over poses and not over three
    coordinates, which takes a tenth of the time.

    Attributes:
        vertices: `(N, V, 3)` float32, by skinning alone.
        linear: `(N, V, 3, 3)` float32, the matrix that takes a vertex's delta to object space: A_v of
            sum_j w_vj M_j, or its rotation; None where deltas are in object space.
        flat: How many matrices were replaced by their rotation.
    """

    vertices: NDArray[np.float32]
    linear: NDArray[np.float32] | None
    flat: int

    def deltas(self, vertices: Floats) -> NDArray[np.float32]:
        """What skinning misses of these vertices `(N, V, 3)`, in the space of the deltas."""
        if self.linear is None:
            return np.ascontiguousarray(vertices - self.vertices, np.float32)
        missed = _poses_innermost(vertices) - self.vertices
        return np.ascontiguousarray(np.einsum("nvij,nvj->nvi", inverses(self.linear), missed), np.float32)

    def posed(self, deltas: Floats) -> NDArray[np.float32]:
        """The vertices `(N, V, 3)` that these deltas give: the inverse of `deltas`."""
        if self.linear is None:
            return np.ascontiguousarray(self.vertices + deltas, np.float32)
        moved = np.einsum("nvij,nvj->nvi", self.linear, _poses_innermost(deltas))
        return np.ascontiguousarray(self.vertices + moved, np.float32)


def skinned(rig: Rig, joint_matrices: Floats | None, count: int, *, space: str = "rest") -> Skinned:
    """Skins a block of poses; without skin weights every pose is the rest shape.

    Args:
        rig: The character.
        joint_matrices: `(N, J, 3, 4)`, joint to object space; None where there is no skeleton.
        count: N.
        space: One of `SPACES`. "rest" and "rotation" are those of deltas taken before skinning.
    """
    if rig.skin_weights is None or joint_matrices is None:
        return Skinned(np.broadcast_to(rig.rest, (count, *rig.rest.shape)), None, 0)
    blended = _blended(rig, joint_matrices)
    vertices = np.einsum("nvij,vj->nvi", blended[..., :3], rig.rest) + blended[..., 3]
    linear, flat = (None, 0) if space == "object" else _linear(blended[..., :3], space)
    return Skinned(np.asarray(vertices, np.float32), linear, flat)


def skinning_matrices(rig: Rig, joint_matrices: Floats) -> NDArray[np.float64]:
    """From rest to posed object space for each joint, `(N, J, 3, 4)`: joint matrix times inverse of bind."""
    assert rig.bind_matrices is not None
    inverse = np.linalg.inv(rig.bind_matrices[..., :3].astype(np.float64))
    linear = joint_matrices[..., :3] @ inverse
    shift = joint_matrices[..., 3] - np.einsum("njab,jb->nja", linear, rig.bind_matrices[..., 3])
    return np.concatenate([linear, shift[..., None]], axis=-1)


def _blended(rig: Rig, joint_matrices: Floats) -> NDArray[np.float32]:
    from scipy import sparse

    assert rig.skin_weights is not None
    weights = sparse.csr_array(rig.skin_weights)
    matrices = skinning_matrices(rig, joint_matrices).astype(np.float32)
    count, joints = matrices.shape[:2]
    flat = matrices.transpose(1, 2, 3, 0).reshape(joints, 12 * count)
    return np.asarray(weights @ flat).reshape(-1, 3, 4, count).transpose(3, 0, 1, 2)


def _poses_innermost(block: Floats) -> Floats:
    """The same `(N, V, 3)`, its poses innermost in memory."""
    return np.ascontiguousarray(block.transpose(1, 2, 0)).transpose(2, 0, 1)


def _linear(linear: NDArray[np.float32], space: str) -> tuple[NDArray[np.float32], int]:
    if space == "rotation":
        return polar(linear).astype(np.float32), 0
    linear = linear.copy(order="K")
    # 2 |det| / |A|^2 never exceeds the least singular value: few matrices need a decomposition
    size = np.einsum("nvij,nvij->nv", linear, linear)
    suspect = 2.0 * _determinants(linear) < FLAT * size
    candidates = linear[suspect]
    if candidates.size == 0:
        return linear, 0
    least = np.linalg.svd(candidates, compute_uv=False)[:, 2]
    flat = (least < FLAT) | (np.linalg.det(candidates) < 0.0)
    candidates[flat] = polar(candidates[flat])
    linear[suspect] = candidates
    return linear, int(flat.sum())


def _determinants(matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    a, b, c, d, e, f, g, h, i = (matrices[..., row, column] for row in range(3) for column in range(3))
    return np.asarray(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g), np.float32)
