"""Shuffle."""

from __future__ import annotations

import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.images.frame import Window
from understudy.nodes.operators.shuffle import Shuffle

from .pictures import applied, faults, picture

FRAME = picture((0.1, 0.2, 0.3, 0.4, 9.0), ("R", "G", "B", "A", "depth.Z"))


def test_channels_are_renamed_copied_and_filled() -> None:
    """In the order in which they are written; others are dropped."""
    result = applied(Shuffle, FRAME, channels=["R = depth.Z", "G=A, B=0", "A=1"])
    assert result.channels == ("R", "G", "B", "A")
    assert result.pixels[0, 0] == pytest.approx([9.0, 0.4, 0, 1])


def test_channels_are_taken_of_a_second_input() -> None:
    """Which is fitted to the first one's window."""
    other = picture([[[5.0]]], ("Z",), data=Window(4, 4, 1, 1))
    assert applied(Shuffle, FRAME, other, channels=["rgb", "A = other:Z"]).pixels[0, 0] == pytest.approx(
        [0.1, 0.2, 0.3, 0]
    )


def test_other_channels_pass_through_where_they_are_kept() -> None:
    """Only what is named changes."""
    result = applied(Shuffle, FRAME, channels="A = 1", keep=True)
    assert result.channels == FRAME.channels
    assert result.pixels[0, 0] == pytest.approx([0.1, 0.2, 0.3, 1, 9])


def test_an_unknown_channel_is_refused() -> None:
    """With the nearest name."""
    with pytest.raises(UnderstudyError, match=r'"depth\.z".*did you mean "depth\.Z"'):
        applied(Shuffle, FRAME, channels="R = depth.z")


def test_taking_from_an_input_that_is_not_connected_is_a_fault() -> None:
    """It is found before anything runs."""
    node = Shuffle("swap", {"channels": ("R = other:A",)})
    assert "inputs: other is not connected" in faults(node, "input")
    assert not faults(node, "input", "other")
