"""Crop."""

from __future__ import annotations

import numpy as np

from understudy.nodes.media.images.frame import Window
from understudy.nodes.operators.crop import Crop

from .pictures import applied, picture

PIXELS = np.arange(24, dtype=np.float32).reshape(4, 6, 1)
FRAME = picture(PIXELS, ("Y",), data=Window(-1, -1, 6, 4), display=Window(0, 0, 4, 3))


def test_the_rectangle_becomes_the_format() -> None:
    """Pixels keep their place relative to it."""
    result = applied(Crop, FRAME, x=1, y=1, width=2, height=2)
    assert result.data == result.display == Window(0, 0, 2, 2)
    assert np.array_equal(result.pixels, PIXELS[2:4, 2:4])


def test_the_format_stays_where_that_is_wanted() -> None:
    """Then the data window is cut only."""
    result = applied(Crop, FRAME, x=1, y=1, width=2, height=2, reformat=False)
    assert (result.data, result.display) == (Window(1, 1, 2, 2), Window(0, 0, 4, 3))
    assert np.array_equal(result.pixels, PIXELS[2:4, 2:4])


def test_a_rectangle_larger_than_the_picture_adds_no_pixels() -> None:
    """The display window grows, the data window does not."""
    result = applied(Crop, FRAME, x=-3, y=-3, width=12, height=12)
    assert (result.data, result.display) == (Window(2, 2, 6, 4), Window(0, 0, 12, 12))
    assert np.array_equal(result.pixels, PIXELS)


def test_a_rectangle_beside_the_picture_is_black() -> None:
    """A frame has at least one pixel."""
    result = applied(Crop, FRAME, x=100, y=0, width=2, height=2)
    assert (result.data.area, result.display) == (1, Window(0, 0, 2, 2))
    assert not result.pixels.any()
