"""Segments: parts of a mesh that the same controls move, overlapping a little and blended.

That each is learned on its own, from the controls near it, is worth more than any choice of network
(Bailey et al. 2018, "Fast and deep deformation approximations").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.media.meshes import topology
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from understudy.nodes.media.meshes.rig import Rig

SMALLEST = 64
"""A segment of fewer vertices joins its parent's; so does one of less than `SMALLEST_SHARE` of the mesh."""

SMALLEST_SHARE = 0.015

BLENDED_RINGS = 4
"""How many rings of vertices a segment reaches into its neighbours."""

NEAR_LINKS = 4
"""How many links of the skeleton away a joint is still seen by a segment."""

_LEAST_SHARE = 0.02
_LEAST_WEIGHT = 0.02
_KMEANS_STEPS = 25


@dataclass(frozen=True, slots=True)
class Segments:
    """Which vertices each segment covers, how they are blended, and which groups of controls it sees.

    Attributes:
        vertices: Vertex numbers, one segment after the other, `(R,)`.
        shares: How much of each vertex's delta is the segment's, `(R,)`; they sum to one over segments.
        starts: Where each segment begins, `(S + 1,)`.
        seen: `(S, G)`, whether the segment sees a group of inputs.
    """

    vertices: NDArray[np.int64]
    shares: NDArray[np.float32]
    starts: NDArray[np.int64]
    seen: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def rows(self, segment: int) -> slice:
        """Where a segment's vertices stand in `vertices` and `shares`."""
        return slice(int(self.starts[segment]), int(self.starts[segment + 1]))

    def support(self, segment: int) -> NDArray[np.int64]:
        """The vertices that a segment covers."""
        return self.vertices[self.rows(segment)]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        names = ("vertices", "shares", "starts", "seen")
        return {name: getattr(self, name) for name in names}


def whole(moving: NDArray[np.bool_], groups: int, copies: int = 1) -> Segments:
    """All vertices that move as one segment that sees everything, or as several equal ones."""
    vertices = np.flatnonzero(moving)
    return Segments(
        np.tile(vertices, copies),
        np.full(len(vertices) * copies, 1.0 / copies, np.float32),
        np.arange(copies + 1) * len(vertices),
        np.ones((copies, groups), np.bool_),
    )


def by_skin(rig: Rig, joints: NDArray[np.int64], moving: NDArray[np.bool_]) -> Segments:
    """Segments by the driven joint that holds most of a vertex's skin weight.

    Args:
        rig: The character, with a skin.
        joints: `(G,)`, the joint of each group of inputs; -1 for scalar controls, which every segment sees.
        moving: `(V,)`, which vertices have deltas at all.
    """
    assert rig.skin_weights is not None
    assert rig.joint_parents is not None
    driven, lifted = _lifted(rig.joint_parents, joints)
    weights = np.zeros((len(rig.rest), len(driven) + 1), np.float32)
    np.add.at(weights.T, lifted, rig.skin_weights.T)
    labels = np.where(moving, np.argmax(weights, axis=1), -1)
    parents = _driven_parents(rig.joint_parents, driven, lifted)
    labels = _without_small(labels, parents)
    shares, used = _blended(rig, labels)
    near = _near(parents, NEAR_LINKS)
    seen = np.zeros((len(used), len(joints)), np.bool_)
    columns = {int(joint): group for group, joint in enumerate(joints)}
    for segment, label in enumerate(used):
        rows = np.flatnonzero(labels == label)
        felt = weights[rows].max(axis=0) > _LEAST_WEIGHT
        felt[label] = True
        reached = near[felt].any(axis=0)
        seen[segment] = joints < 0
        for place in np.flatnonzero(reached[:-1]):
            seen[segment, columns[int(driven[place])]] = True
    return _packed(shares, seen)


