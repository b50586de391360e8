"""Decoders: from the few numbers that are learned to the delta of every vertex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.nodes.learning.deformers.segments import Segments
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Deltas = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SegmentShapes:
    """Principal shapes of each segment, blended where segments overlap.

    Coefficients are `(N, S, K)` with K the largest number of shapes; a segment with fewer has zeros behind.

    Attributes:
        segments: Which vertices each covers.
        count: V, all vertices of the mesh.
        numbers: `(S,)`, how many shapes each segment has.
        means: `(R, 3)` float32, each segment's mean delta, one segment after the other.
        shapes: Each segment's shapes `(K_s, R_s, 3)` float32, flattened, one segment after the other.
    """

    segments: Segments
    count: int
    numbers: NDArray[np.int64]
    means: NDArray[np.float32]
    shapes: NDArray[np.float32]

    @property
    def width(self) -> int:
        """K."""
        return int(self.numbers.max())

    def basis(self, segment: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A segment's mean `(3 R_s,)` and its shapes `(K_s, 3 R_s)`."""
        sizes = self.numbers * np.diff(self.segments.starts) * 3
        start = int(sizes[:segment].sum())
        shapes = self.shapes[start : start + int(sizes[segment])]
        return self.means[self.segments.rows(segment)].ravel(), shapes.reshape(int(self.numbers[segment]), -1)

    def coefficients(self, deltas: Deltas) -> NDArray[np.float32]:
        """Deltas `(N, V, 3)` to coefficients `(N, S, K)`."""
        found = np.zeros((len(deltas), len(self.segments), self.width), np.float32)
        for segment in range(len(self.segments)):
            mean, shapes = self.basis(segment)
            rows = deltas[:, self.segments.support(segment)].reshape(len(deltas), -1)
            found[:, segment, : len(shapes)] = (rows - mean) @ shapes.T
        return found

    def deltas(self, coefficients: NDArray[np.float32]) -> Deltas:
        """Coefficients `(N, S, K)` to deltas `(N, V, 3)`."""
        found = np.zeros((len(coefficients), self.count, 3), np.float32)
        for segment in range(len(self.segments)):
            mean, shapes = self.basis(segment)
            rows = coefficients[:, segment, : len(shapes)] @ shapes + mean
            shares = self.segments.shares[self.segments.rows(segment), None]
            support = self.segments.support(segment)
            found[:, support] += rows.reshape(len(rows), -1, 3) * shares
        return found

    def variances(self, variances: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Variances of coefficients `(N, S, K)` to variances of vertices `(N, V)`, summed over x, y, z."""
        found = np.zeros((len(variances), self.count), np.float32)
        for segment in range(len(self.segments)):
            shapes = self.basis(segment)[1]
            squares = (shapes.reshape(len(shapes), -1, 3) ** 2).sum(axis=2)
            shares = self.segments.shares[self.segments.rows(segment)]
            support = self.segments.support(segment)
            found[:, support] += variances[:, segment, : len(shapes)] @ squares * shares
        return found

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "shapes", "count": self.count}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        own: dict[str, NDArray[Any]] = {"numbers": self.numbers, "means": self.means, "shapes": self.shapes}
        return {**own, **self.segments.arrays()}

    @classmethod
    def built(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The decoder that gave this header and these arrays."""
        names = ("vertices", "shares", "starts", "seen")
        segments = Segments(*(arrays[name] for name in names))
        return cls(segments, header["count"], arrays["numbers"], arrays["means"], arrays["shapes"])


def segment_shapes(
    deltas: Deltas, segments: Segments, *, limit: int, accuracy: float = 1.0, detail: float = 0.0
) -> SegmentShapes:
    """Principal shapes of the deltas of each segment.

    They are rounded to what float16 holds, which costs 0.0003 of a delta, so that an export can store halves.

    Args:
        deltas: `(N, V, 3)`.
        segments: Parts of the mesh.
        limit: At most this many shapes each.
        accuracy: As few as reach this accuracy, 0 to 1.
        detail: Shapes that move a segment's vertices by less than this, root mean square over poses and
            vertices, in scene units, are left out. So shapes go to the segments where they tell most: against
            as many as leave a given residual in each, this had the same error with a tenth fewer numbers.
    """
    found: list[PrincipalShapes] = []
    for segment in range(len(segments)):
        rows = deltas[:, segments.support(segment)].reshape(len(deltas), -1)
        most = min(limit, len(deltas), rows.shape[1])
        shapes = principal_shapes(rows, limit=most, accuracy=accuracy)
        moved = np.sqrt(3.0 * shapes.variances / rows.size)
        found.append(shapes.limited(max(1, int((moved > detail).sum()))))
    return SegmentShapes(
        segments,
        deltas.shape[1],
        np.array([len(shapes.shapes) for shapes in found]),
        np.concatenate([shapes.mean for shapes in found]).reshape(-1, 3),
        np.concatenate([shapes.shapes.ravel() for shapes in found]).astype(np.float16).astype(np.float32),
    )


@dataclass(frozen=True, slots=True)
class Vertices:
    """No shapes: every vertex that moves is learned as it is (Maya's Delta mode).

    Coefficients are `(N, 1, 3 R)`: the deltas themselves.

    Attributes:
        moving: `(R,)`, the vertices that have deltas.
        count: V, all vertices of the mesh.
    """

    moving: NDArray[np.int64]
    count: int

    def coefficients(self, deltas: Deltas) -> NDArray[np.float32]:
        """Deltas `(N, V, 3)` to coefficients `(N, 1, 3 R)`."""
        return deltas[:, self.moving].reshape(len(deltas), 1, -1)

    def deltas(self, coefficients: NDArray[np.float32]) -> Deltas:
        """Coefficients `(N, 1, 3 R)` to deltas `(N, V, 3)`."""
        found = np.zeros((len(coefficients), self.count, 3), np.float32)
        found[:, self.moving] = coefficients.reshape(len(coefficients), -1, 3)
        return found

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"kind": "vertices", "count": self.count}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        return {"moving": self.moving}

    @classmethod
    def built(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The decoder that gave this header and these arrays."""
        return cls(arrays["moving"], header["count"])
