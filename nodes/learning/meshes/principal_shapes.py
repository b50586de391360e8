"""Principal shapes: the few shapes whose sums give all poses, without holding the poses in memory.

`decomposition` has the method, which has the accuracy of a full singular value decomposition at a fraction of
its time. It goes for frames as well, which are rows of pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.meshes.decomposition import decomposed, moments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class PrincipalShapes:
    """Shapes in falling order of what they explain; `mean + coefficients @ shapes` gives a pose back.

    Attributes:
        mean: `(M,)` float32.
        shapes: `(K, M)` float32, orthonormal rows.
        variances: `(R,)` float64, sums of squares over all poses along every shape above noise, R >= K.
        total: Sum of squares of all values about their mean.
        squares: Sum of squares of all values.
        count: How many poses they are of.
        width: Values whose length is told as one: 3 of a vertex, 1 of a pixel's channel.
    """

    mean: NDArray[np.float32]
    shapes: NDArray[np.float32]
    variances: NDArray[np.float64]
    total: float
    squares: float
    count: int
    width: int = 3

    def coefficients(self, data: Array) -> NDArray[np.float32]:
        """`(N, M)` values to `(N, K)` coefficients, not whitened: their size is that of the values."""
        return np.asarray((np.asarray(data, np.float32) - self.mean) @ self.shapes.T, np.float32)

    def restored(self, coefficients: Array) -> NDArray[np.float32]:
        """`(N, K)` coefficients to `(N, M)` values."""
        return np.asarray(coefficients @ self.shapes + self.mean, np.float32)

    def residuals(self) -> NDArray[np.float64]:
        """What the first k shapes leave, k = 0 to R: root mean square length over poses and vertices."""
        left = self.total - np.concatenate([[0.0], np.cumsum(self.variances)])
        return self._length(np.maximum(left, 0.0))

    def accuracies(self) -> NDArray[np.float64]:
        """One minus what is left by the first k shapes over the size of the deltas, k = 0 to R; up to 1."""
        size = float(self._length(np.array(self.squares)))
        return np.asarray(1.0 - self.residuals() / max(size, 1e-300))

    def _length(self, squares: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.sqrt(squares * self.width / max(1, self.count * len(self.mean))))

    def limited(self, count: int) -> PrincipalShapes:
        """The same with at most `count` shapes."""
        return replace(self, shapes=self.shapes[:count])

    def enough(self, limit: int, accuracy: float, residual: float = 0.0) -> PrincipalShapes:
        """The same with as few shapes as reach the accuracy or the residual; see `principal_shapes`."""
        reached = np.flatnonzero((self.accuracies() >= accuracy) | (self.residuals() <= residual))
        wanted = int(reached[0]) if len(reached) else limit
        return self.limited(max(1, min(limit, wanted)))


def principal_shapes(
    data: Array, *, limit: int, accuracy: float = 1.0, residual: float = 0.0, width: int = 3
) -> PrincipalShapes:
    """The principal shapes of the rows of an array, which may be a memory map larger than memory.

    Args:
        data: `(N, M)`, one pose a row; three values a vertex.
        limit: At most this many shapes (Maya's Principal Shapes Limit).
        accuracy: As few as reach this accuracy, 0 to 1 (Maya's Principal Shapes Accuracy).
        residual: As few as leave no more than this root mean square per vertex, in scene units.
        width: See `PrincipalShapes`.

    Raises:
        UnderstudyError: There are fewer poses than shapes asked for, or none.
    """
    count = len(data)
    check_count(limit, count)
    mean, squares = moments(data)
    found = decomposed(data, mean, limit)
    total = max(squares - count * float(mean @ mean), float(found[1].sum()))
    shapes = PrincipalShapes(mean.astype(np.float32), found[0], found[1], total, squares, count, width)
    return shapes.enough(limit, accuracy, residual)


def check_count(limit: int, count: int, what: str = "poses") -> None:
    """Refuses more shapes than there are samples, as Maya's ML Deformer does.

    Raises:
        UnderstudyError: It says how many there are.
    """
    if count < 2:
        raise UnderstudyError(f"There are too few {what} for principal shapes: {count}. Two are the least.")
    if count < limit:
        raise UnderstudyError(
            f"{limit} principal shapes were asked of {count} {what}; there can be no more shapes than "
            f"{what}. Capture more {what} or set the limit to at most {count}."
        )


def table(shapes: PrincipalShapes) -> list[tuple[int, float, float]]:
    """For each number of shapes up to those kept: the number, accuracy, and what is left in scene units."""
    accuracies, residuals = shapes.accuracies(), shapes.residuals()
    return [(k, float(accuracies[k]), float(residuals[k])) for k in range(1, len(shapes.shapes) + 1)]
