"""Leading singular vectors, block by block, against numpy's decomposition."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.meshes import decomposition
from understudy.nodes.learning.meshes.decomposition import decomposed, moments


def values(count: int, width: int, fall: float = 0.8) -> np.ndarray:
    """Values about a mean that is not zero, whose singular values fall off by a factor."""
    draw = np.random.Generator(np.random.Philox(key=5))
    left, right = draw.standard_normal((count, 40)), draw.standard_normal((40, width))
    return (left * fall ** np.arange(40) @ right + 3.0).astype(np.float32)


def left_over(data: np.ndarray, vectors: np.ndarray) -> float:
    """What vectors leave of values about their mean, root mean square."""
    centred = data - data.mean(axis=0, dtype=np.float64)
    return float(np.sqrt(np.square(centred - (centred @ vectors.T) @ vectors).mean()))


def best(data: np.ndarray, count: int) -> float:
    """The least that so many vectors can leave."""
    full = np.linalg.svd(data - data.mean(axis=0, dtype=np.float64), full_matrices=False)[2]
    return left_over(data, full[:count])


@pytest.mark.parametrize("shape", [(60, 900), (300, 90)])
def test_vectors_leave_as_little_as_those_of_numpy(shape: tuple[int, int]) -> None:
    """By the Gram matrix of rows or of columns, whichever is smaller."""
    data = values(*shape)
    vectors, _ = decomposed(data, moments(data)[0], 12)

    assert best(data, 12) == pytest.approx(left_over(data, vectors), rel=1e-3)
    np.testing.assert_allclose(np.eye(12), vectors @ vectors.T, atol=1e-5)


def test_single_precision_leaves_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Rayleigh-Ritz step makes up for products in single precision, squares of singular values included."""
    monkeypatch.setattr(decomposition, "PAYS", 0)
    data = values(60, 900)
    vectors, squares = decomposed(data, moments(data)[0], 12)
    full = np.linalg.svd(data - data.mean(axis=0, dtype=np.float64), compute_uv=False)

    assert decomposition._in_single(data, moments(data)[0], 12) is not None
    assert best(data, 12) == pytest.approx(left_over(data, vectors), rel=1e-3)
    np.testing.assert_allclose(full[:12] ** 2, squares, rtol=1e-5)
    np.testing.assert_allclose(np.eye(12), vectors @ vectors.T, atol=1e-5)


def test_what_single_precision_would_lose_is_done_in_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """Singular values that fall below a thousandth of the first are still those of numpy."""
    monkeypatch.setattr(decomposition, "PAYS", 0)
    data = values(60, 900, fall=0.4)
    mean = moments(data)[0]

    assert decomposition._in_single(data, mean, 9) is None
    assert best(data, 9) == pytest.approx(left_over(data, decomposed(data, mean, 9)[0]), rel=1e-3)


def test_moments_are_those_of_all_rows() -> None:
    """Mean and sum of squares, in float64 over blocks."""
    data = values(200, 300)
    mean, squares = moments(data)

    np.testing.assert_allclose(data.mean(axis=0, dtype=np.float64), mean, rtol=1e-12)
    assert np.square(data, dtype=np.float64).sum() == pytest.approx(squares, rel=1e-12)
