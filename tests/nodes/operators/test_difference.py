"""Difference."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.images.frame import Window
from understudy.nodes.operators.difference import Difference

from .pictures import applied, picture


def test_a_difference_is_the_distance_less_offset_times_gain() -> None:
    """Never below 0."""
    one, other = picture((0.5, 0.2, 3.0, 1.0)), picture((0.4, 0.5, 1.0, 1.0))
    result = applied(Difference, one, other, offset=0.2, gain=2.0)
    assert result.pixels[0, 0] == pytest.approx([0, 0.2, 3.6, 0])


def test_only_what_both_have_is_compared() -> None:
    """Channels and pixels."""
    one = picture(np.ones((2, 3, 2)), ("R", "A"), data=Window(0, 0, 3, 2))
    other = picture(np.zeros((2, 3, 2)), ("A", "Z"), data=Window(1, 0, 3, 2))
    result = applied(Difference, one, other)
    assert (result.channels, result.data) == (("A",), Window(1, 0, 2, 2))
    assert (result.pixels == 1).all()


def test_nothing_in_common_is_refused() -> None:
    """A black picture would say that they are alike."""
    with pytest.raises(UnderstudyError, match="no channel in common"):
        applied(Difference, picture((1,), ("A",)), picture((1,), ("Z",)))
    with pytest.raises(UnderstudyError, match="no pixel in common"):
        applied(Difference, picture((1,), ("A",)), picture((1,), ("A",), data=Window(5, 5, 1, 1)))
