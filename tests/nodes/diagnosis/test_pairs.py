"""Faults of pairs of input and ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.diagnosis.pairs import pair_faults
from understudy.nodes.diagnosis.sets import as_data, describe_pair, from_data, set_faults
from understudy.nodes.diagnosis.transfer import srgb_decoded

from .pictures_made import blurred, moved, photo, subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]


def kinds(source: Pixels, truth: Pixels) -> list[str]:
    """What is wrong with a pair."""
    return [one.kind for one in pair_faults(source, truth)]


def graded(picture: Pixels) -> Pixels:
    """A grade: warmer, with more contrast."""
    warm = picture * np.float32((1.1, 1.0, 0.85))
    return np.asarray(np.clip(0.5 + 1.25 * (warm - 0.5), 0, 1), np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_healthy_pairs_raise_no_alarm(seed: int) -> None:
    """A matte, a grade, a restoration and a changed exposure are what people train on."""
    picture, matte = subject(seed)
    noise = np.random.default_rng(seed).normal(0, 0.05, picture.shape).astype(np.float32)
    for source, truth in (
        (picture, matte),
        (picture, graded(picture)),
        (blurred(picture, 1.2), picture),
        (picture + noise, picture),
        (picture, picture * 0.5),
        (picture, 1 - picture),
    ):
        assert kinds(source, truth) == []


@pytest.mark.parametrize("shift", [(9, -6), (-2, 3), (0, 17)])
def test_a_shift_is_told_in_pixels(shift: tuple[int, int]) -> None:
    """To half a pixel, through a grade; of a matte to the two pixels to which one is drawn."""
    picture, matte = subject(5)
    (found,) = pair_faults(picture, moved(graded(picture), *shift))
    assert found.kind == "misaligned"
    assert (found.evidence["shift_x_px"], found.evidence["shift_y_px"]) == pytest.approx(shift, abs=0.5)
    if max(np.abs(shift)) > 4:
        (found,) = pair_faults(picture, moved(matte, *shift))
        assert found.kind == "misaligned"
        assert (found.evidence["shift_x_px"], found.evidence["shift_y_px"]) == pytest.approx(shift, abs=2.0)


def test_a_sentence_says_where_the_truth_lies() -> None:
    """A person is told sides and pixels."""
    picture = photo(6)
    (found,) = pair_faults(picture, moved(picture, 12, -5))
    assert found.sentence.startswith("the truth lies 12 pixels to the right and 5 above of the input")


@pytest.mark.parametrize("scale", [0.9, 1.06, 1.3])
def test_another_scale_is_told(scale: float) -> None:
    """To one in a hundred; about the centre, as a wrong Reformat makes it."""
    from scipy import ndimage

    picture = photo(7)
    middle = (np.array(picture.shape[:2]) - 1) / 2
    offset = middle - middle / scale
    channels = [ndimage.affine_transform(picture[..., one], [1 / scale] * 2, offset, order=1, mode="reflect")
                for one in range(3)]  # fmt: skip
    (found,) = pair_faults(picture, np.stack(channels, -1))
    assert found.kind == "scale"
    assert found.evidence["scale"] == pytest.approx(scale, abs=0.01)


def test_other_sizes_are_a_fault_of_scale() -> None:
    """Nothing else is looked at."""
    (found,) = pair_faults(photo(1), photo(1)[::2, ::2])
    assert found.kind == "scale"
    assert "240 x 180" in found.sentence


def test_a_wrong_transfer_is_named_with_its_curve() -> None:
    """The truth was made linear, and nothing else was done to it."""
    picture = photo(8)
    (found,) = pair_faults(picture, np.asarray(srgb_decoded(picture), np.float32))
    assert found.kind == "gamma"
    assert "made linear" in str(found.evidence["curve"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [(lambda matte: 0 * matte, "empty matte"), (lambda matte: 0 * matte + 1, "empty matte"),
     (lambda matte: 1 - matte, "inverted matte")],
)  # fmt: skip
def test_mattes_that_are_empty_full_or_inverted_are_told(change: object, expected: str) -> None:
    """A full one is as empty as an empty one."""
    picture, matte = subject(9)
    assert kinds(picture, change(matte)) == [expected]  # type: ignore[operator]


def test_a_matte_as_the_input_is_swapped() -> None:
    """Whether it is written with one channel or with three."""
    picture, matte = subject(10)
    assert kinds(matte, picture) == ["swapped"]
    assert kinds(np.repeat(matte, 3, -1), picture) == ["swapped"]


def test_values_that_are_no_numbers_do_not_matter() -> None:
    """NaN and infinity in the input hide no fault and make none."""
    picture, matte = subject(11)
    picture[20:24, 20:24] = np.nan
    picture[60, 60] = np.inf
    assert kinds(picture, matte) == []
    assert kinds(picture, moved(matte, 12, 9)) == ["misaligned"]


def test_a_set_tells_the_pair_that_goes_the_other_way() -> None:
    """A restoration and a grade that are swapped look healthy alone; among others they do not."""
    pictures = [photo(seed) for seed in range(20, 27)]
    for job in (lambda one: (blurred(one, 1.5), one), lambda one: (one, graded(one))):
        pairs = [job(one) for one in pictures]
        assert set_faults(pairs) == [[]] * 7
        pairs[4] = pairs[4][::-1]
        assert [[one.kind for one in found] for found in set_faults(pairs)] == [[]] * 4 + [["swapped"]] + [
            []
        ] * 2


def test_a_set_tells_a_wrong_transfer_behind_a_grade() -> None:
    """The other pairs show what the grade is."""
    pairs = [(one, graded(one)) for one in (photo(seed) for seed in range(20, 27))]
    pairs[2] = (pairs[2][0], np.asarray(srgb_decoded(pairs[2][1]), np.float32))
    assert [[one.kind for one in found] for found in set_faults(pairs)] == [[]] * 2 + [["gamma"]] + [[]] * 4


def mixed(picture: Pixels, stops: float) -> Pixels:
    """A grade that mixes channels, and an exposure of its own."""
    grey = picture.mean(-1, keepdims=True)
    return np.asarray(np.clip((0.06 + 0.7 * (0.5 * grey + 0.5 * picture)) * 2.0**stops, 0, 1), np.float32)


def test_a_set_tells_a_wrong_transfer_where_grades_scatter() -> None:
    """Exposures differ within an eighth of a stop, and only the wrong curve is told."""
    stops = np.random.default_rng(3).uniform(-0.125, 0.125, 8)
    pairs = [(one, mixed(one, stop)) for one, stop in zip(map(photo, range(30, 38)), stops, strict=True)]
    assert set_faults(pairs) == [[]] * 8
    for place in (1, 6):
        wrong = np.asarray(srgb_decoded(pairs[place][1]), np.float32)
        spoilt = [*pairs[:place], (pairs[place][0], wrong), *pairs[place + 1 :]]
        told = [[one.kind for one in found] for found in set_faults(spoilt)]
        assert told == [["gamma"] if at == place else [] for at in range(8)]


def test_a_set_tells_a_truth_that_is_out_of_focus() -> None:
    """Its input is sharp."""
    pairs = [(one, graded(one)) for one in (photo(seed) for seed in range(20, 27))]
    pairs[6] = (pairs[6][0], blurred(pairs[6][1], 2.5))
    assert [[one.kind for one in found] for found in set_faults(pairs)] == [[]] * 6 + [["blurred"]]


def test_mattes_that_are_all_inverted_are_meant_so() -> None:
    """Somebody mattes the background; one among others is told."""
    subjects = [subject(seed) for seed in range(6)]
    assert set_faults([(one, 1 - matte) for one, matte in subjects]) == [[]] * 6


def test_a_description_survives_being_written_down() -> None:
    """It is kept as JSON, and gives the same findings."""
    import json

    picture, matte = subject(12)
    for pair in (describe_pair(picture, moved(matte, 14, 3)), describe_pair(picture, graded(picture))):
        assert from_data(json.loads(json.dumps(as_data(pair)))) == pair
