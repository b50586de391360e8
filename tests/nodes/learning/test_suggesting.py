"""Which frames to paint next: by uncertainty, by looks and by time."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.suggesting import Shot, expected_error, frames_to_paint, shot_of, thumbnail
from understudy.nodes.media.images.frame import Frame, FrameSpec, Window


class Ramp:
    """Frames 1 to N of one brightness each; from `turn` on they are of another colour."""

    def __init__(self, count: int = 21, turn: int | None = None) -> None:
        self.numbers = tuple(range(1, count + 1))
        self.turn = turn

    def spec(self, number: int) -> FrameSpec:
        """As the frame says."""
        return self.read(number).spec()

    def identity(self, number: int) -> str:
        """Nobody asks."""
        raise NotImplementedError

    def read(self, number: int) -> Frame:
        """A frame of 32 x 18."""
        window = Window(0, 0, 32, 18)
        pixels = np.full((18, 32, 3), 0.3, np.float32)
        if self.turn is not None and number >= self.turn:
            pixels[..., 0] = 0.9
        return Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)


def suggested(shot: Shot, count: int) -> list[int]:
    """The frames alone."""
    return [one.frame for one in frames_to_paint(shot, count)]


def test_where_nothing_differs_they_are_evenly_spaced() -> None:
    """Between painted first and last frames of 21, one is in the middle, and three are at the quarters.

    A frame to either side: it leaves as much.
    """
    shot = shot_of(Ramp(), [1, 21])
    assert suggested(shot, 1) == pytest.approx([11], abs=1)
    assert sorted(suggested(shot, 3)) == pytest.approx([6, 11, 16], abs=1)


def test_what_looks_like_nothing_painted_comes_first() -> None:
    """Of 30 frames the last ten have another colour and none is painted: the first is among them."""
    shot = shot_of(Ramp(30, turn=21), [1, 10, 20])
    first = frames_to_paint(shot, 1)[0]
    assert 21 <= first.frame <= 30
    assert "unlike all painted frames" in first.reason


def test_suggestions_go_where_the_model_is_unsure() -> None:
    """With ten times the doubt in the second half, three of four suggestions lie there, else two."""
    shot = shot_of(Ramp(), [1, 21], lambda number: 1.0 if number > 11 else 0.1)
    assert sum(frame > 11 for frame in suggested(shot, 4)) == 3
    assert sum(frame > 11 for frame in suggested(shot_of(Ramp(), [1, 21]), 4)) == 2


def test_no_two_suggestions_crowd() -> None:
    """One frame of much doubt draws one suggestion and not three."""
    shot = shot_of(Ramp(), [1, 21], lambda number: 20.0 if number == 8 else 0.1)
    frames = sorted(suggested(shot, 3))
    assert 8 in frames
    assert min(np.diff(frames)) > 2


def test_scores_fall_and_are_shares() -> None:
    """The first suggestion takes away most, all together no more than there is."""
    scores = [one.score for one in frames_to_paint(shot_of(Ramp(), [1, 21]), 19)]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1.0)


def test_nothing_painted_yet_begins_in_the_middle() -> None:
    """Without any painted frame the first suggestion is the one that stands for all others."""
    assert suggested(shot_of(Ramp(), []), 1) == [11]


def test_there_are_no_more_than_unpainted_frames() -> None:
    """Of four frames with two painted, two can be suggested, however many are asked for."""
    assert sorted(suggested(shot_of(Ramp(4), [1, 4]), 10)) == [2, 3]


def test_a_long_shot_is_looked_at_here_and_there() -> None:
    """Of 2,000 frames no more than 66 are decoded, and the painted ones are among them."""
    shot = shot_of(Ramp(2000), [777, 778])
    assert len(shot.numbers) <= 66
    assert {777, 778} <= set(shot.numbers)


def test_highlights_do_not_outweigh_the_rest() -> None:
    """A thumbnail stays within -1 and 1, NaN and infinity included."""
    window = Window(0, 0, 32, 18)
    pixels = np.full((18, 32, 3), 5000.0, np.float32)
    pixels[0] = np.nan
    pixels[1] = np.inf
    small = thumbnail(Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window))
    assert np.abs(small).max() <= 1.0


def test_the_error_of_a_matte_is_a_share_of_what_it_covers() -> None:
    """The same doubt weighs more in a frame whose subject is small."""
    doubt = np.full((10, 10, 1), 0.1, np.float32)
    small, large = (np.zeros((10, 10, 1), np.float32) for _ in range(2))
    small[:2], large[:8] = 1.0, 1.0
    assert expected_error(doubt, small) > 3 * expected_error(doubt, large)
    assert expected_error(doubt) == pytest.approx(0.01)
