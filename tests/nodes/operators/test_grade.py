"""Grade."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.operators.grade import Grade

from .pictures import applied, picture


def test_without_changes_a_frame_is_left_alone() -> None:
    """NaN and infinity included."""
    frame = picture((0.1, np.nan, np.inf, 0.5))
    assert np.array_equal(applied(Grade, frame).pixels, frame.pixels, equal_nan=True)


def test_the_ramp_is_nuke_s() -> None:
    """Black point to lift, white point to gain, times multiply, plus offset; alpha passes through."""
    result = applied(
        Grade,
        picture((0.1, 0.5, 0.3, 0.5)),
        blackpoint=0.1,
        whitepoint=0.5,
        lift=0.2,
        gain=0.8,
        multiply=2.0,
        offset=0.1,
    )
    # A = 2 * 0.6 / 0.4 = 3, B = 0.1 + 0.2 - 0.3 = 0
    assert result.pixels[0, 0] == pytest.approx([0.3, 1.5, 0.9, 0.5])


def test_gamma_bends_between_black_and_white_only() -> None:
    """Below 0 nothing happens, above 1 the curve goes on straight."""
    result = applied(Grade, picture((0.25, -0.5, 3.0, 0.25)), gamma=2.0)
    assert result.pixels[0, 0] == pytest.approx([0.5, -0.5, 2.0, 0.25])


def test_each_channel_can_have_its_number() -> None:
    """In the order of the channels chosen."""
    result = applied(Grade, picture((1, 1, 1, 1)), channels="rgba", multiply=[1.0, 2.0, 3.0, 0.5])
    assert result.pixels[0, 0].tolist() == [1, 2, 3, 0.5]


def test_numbers_that_do_not_fit_the_channels_are_refused() -> None:
    """And so is a ramp without a slope."""
    with pytest.raises(UnderstudyError, match="multiply has 2 numbers for 3 channels"):
        applied(Grade, picture((1, 1, 1, 1)), multiply=[1.0, 2.0])
    with pytest.raises(UnderstudyError, match="whitepoint and blackpoint are the same"):
        applied(Grade, picture((1, 1, 1, 1)), blackpoint=1.0)


def test_a_tall_frame_is_graded_everywhere_alike() -> None:
    """It is computed in bands of rows."""
    values = np.random.default_rng(0).random((150, 2, 4), np.float32)
    whole = applied(Grade, picture(values), gamma=2.0).pixels
    assert np.array_equal(whole[140:], applied(Grade, picture(values[140:]), gamma=2.0).pixels)