def by_influence(
    rig: Rig, influence: NDArray[np.floating[Any]], moving: NDArray[np.bool_], seed: int
) -> Segments:
    """Segments by k-means on place and on what moves each vertex; all groups are seen.

    Args:
        rig: The character.
        influence: `(V, G)`, how much each group of inputs moves each vertex.
        moving: `(V,)`, which vertices have deltas at all.
        seed: Of the first centres.
    """
    rows = np.flatnonzero(moving)
    count = int(np.clip(len(rows) // 250, 8, 48))
    place = rig.rest[rows] / rig.diagonal
    share = influence[rows] / np.maximum(np.linalg.norm(influence[rows], axis=1, keepdims=True), 1e-12)
    features = np.concatenate([4.0 * place, share], axis=1)
    labels = np.full(len(rig.rest), -1)
    labels[rows] = _k_means(features, min(count, len(rows)), seed)
    shares, used = _blended(rig, labels)
    return _packed(shares, np.ones((len(used), influence.shape[1]), np.bool_))


def _lifted(
    parents: NDArray[np.int32], joints: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The driven joints, and for each joint which of them is its nearest ancestor; their number if none."""
    driven = np.unique(joints[joints >= 0])
    place = {int(joint): number for number, joint in enumerate(driven)}
    lifted = np.full(len(parents), len(driven))
    for joint, parent in enumerate(parents):
        lifted[joint] = place.get(joint, lifted[parent] if parent >= 0 else len(driven))
    return driven, lifted


def _driven_parents(
    parents: NDArray[np.int32], driven: NDArray[np.int64], lifted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The tree of driven joints with the undriven root at the end, which is its own parent."""
    root = len(driven)
    above = [lifted[parents[joint]] if parents[joint] >= 0 else root for joint in driven]
    return np.array([*above, root], np.int64)


def _without_small(labels: NDArray[np.int64], parents: NDArray[np.int64]) -> NDArray[np.int64]:
    labels = labels.copy()
    least = max(SMALLEST, SMALLEST_SHARE * len(labels))
    for label in range(len(parents) - 2, -1, -1):
        mine = labels == label
        if 0 < mine.sum() < least:
            labels[mine] = parents[label]
    return _without_small_root(labels, parents)


def _without_small_root(labels: NDArray[np.int64], parents: NDArray[np.int64]) -> NDArray[np.int64]:
    sizes = np.bincount(labels[labels >= 0], minlength=len(parents))
    least = max(SMALLEST, SMALLEST_SHARE * len(labels))
    small = [label for label in np.flatnonzero(sizes) if sizes[label] < least]
    for label in small:
        others = sizes.copy()
        others[label] = 0
        if others.any():
            labels[labels == label] = int(np.argmax(others))
    return labels


def _near(parents: NDArray[np.int64], links: int) -> NDArray[np.bool_]:
    step = np.eye(len(parents), dtype=np.int64)
    step[np.arange(len(parents)), parents] = 1
    step[parents, np.arange(len(parents))] = 1
    return np.asarray(np.linalg.matrix_power(step, links) > 0)


def _blended(rig: Rig, labels: NDArray[np.int64]) -> tuple[sparse.csc_array, NDArray[np.int64]]:
    """Labels averaged over rings, `(V, S)`, rows summing to one where a label stands; and the labels used."""
    from scipy import sparse

    used = np.unique(labels[labels >= 0])
    rows = np.flatnonzero(labels >= 0)
    columns = np.searchsorted(used, labels[rows])
    shares = sparse.csr_array(
        (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(labels), len(used))
    )
    mean = topology.averaging(rig.faces, len(labels))
    for _ in range(BLENDED_RINGS):
        shares = mean @ shares
    shares = sparse.csr_array(shares.multiply((labels >= 0)[:, None].astype(np.float32)))
    shares.data[shares.data < _LEAST_SHARE] = 0.0
    shares.eliminate_zeros()
    sums = np.maximum(np.asarray(shares.sum(axis=1)), 1e-12)
    return sparse.csc_array(sparse.diags_array(1.0 / sums) @ shares), used


def _packed(shares: sparse.csc_array, seen: NDArray[np.bool_]) -> Segments:
    shares.sort_indices()
    return Segments(
        shares.indices.astype(np.int64),
        shares.data.astype(np.float32),
        shares.indptr.astype(np.int64),
        seen,
    )


def _k_means(features: NDArray[np.floating[Any]], count: int, seed: int) -> NDArray[np.int64]:
    """Lloyd's iteration from centres spread by farthest points."""
    from scipy.spatial import cKDTree

    first = int(uniforms(seed, "segments", 0, 0, 1)[0] * len(features))
    chosen = [first]
    distance = np.full(len(features), np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, ((features - features[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(np.argmax(distance)))
    centres = features[chosen]
    labels = np.zeros(len(features), np.int64)
    for _ in range(_KMEANS_STEPS):
        labels = np.asarray(cKDTree(centres).query(features)[1], np.int64)
        sums = np.stack([np.bincount(labels, column, minlength=count) for column in features.T], axis=1)
        sizes = np.bincount(labels, minlength=count)[:, None]
        centres = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres)
    return labels
