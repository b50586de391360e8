"""Rotations of joints as numbers that a network can learn from: 6D or quaternions, never Euler angles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

_POLAR_STEPS = 12


def sixd(rotations: Floats) -> Floats:
    """The first two columns of rotation matrices (Zhou et al. 2019), `(..., 3, 3)` to `(..., 6)`."""
    return np.concatenate([rotations[..., 0], rotations[..., 1]], axis=-1)


def quaternions(rotations: Floats) -> Floats:
    """Unit quaternions w, x, y, z with w >= 0 of rotation matrices, `(..., 3, 3)` to `(..., 4)`.

    Each is read off the largest row of the outer product q q^T (Bar-Itzhack 2000), so that no division is
    by a small number.
    """
    m = rotations
    products = np.empty((*m.shape[:-2], 4, 4))
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    products[..., 0, 0] = 1.0 + trace
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        products[..., i + 1, i + 1] = 1.0 + 2.0 * m[..., i, i] - trace
        products[..., 0, i + 1] = products[..., i + 1, 0] = m[..., k, j] - m[..., j, k]
        products[..., i + 1, j + 1] = products[..., j + 1, i + 1] = m[..., i, j] + m[..., j, i]
    largest = np.argmax(np.diagonal(products, axis1=-2, axis2=-1), axis=-1)
    rows = np.take_along_axis(products, largest[..., None, None], axis=-2)[..., 0, :]
    rows /= np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(np.where(rows[..., :1] < 0.0, -rows, rows))


def from_vectors(vectors: Floats) -> Floats:
    """Rotation matrices of rotation vectors in radians (Rodrigues), `(..., 3)` to `(..., 3, 3)`."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    axis = vectors / np.maximum(angle[..., 0], 1e-12)
    cross = np.zeros((*vectors.shape[:-1], 3, 3))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        cross[..., k, j], cross[..., j, k] = axis[..., i], -axis[..., i]
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross))


def inverses(matrices: Floats) -> Floats:
    """Inverses of 3 x 3 matrices by cofactors, `(..., 3, 3)`; many times faster than LAPACK on small ones."""
    adjugate = np.empty_like(matrices)
    for i in range(3):
        first, second = matrices[..., (i + 1) % 3], matrices[..., (i + 2) % 3]
        for j in range(3):
            j1, j2 = (j + 1) % 3, (j + 2) % 3
            adjugate[..., i, j] = first[..., j1] * second[..., j2] - first[..., j2] * second[..., j1]
    determinant = np.einsum("...j,...j->...", adjugate[..., 0, :], matrices[..., 0])
    return np.asarray(adjugate / determinant[..., None, None])


def polar(matrices: Floats) -> Floats:
    """The rotation nearest to each matrix, `(..., 3, 3)`, by Newton's iteration (Higham 1986).

    Mirrored and singular matrices have none that Newton finds; they get theirs by singular values.
    """
    x = np.array(matrices)
    bad = np.linalg.det(x) < 1e-6
    x[bad] = np.eye(3)
    for _ in range(_POLAR_STEPS):
        following = 0.5 * (x + np.swapaxes(inverses(x), -1, -2))
        moved = float(np.abs(following - x).max(initial=0.0))
        x = following
        if moved < 1e-6:
            break
    x[bad] = _polar_by_singular_values(matrices[bad])
    return x


def _polar_by_singular_values(matrices: Floats) -> Floats:
    u, _, vh = np.linalg.svd(matrices)
    u[..., :, 2] *= np.sign(np.linalg.det(u @ vh))[..., None]
    return np.asarray(u @ vh)


def relative(joint_matrices: Floats, bind_matrices: Floats, parents: NDArray[np.integer[Any]]) -> Floats:
    """How each joint is turned against its parent, from its rest pose, in its own rest frame.

    Args:
        joint_matrices: `(N, J, 3, 4)`, joint to object space.
        bind_matrices: `(J, 3, 4)`, the same at rest.
        parents: `(J,)`; -1 for a joint without parent, which gets the identity: it places the whole mesh.

    Returns:
        Rotations `(N, J, 3, 3)`, the identity where a joint is at rest; scale is removed.
    """
    posed = against_parents(joint_matrices[..., :3], parents)
    rest = against_parents(bind_matrices[..., :3], parents)
    turned = polar(np.swapaxes(polar(rest), -1, -2) @ posed)
    turned[:, parents < 0] = np.eye(3)
    return turned


def against_parents(matrices: Floats, parents: NDArray[np.integer[Any]]) -> Floats:
    """Each joint's `(..., J, 3, 3)` in its parent's space; in the first joint's, where there is no parent."""
    held = np.moveaxis(np.moveaxis(matrices, -3, 0)[np.maximum(parents, 0)], 0, -3)
    return np.asarray(np.linalg.inv(held.astype(np.float64)) @ matrices)
