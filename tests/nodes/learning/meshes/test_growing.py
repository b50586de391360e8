"""Principal shapes of poses that come in files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.learning.meshes.growing import Beginning, Group, Stacked, extended, groups_of, grown
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes

if TYPE_CHECKING:
    from pathlib import Path


def poses(count: int, width: int, seed: int = 5) -> np.ndarray:
    """Correlated values about a mean that is not zero, whose shapes fall off slowly."""
    draw = np.random.Generator(np.random.Philox(key=seed))
    hidden = draw.standard_normal((count, 60)) * (0.85 ** np.arange(60))
    mixing = np.random.Generator(np.random.Philox(key=99)).standard_normal((60, width))
    return (hidden @ mixing + 0.5).astype(np.float32)


def places(*counts: int) -> np.ndarray:
    """So many poses in each file."""
    return np.array([(file, row) for file, count in enumerate(counts) for row in range(count)], np.int64)


def groups(*counts: int, least: int = 20) -> list[Group]:
    """The groups of files "0", "1" and so on with so many poses."""
    return list(groups_of(places(*counts), [str(i) for i in range(len(counts))], start="", least=least))


def left(data: np.ndarray, shapes: PrincipalShapes) -> float:
    """What shapes leave of values, root mean square."""
    return float(np.sqrt(np.square(shapes.restored(shapes.coefficients(data)) - data).mean(dtype=np.float64)))


def test_poses_that_are_added_count_as_if_they_had_been_there() -> None:
    """Shapes that held all there was, extended by new poses, are the shapes of all."""
    data = poses(80, 240)
    merged = extended(principal_shapes(data[:60], limit=60), data[60:], limit=8)

    np.testing.assert_allclose(
        principal_shapes(data, limit=8).residuals()[:9], merged.residuals()[:9], rtol=1e-4
    )
    assert merged.count == 80


@pytest.mark.parametrize("width", [90, 600])
def test_shapes_of_several_files_are_those_of_all_poses(width: int) -> None:
    """With twice the shapes carried along, those asked for leave what a full decomposition leaves."""
    data = poses(300, width)
    shapes, _ = grown(groups(100, 100, 100), lambda rows: data[rows], 20)

    assert left(data, principal_shapes(data, limit=10)) == pytest.approx(
        left(data, shapes.limited(10)), rel=1e-3
    )
    assert len(shapes.shapes) == 20


def test_a_beginning_that_was_kept_changes_no_bit(tmp_path: Path) -> None:
    """Going on from a file's shapes gives the bytes that all files give, and reads the new poses alone."""
    data = poses(90, 240)
    _, kept = grown(groups(30, 30), lambda rows: data[rows], 20)
    assert kept is not None
    kept.write(tmp_path / "kept.npz")
    read: list[int] = []

    def reading(rows: np.ndarray) -> np.ndarray:
        read.extend(rows)
        return data[rows]

    gone_on, _ = grown(groups(30, 30, 30), reading, 20, Beginning.read(tmp_path / "kept.npz"))
    anew, _ = grown(groups(30, 30, 30), lambda rows: data[rows], 20)

    assert read == list(range(60, 90))
    assert anew.shapes.tobytes() == gone_on.shapes.tobytes()


def test_small_files_are_merged_together() -> None:
    """A group is filled by as many files as it takes; what is left over waits for more."""
    found = groups(8, 8, 8, 5, 30, 3)

    assert [(len(group.rows), group.full) for group in found] == [(24, True), (35, True), (3, False)]


def test_a_group_is_named_by_all_before_it() -> None:
    """A pose that is dropped in the first file renames every group."""
    first, second = (groups_of(places(30, 30)[skip:], ["a", "b"], start="", least=20) for skip in (0, 1))

    assert not {group.name for group in first} & {group.name for group in second}


@pytest.mark.parametrize("size", [0, 300])
def test_a_damaged_beginning_is_not_used(tmp_path: Path, size: int) -> None:
    """Cut short or altered, it is as if there were none."""
    path = tmp_path / "kept.npz"
    _, kept = grown(groups(30), lambda rows: poses(30, 240)[rows], 20)
    assert kept is not None
    kept.write(path)
    whole = bytearray(path.read_bytes())
    assert Beginning.read(path) is not None
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole[:size] if size == 0 else whole)

    assert Beginning.read(path) is None
    assert Beginning.read(tmp_path / "none.npz") is None


def test_stacked_rows_are_scaled_about_their_offset() -> None:
    """Slices across the border of two arrays, of all columns and of some."""
    ones, twos = np.full((2, 4), 1.0, np.float32), np.full((3, 4), 2.0, np.float32)
    rows = Stacked(((ones, np.full((2, 1), 10.0), np.zeros(4)), (twos, np.ones((3, 1)), np.ones(4))))

    assert rows.shape == (5, 4)
    np.testing.assert_array_equal([[10.0] * 4, [1.0] * 4], rows[1:3])
    np.testing.assert_array_equal([[10.0], [10.0], [1.0], [1.0], [1.0]], rows[:, 2:3])
