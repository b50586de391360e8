"""Differential coordinates with anchors: details from the Laplacian of the deltas, place from a few vertices.

Source: Song et al. 2020, "Accurate face rig approximation with deep differential subspace reconstruction";
Sorkine and Cohen-Or 2004, "Least-squares meshes", for the solve. The solve is factored once; and as both
sides are learned as principal shapes, it is folded into one dense basis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes
from understudy.nodes.media.meshes import topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.settings import DeformerSettings
    from understudy.nodes.media.meshes.rig import Rig

    Floats = NDArray[np.floating[Any]]

MOST_ANCHORS = 10.0
"""In percent of the vertices; with more, anchors alone decide."""


@dataclass(frozen=True, slots=True)
class AnchoredLaplacian:
    """Least squares of |L d - delta|^2 + weight^2 |d_anchors - a|^2, factored once.

    Attributes:
        laplacian: The sparse umbrella Laplacian `(V, V)`.
        anchors: `(A,)`, vertex numbers.
        weight: How firmly anchors hold.
        solver: Takes right-hand sides `(V, R)` in Fortran order to solutions.
    """

    laplacian: Any
    anchors: NDArray[np.int64]
    weight: float
    solver: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def solve(self, differential: Floats, anchored: Floats) -> NDArray[np.float32]:
        """Differential coordinates `(N, V, 3)` and anchors `(N, A, 3)` to deltas `(N, V, 3)`."""
        count, vertices = differential.shape[:2]
        right = np.empty((vertices, count * 3), order="F")
        right[:] = self.laplacian.T @ _columns(differential)
        right[self.anchors] += self.weight**2 * _columns(anchored)
        solved = self.solver(right)
        return np.ascontiguousarray(solved.reshape(vertices, count, 3).transpose(1, 0, 2), np.float32)


def anchored_laplacian(
    faces: NDArray[np.integer[Any]], count: int, anchors: NDArray[np.int64], weight: float
) -> AnchoredLaplacian:
    """Factors the solve for a mesh of `count` vertices; every connected part needs an anchor."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    laplacian = topology.umbrella_laplacian(faces, count)
    held = np.zeros(count)
    held[anchors] = weight**2
    normal = sparse.csc_array(laplacian.T @ laplacian + sparse.diags_array(held))
    factors = splu(normal, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return AnchoredLaplacian(laplacian, anchors, weight, factors.solve)


def chosen_anchors(
    rig: Rig, importance: Floats, percent: float, extra: tuple[int, ...] = ()
) -> NDArray[np.int64]:
    """Anchor vertices, spread by farthest points weighted by importance, one at least in each loose part.

    Args:
        rig: The character.
        importance: `(V,)`, such as each vertex's rms delta.
        percent: Of the vertices, above 0 and up to `MOST_ANCHORS`.
        extra: Vertex numbers that are anchors as well.

    Raises:
        UnderstudyError: The percentage or a vertex number is out of range.
    """
    count = len(rig.rest)
    if not 0.0 < percent <= MOST_ANCHORS:
        raise UnderstudyError(
            f"Anchors are {percent} percent of the vertices; expected above 0, up to {MOST_ANCHORS}."
        )
    wrong = [anchor for anchor in extra if anchor not in range(count)]
    if wrong:
        raise UnderstudyError(f"The extra anchor {wrong[0]} is no vertex; there are {count:,}.")
    parts = topology.parts(rig.faces, count)
    weighted = importance / max(float(np.mean(importance)), 1e-12) + 0.1
    firsts = {int(parts[v]): int(v) for v in np.argsort(weighted, kind="stable")}
    chosen = sorted({*firsts.values(), *extra})
    distance = np.full(count, np.inf)
    for anchor in chosen:
        distance = _nearer(rig.rest, anchor, distance)
    while len(chosen) < round(percent / 100.0 * count):
        chosen.append(int(np.argmax(distance * weighted)))
        distance = _nearer(rig.rest, chosen[-1], distance)
    return np.sort(np.array(chosen, np.int64))


@dataclass(frozen=True, slots=True)
class Differential:
    """Principal shapes of differential coordinates and of anchors, the solve folded in.

    Coefficients are `(N, 2, K)`: those of the differential coordinates, those of the anchors.

    Attributes:
        mean: `(V, 3)` float32.
        folded: `(2, K, V, 3)` float32, what each shape becomes after the solve.
        sides: The principal shapes of both sides and the solve; None in a model that is only played.
    """

    mean: NDArray[np.float32]
    folded: NDArray[np.float32]
    sides: tuple[PrincipalShapes, PrincipalShapes, AnchoredLaplacian] | None = None

    def coefficients(self, deltas: NDArray[np.float32]) -> NDArray[np.float32]:
        """Deltas `(N, V, 3)` to coefficients `(N, 2, K)`."""
        assert self.sides is not None
        details, anchored, system = self.sides
        found = np.zeros((len(deltas), 2, self.folded.shape[1]), np.float32)
        rows = _differential(system, deltas)
        found[:, 0, : len(details.shapes)] = details.coefficients(rows) * _balance(details, anchored)
        rows = deltas[:, system.anchors].reshape(len(deltas), -1)
        found[:, 1, : len(anchored.shapes)] = anchored.coefficients(rows)
        return found

    def deltas(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients `(N, 2, K)` to deltas `(N, V, 3)`."""
        flat = coefficients.reshape(len(coefficients), -1)
        moved = flat @ self.folded.reshape(flat.shape[1], -1)
        return np.asarray(moved.reshape(-1, *self.mean.shape) + self.mean, np.float32)

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "differential"}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        return {"mean": self.mean, "folded": self.folded}

    @classmethod
    def built(cls, _header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The decoder that gave this header and these arrays."""
        return cls(arrays["mean"], arrays["folded"])


def fit_differential(
    rig: Rig, deltas: NDArray[np.float32], moving: NDArray[np.bool_], settings: DeformerSettings
) -> Differential:
    """Picks anchors, learns the principal shapes of both sides, and folds the solve into them."""
    rms = np.sqrt((deltas**2).sum(axis=2).mean(axis=0)) * moving
    anchors = chosen_anchors(rig, rms, settings.anchors, settings.extra_anchors)
    system = anchored_laplacian(rig.faces, len(rig.rest), anchors, settings.anchor_weight)
    rows = np.concatenate([_differential(system, deltas[i : i + 64]) for i in range(0, len(deltas), 64)])
    limit = min(settings.limit, len(deltas))
    details = principal_shapes(rows, limit=limit, accuracy=settings.accuracy)
    flat = deltas[:, anchors].reshape(len(deltas), -1)
    anchored = principal_shapes(flat, limit=min(limit, flat.shape[1]), accuracy=settings.accuracy)
    return _folded(details, anchored, system)


def _folded(details: PrincipalShapes, anchored: PrincipalShapes, system: AnchoredLaplacian) -> Differential:
    vertices, held = system.laplacian.shape[0], len(system.anchors)
    width = max(len(details.shapes), len(anchored.shapes))
    folded = np.zeros((2, width, vertices, 3), np.float32)
    none_held, none = np.zeros((1, held, 3)), np.zeros((1, vertices, 3))
    balance = _balance(details, anchored)
    for k, shape in enumerate(details.shapes):
        folded[0, k] = system.solve(shape.reshape(1, -1, 3) / balance, none_held)[0]
    for k, shape in enumerate(anchored.shapes):
        folded[1, k] = system.solve(none, shape.reshape(1, -1, 3))[0]
    mean = system.solve(details.mean.reshape(1, -1, 3), anchored.mean.reshape(1, -1, 3))[0]
    return Differential(mean, folded, (details, anchored, system))


def _balance(details: PrincipalShapes, anchored: PrincipalShapes) -> float:
    """A factor on the differential side that gives both sides one size, so that both are learned alike."""
    return float(np.sqrt(anchored.total / max(details.total, 1e-30)))


def _differential(system: AnchoredLaplacian, deltas: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = system.laplacian @ _columns(deltas)
    rows = moved.reshape(deltas.shape[1], len(deltas), 3).transpose(1, 0, 2)
    return np.asarray(rows.reshape(len(deltas), -1), np.float32)


def _columns(values: Floats) -> Floats:
    """`(N, V, 3)` to `(V, 3 N)`."""
    return np.asarray(values.transpose(1, 0, 2).reshape(values.shape[1], -1))


def _nearer(rest: Floats, anchor: int, distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.minimum(distance, np.linalg.norm(rest - rest[anchor], axis=1)))
