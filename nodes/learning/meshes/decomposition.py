"""Leading singular vectors of arrays that are read a block at a time.

The method of snapshots (Sirovich 1987): eigenvectors of the Gram matrix of the smaller side, summed in
float64 over blocks of columns, then one more pass for the vectors of the other side. Where the matrix is
large and what is asked for stands well above rounding, products of the blocks are in single precision, which
takes half the time, and a Rayleigh-Ritz step within the subspace found restores what that lost: there the
vectors are nearly orthogonal, and rounding is relative to each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from understudy.nodes.media.meshes.mapped import room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pairs = tuple[NDArray[np.float32], NDArray[np.float64]]

NOISE = 1e-12
"""Eigenvalues under this share of the largest are rounding, not shapes."""

SINGLE = 1e-6
"""Eigenvalues above this share of the largest keep their vectors in a Gram matrix of single precision, whose
own rounding is 3e-9."""

PAYS = 10**10
"""Products that a Gram matrix takes, from which on single precision is tried."""

SPARE = 8
"""Vectors beyond those asked for, of which a Rayleigh-Ritz step takes what it needs."""

_BLOCK_BYTES = 8 << 20


class Rows(Protocol):
    """What is read of `(N, M)` values: slices of the rows, and of the columns."""

    shape: tuple[int, ...]

    def __len__(self) -> int: ...
    def __getitem__(self, place: Any) -> Any: ...


def moments(data: Rows) -> tuple[NDArray[np.float64], float]:
    """The mean of each column `(M,)`, and the sum of all squares."""
    sums, squares = np.zeros(data.shape[1]), 0.0
    step = max(1, _BLOCK_BYTES // (8 * data.shape[1]))
    for start in range(0, len(data), step):
        block = np.asarray(data[start : start + step], np.float64)
        sums += block.sum(axis=0)
        squares += float(np.vdot(block, block))
    return sums / len(data), squares


def decomposed(data: Rows, mean: NDArray[np.float64], limit: int) -> Pairs:
    """Leading right singular vectors of `(N, M)` values about their mean.

    Args:
        data: The values.
        mean: `(M,)`, of the columns, or zeros.
        limit: Vectors at most.

    Returns:
        Orthonormal rows `(K, M)`, and the squares of their singular values `(K,)`; K is less than the limit
        where the others are noise.
    """
    rows, columns = data.shape
    if columns < rows:
        values, vectors = _leading(_gram_of_columns(data, mean), limit)
        return np.ascontiguousarray(vectors.T, np.float32), values
    if rows * rows * columns > PAYS:
        found = _in_single(data, mean, limit)
        if found is not None:
            return found
    values, vectors = _leading(_gram_of_rows(data, mean, np.float64), limit)
    return _projected(data, mean, vectors / np.sqrt(np.maximum(values, 1e-60))), values


def _in_single(data: Rows, mean: NDArray[np.float64], limit: int) -> Pairs | None:
    """The same by products in single precision; None where that is not precise enough."""
    values, vectors = _leading(_gram_of_rows(data, mean, np.float32), min(limit + SPARE, len(data)))
    if len(values) < limit or values[limit - 1] < SINGLE * values[0]:
        return None
    rough = _projected(data, mean, vectors)
    values, turn = _leading(_gram_of_rows(rough, np.zeros(len(mean)), np.float32), limit)
    turn = turn / np.sqrt(values)
    count, step = len(values), max(16, _BLOCK_BYTES // (4 * len(rough)))
    for start in range(0, rough.shape[1], step):
        block = slice(start, start + step)
        rough[:count, block] = turn.T.astype(np.float32) @ rough[:, block]
    return rough[:count], values


def _leading(gram: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The largest eigenvalues of a symmetric matrix (its upper triangle) above noise, and their vectors."""
    from scipy import linalg

    size = len(gram)
    subset = (max(0, size - count), size - 1)
    values, vectors = linalg.eigh(gram, subset_by_index=subset, lower=False, overwrite_a=True)
    values, vectors = values[::-1], vectors[:, ::-1]
    kept = values > NOISE * max(values[0], 1e-300)
    kept[0] = True
    return np.maximum(values[kept], 0.0), vectors[:, kept]


def _gram_of_rows(
    data: Rows, mean: NDArray[np.float64], kind: type[np.float32 | np.float64]
) -> NDArray[np.float64]:
    """`(N, N)`, its upper triangle; `kind` is the precision of products within a block."""
    from scipy.linalg import blas

    rows, columns = data.shape
    gram = np.zeros((rows, rows), order="F")
    product = blas.dsyrk if kind is np.float64 else blas.ssyrk
    step = max(16, _BLOCK_BYTES // (np.dtype(kind).itemsize * rows))
    for start in range(0, columns, step):
        block = np.subtract(
            data[:, start : start + step], mean[start : start + step].astype(kind), dtype=kind
        )
        gram += product(1.0, block.T, trans=1)
    return gram


def _gram_of_columns(data: Rows, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.linalg import blas

    columns = data.shape[1]
    gram = np.zeros((columns, columns), order="F")
    step = max(16, _BLOCK_BYTES // (8 * columns))
    for start in range(0, len(data), step):
        block = np.array(data[start : start + step], np.float64)
        block -= mean
        gram = blas.dsyrk(1.0, block.T, beta=1.0, c=gram, overwrite_c=1)
    return gram


def _projected(data: Rows, mean: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float32]:
    """`vectors.T @ (data - mean)`, `(K, M)`, a few columns at a time."""
    if mean.any():
        vectors = vectors - vectors.mean(axis=0)  # then the mean of the columns cancels, and needs no pass
    weights = np.ascontiguousarray(vectors.T, np.float32)
    columns = data.shape[1]
    found = room((len(weights), columns))
    step = max(16, _BLOCK_BYTES // (4 * len(data)))
    for start in range(0, columns, step):
        block = slice(start, start + step)
        np.matmul(weights, np.asarray(data[:, block], np.float32), out=found[:, block])
    return found
