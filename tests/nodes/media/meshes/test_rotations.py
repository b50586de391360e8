"""Rotations as numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from understudy.nodes.media.meshes import rotations

TURNS = Rotation.from_rotvec(np.random.Generator(np.random.Philox(key=3)).uniform(-2.5, 2.5, (200, 3)))


def test_vectors_and_quaternions_agree_with_scipy() -> None:
    """Rodrigues' formula and the quaternions are those of scipy."""
    matrices = rotations.from_vectors(TURNS.as_rotvec())
    expected = np.roll(TURNS.as_quat(), 1, axis=1)

    np.testing.assert_allclose(TURNS.as_matrix(), matrices, atol=1e-12)
    np.testing.assert_allclose(
        np.where(expected[:, :1] < 0, -expected, expected), rotations.quaternions(matrices), atol=1e-9
    )


def test_half_turns_have_quaternions() -> None:
    """A turn by 180 degrees, where the trace is -1, is no division by zero."""
    half = rotations.from_vectors(np.array([[0.0, np.pi, 0.0]]))

    np.testing.assert_allclose([[0.0, 0.0, 1.0, 0.0]], np.abs(rotations.quaternions(half)), atol=1e-9)


def test_six_numbers_are_two_columns() -> None:
    """6D holds the first two columns of the matrix."""
    matrix = TURNS.as_matrix()[:1]

    np.testing.assert_array_equal(
        np.concatenate([matrix[0, :, 0], matrix[0, :, 1]]), rotations.sixd(matrix)[0]
    )


def test_polar_takes_stretch_away() -> None:
    """The polar part of a rotation times a stretch is the rotation."""
    stretch = np.diag([0.4, 1.0, 2.5])

    np.testing.assert_allclose(TURNS.as_matrix(), rotations.polar(TURNS.as_matrix() @ stretch), atol=1e-6)


def test_polar_of_a_flat_matrix_is_a_rotation() -> None:
    """A matrix that flattens space still gets a rotation."""
    found = rotations.polar(np.array([np.diag([1.0, 1.0, 0.0])]))[0]

    np.testing.assert_allclose(np.eye(3), found @ found.T, atol=1e-9)
    assert np.linalg.det(found) == pytest.approx(1.0)


def test_relative_rotation_is_against_the_parent_at_rest() -> None:
    """A joint that follows its parent is at rest, whatever the parent does."""
    bind = np.concatenate([TURNS[:2].as_matrix(), np.zeros((2, 3, 1))], axis=-1)
    moved = TURNS[5].as_matrix() @ bind

    found = rotations.relative(moved[None], bind, np.array([-1, 0]))

    np.testing.assert_allclose(np.tile(np.eye(3), (1, 2, 1, 1)), found, atol=1e-6)
