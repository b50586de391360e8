"""What hangs together in a mesh: neighbours, loose parts, edges with too many faces, the Laplacian."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from scipy import sparse

    Faces = NDArray[np.integer[Any]]


def half_edges(faces: Faces) -> NDArray[np.int64]:
    """Every side of every face as two vertex numbers, in the face's direction, `(H, 2)`."""
    quad = faces[:, 3] >= 0
    starts = [faces[:, 0], faces[:, 1], faces[:, 2], faces[quad, 3]]
    ends = [faces[:, 1], faces[:, 2], np.where(quad, faces[:, 3], faces[:, 0]), faces[quad, 0]]
    return np.stack([np.concatenate(starts), np.concatenate(ends)], axis=1).astype(np.int64)


def triangles(faces: Faces) -> NDArray[np.int32]:
    """Quads cut in two, triangles as they are, `(T, 3)`."""
    quads = faces[faces[:, 3] >= 0]
    return np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]]).astype(np.int32)


def adjacency(faces: Faces, count: int) -> sparse.csr_array:
    """Which vertices share an edge: a symmetric `(V, V)` matrix of ones, zero on the diagonal."""
    from scipy import sparse

    edges = half_edges(faces)
    ones = np.ones(len(edges), np.float32)
    found = sparse.coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(count, count)).tocsr()
    both = (found + found.T).tocsr()
    both.data[:] = 1.0
    return both


def averaging(faces: Faces, count: int) -> sparse.csr_array:
    """Takes values at vertices to the mean over each vertex and its neighbours, `(V, V)`."""
    from scipy import sparse

    ring = (adjacency(faces, count) + sparse.eye_array(count, dtype=np.float32)).tocsr()
    return sparse.csr_array(sparse.diags_array(1.0 / ring.sum(axis=1)) @ ring).astype(np.float32)


def umbrella_laplacian(faces: Faces, count: int) -> sparse.csr_array:
    """Takes positions to differential coordinates: a vertex minus the mean of its neighbours, `(V, V)`.

    Source: Sorkine et al. 2004, "Laplacian surface editing", with uniform weights. A loose vertex has a row
    of zeros.
    """
    from scipy import sparse

    ring = adjacency(faces, count)
    degree = ring.sum(axis=1)
    inverse = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    here = sparse.diags_array((degree > 0).astype(np.float64))
    return sparse.csr_array(here - sparse.diags_array(inverse.astype(np.float64)) @ ring)


def parts(faces: Faces, count: int) -> NDArray[np.int32]:
    """For each vertex the number of the connected part that it is in, `(V,)`, from 0."""
    from scipy.sparse.csgraph import connected_components

    labels: NDArray[np.int32] = connected_components(adjacency(faces, count), directed=False)[1]
    return labels


def vertex_normals(vertices: NDArray[np.floating[Any]], faces: Faces) -> NDArray[np.float32]:
    """Unit normals `(V, 3)`, faces weighted by their area."""
    corners = triangles(faces)
    a, b, c = (vertices[corners[:, i]] for i in range(3))
    across = np.cross(b - a, c - a)
    sums = np.stack(
        [
            np.bincount(corners.ravel(), np.repeat(across[:, axis], 3), minlength=len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    lengths = np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-20)
    return np.asarray(sums / lengths, np.float32)


def notes(faces: Faces, count: int) -> Iterator[str]:
    """Sentences on loose vertices, loose parts and non-manifold edges; none for a clean mesh."""
    if not len(faces):
        yield "The mesh has no faces, so nothing can be smoothed over neighbours."
        return
    sizes = np.bincount(parts(faces, count))
    alone = int((sizes == 1).sum())
    if alone:
        yield f"Vertices that belong to no face: {alone:,}."
    if len(sizes) - alone > 1:
        yield (
            f"The mesh has {len(sizes) - alone} loose parts, the smallest of {sizes[sizes > 1].min()} "
            "vertices; nothing is smoothed across the gaps between them."
        )
    edges = np.sort(half_edges(faces), axis=1)
    uses = np.unique(edges[:, 0] * count + edges[:, 1], return_counts=True)
    crowded = uses[0][uses[1] > 2]
    if len(crowded):
        a, b = divmod(int(crowded[0]), count)
        yield (
            f"Edges that have more than two faces: {len(crowded):,}, the first between vertices {a} and {b}; "
            "smoothing and differential coordinates are unreliable there."
        )
