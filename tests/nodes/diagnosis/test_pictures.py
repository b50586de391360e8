"""Pictures of wrong pairs."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.diagnosis.pictures import difference, pair_picture


def plain(value: int) -> np.ndarray:
    """A picture of one grey."""
    return np.full((20, 30, 3), value, np.uint8)


@pytest.mark.parametrize(
    ("one", "other", "expected", "times"),
    [(90, 90, 128, 4), (90, 100, 168, 4), (90, 60, 8, 4), (90, 130, 208, 2), (20, 140, 248, 1)],
)
def test_a_difference_is_as_strong_as_fits(one: int, other: int, expected: int, times: int) -> None:
    """Grey where both are alike, light where the other is brighter; single precision may miss one step."""
    found, told = difference(plain(one), plain(other))
    assert told == times
    assert abs(found.astype(int) - expected).max() <= 1


def test_two_pictures_are_shown_beside_each_other_and_a_matte_on_its_plate() -> None:
    """The sheet is three pictures wide; a plate with an outline keeps its size."""
    plate = np.random.default_rng(1).uniform(0, 1, (40, 60, 3)).astype(np.float32)
    assert pair_picture(plate, plate[::-1], linear=False, title="7").width > 3 * 480
    matte = np.zeros((40, 60, 1), np.float32)
    assert pair_picture(plate, matte, linear=False, title="7").size == (60, 40)
