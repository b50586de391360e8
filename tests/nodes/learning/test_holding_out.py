"""Which frames are measured and never trained on."""

from __future__ import annotations

import pytest

from understudy.nodes.learning.holding_out import REGIONS, Split, held_out, split

AUTO = {"hold_out": "auto", "schedule": "warmup-constant-decay"}


def test_neighbours_are_held_out_together() -> None:
    """Of a hundred frames in a row, a fifth is two blocks of ten, not every fifth frame."""
    chosen = held_out(range(1, 101), 0.2)
    assert chosen == [*range(21, 31), *range(71, 81)]


def test_frames_that_lie_far_apart_are_held_out_one_by_one() -> None:
    """Painted every twelfth frame."""
    assert held_out(range(1, 100, 12), 0.3) == [13, 49, 85]


@pytest.mark.parametrize("count", [2, 3, 7, 40])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.9])
def test_something_is_held_out_and_something_is_left(count: int, share: float) -> None:
    """Whatever the share above 0 and the number of frames."""
    chosen = held_out(range(count), share)
    assert 1 <= len(chosen) == len(set(chosen)) < count


def test_few_frames_hold_out_regions_until_the_rate_falls() -> None:
    """Every painted frame is trained on, and `plan` says what is measured."""
    parts = split(range(50), [1, 20, 49], (), **AUTO)
    assert (parts.training, parts.regions, parts.passing) == ((1, 20, 49), REGIONS, True)
    assert parts.note.endswith("2 regions of each of 3 painted frames, until the learning rate falls")


def test_frames_of_the_validation_input_are_never_trained_on() -> None:
    """Though the groundtruth has them too; then nothing else is held out unasked."""
    parts = split(range(50), [1, 20, 49], [20, 21, 70], **AUTO)
    assert parts == Split((1, 49), validation=(20, 21))
    assert parts.note.endswith("2 frames, 20-21 of validation")


def test_a_schedule_without_a_fall_holds_nothing_out_unasked() -> None:
    """There would be no step from which regions are trained on."""
    parts = split(range(50), [1, 20, 49], (), "auto", "constant")
    assert (parts.regions, str(parts)) == (0, "nothing")
    assert split(range(50), [1, 20], (), "regions", "constant").regions == REGIONS
