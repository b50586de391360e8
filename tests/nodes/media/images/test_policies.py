"""Policies for bad frames."""

from __future__ import annotations

import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.policies import with_policy

from .fakes import FakeFrames


def _bad(*numbers: int) -> FakeFrames:
    return FakeFrames(numbers=(1, 2, 3, 4), bad=frozenset(numbers))


def test_error_raises_when_the_frame_is_read() -> None:
    """The other frames are fine."""
    frames = with_policy(_bad(2), "error", lambda _: None)
    assert frames.numbers == (1, 2, 3, 4)
    assert frames.read(3).pixels[0, 0, 0] == 3
    with pytest.raises(MediaError, match="damaged"):
        frames.read(2)


def test_skip_leaves_bad_frames_out_and_says_so() -> None:
    """Frames are tried once."""
    said: list[str] = []
    bad = _bad(2, 3)
    frames = with_policy(bad, "skip", said.append)
    assert frames.numbers == frames.numbers == (1, 4)
    assert said == ["frames 2-3 can't be read and are skipped"]
    assert set(bad.reads.values()) == {1}


@pytest.mark.parametrize(("bad", "number", "shown"), [((2,), 2, 1), ((2, 3), 3, 1), ((1, 2), 1, 3)])
def test_hold_shows_the_nearest_frame_before_else_after(
    bad: tuple[int, ...], number: int, shown: int
) -> None:
    """Pixels and identity are those of the frame that is held."""
    said: list[str] = []
    frames = with_policy(_bad(*bad), "hold", said.append)
    assert frames.numbers == (1, 2, 3, 4)
    assert frames.read(number).pixels[0, 0, 0] == shown
    assert frames.identity(number) == frames.identity(shown)
    assert said == [f"frame {number} can't be read; frame {shown} is held"]


def test_hold_without_any_good_frame_is_an_error() -> None:
    """Nothing is made up."""
    with pytest.raises(MediaError, match="no frame that can be read"):
        with_policy(_bad(1, 2, 3, 4), "hold", lambda _: None).read(2)
