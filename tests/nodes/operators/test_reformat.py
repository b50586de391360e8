"""Reformat."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.media.images.frame import Window
from understudy.nodes.operators.reformat import Reformat

from .pictures import applied, picture

WHITE = picture(np.ones((8, 16, 3)), ("R", "G", "B"))


@pytest.mark.parametrize(
    ("resize", "data"),
    [
        ("width", Window(0, 8, 32, 16)),
        ("height", Window(-16, 0, 64, 32)),
        ("fit", Window(0, 8, 32, 16)),
        ("fill", Window(-16, 0, 64, 32)),
        ("distort", Window(0, 0, 32, 32)),
        ("none", Window(8, 12, 16, 8)),
    ],
)
def test_the_picture_is_scaled_and_centred_in_the_new_format(resize: str, data: Window) -> None:
    """What reaches over the format is kept in the data window; a constant stays constant."""
    result = applied(Reformat, WHITE, width=32, height=32, resize=resize)
    assert (result.data, result.display) == (data, Window(0, 0, 32, 32))
    assert result.pixels == pytest.approx(np.ones((data.height, data.width, 3)), abs=1e-5)


def test_a_corner_stays_at_the_corner_where_nothing_is_centred() -> None:
    """Of the display window."""
    assert applied(Reformat, WHITE, width=8, height=8, center=False).data == Window(0, 0, 8, 4)


def test_overscan_is_scaled_along() -> None:
    """The data window keeps its place relative to the format, whatever its origin."""
    frame = picture(np.ones((6, 8, 1)), ("Y",), data=Window(8, 9, 8, 6), display=Window(10, 10, 4, 4))
    result = applied(Reformat, frame, width=8, height=8)
    assert (result.data, result.display) == (Window(-4, -2, 16, 12), Window(0, 0, 8, 8))


def test_halving_by_a_box_averages_four_pixels() -> None:
    """In place, without a shift."""
    values = np.random.default_rng(1).random((8, 16, 1), np.float32)
    result = applied(Reformat, picture(values, ("Y",)), width=8, height=4, filter="box")
    assert result.pixels == pytest.approx(values.reshape(4, 2, 8, 2, 1).mean((1, 3)), abs=1e-6)


def test_the_same_size_gives_the_same_picture() -> None:
    """With a filter that goes through its points."""
    values = np.random.default_rng(2).random((8, 16, 1), np.float32)
    result = applied(Reformat, picture(values, ("Y",)), width=16, height=8, filter="catmull-rom")
    assert result.pixels == pytest.approx(values, abs=1e-6)
