"""Principal shapes against numpy's singular value decomposition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.meshes.principal_shapes import principal_shapes, table

if TYPE_CHECKING:
    from pathlib import Path


def poses(count: int, width: int, seed: int = 5) -> np.ndarray:
    """Correlated values about a mean that is not zero."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    hidden = draw.standard_normal((count, 12)) * (0.6 ** np.arange(12))
    mixing = np.random.Generator(np.random.Philox(key=99)).standard_normal((12, width))
    noise = 1e-3 * draw.standard_normal((count, width))
    return (hidden @ mixing + 0.5 + noise).astype(np.float32)


def residual_of_svd(data: np.ndarray, kept: int) -> float:
    """What numpy's decomposition leaves, root mean square of vertices."""
    values = np.linalg.svd(data.astype(np.float64) - data.mean(axis=0, dtype=np.float64), compute_uv=False)
    return float(np.sqrt((values[kept:] ** 2).sum() * 3.0 / data.size))


@pytest.mark.parametrize("shape", [(40, 300), (300, 60)])
def test_residuals_are_those_of_the_full_decomposition(shape: tuple[int, int]) -> None:
    """Both the rows' and the columns' Gram matrix leave what numpy's decomposition leaves."""
    data = poses(*shape)
    for kept in (1, 5, 12):
        found = principal_shapes(data, limit=kept)
        left = found.restored(found.coefficients(data)) - data

        assert residual_of_svd(data, kept) == pytest.approx(float(found.residuals()[kept]), rel=1e-3)
        assert residual_of_svd(data, kept) == pytest.approx(
            float(np.sqrt((left.astype(np.float64) ** 2).sum() * 3.0 / data.size)), rel=1e-3
        )


def test_a_mapped_file_gives_the_same_shapes(tmp_path: Path) -> None:
    """Values read from a memory map, block by block, give what the array in memory gives."""
    data = poses(50, 400)
    np.save(tmp_path / "data.npy", data)

    mapped = principal_shapes(np.load(tmp_path / "data.npy", mmap_mode="r"), limit=6)

    np.testing.assert_array_equal(principal_shapes(data, limit=6).shapes, mapped.shapes)


def test_accuracy_takes_as_few_shapes_as_reach_it() -> None:
    """One shape fewer would not reach the accuracy asked for."""
    found = principal_shapes(poses(60, 300), limit=30, accuracy=0.95)
    count = len(found.shapes)

    assert table(found)[count - 1][1] >= 0.95
    assert table(found)[count - 2][1] < 0.95


def test_what_is_below_noise_is_cut() -> None:
    """Data of three shapes has three, whatever the limit."""
    draw = np.random.Generator(np.random.Philox(key=2))
    data = (draw.standard_normal((40, 3)) @ draw.standard_normal((3, 90))).astype(np.float64)

    assert len(principal_shapes(data, limit=20).shapes) == 3


def test_more_shapes_than_poses_are_refused() -> None:
    """The sentence names both numbers."""
    with pytest.raises(UnderstudyError, match="20 principal shapes were asked of 10 poses"):
        principal_shapes(poses(10, 60), limit=20)


def test_poses_that_are_all_alike_have_one_shape_of_no_size() -> None:
    """No variation is no division by zero."""
    found = principal_shapes(np.ones((5, 30), np.float32), limit=3)

    np.testing.assert_array_equal(np.ones((2, 30)), found.restored(np.zeros((2, len(found.shapes)))))
