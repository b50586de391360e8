"""What a frame is like, in numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from understudy.nodes.diagnosis.measures import Measures, measure

from .pictures_made import blurred, photo


def test_sharpness_falls_with_every_step_of_blur() -> None:
    """Whatever the picture shows, and though it be darker or have less contrast."""
    for seed in range(4):
        ladder = [blurred(photo(seed), sigma) for sigma in (0.0, 0.5, 0.8, 1.2, 1.8, 2.7, 4.0)]
        found = [measure(one, linear=False).sharpness for one in ladder]
        assert found == sorted(found, reverse=True)
        assert measure(ladder[0] * 0.2, linear=False).sharpness == pytest.approx(found[0], abs=0.05)


def test_a_sharp_picture_is_sharper_than_another_that_is_blurred() -> None:
    """So that frames of different things can be sorted."""
    sharp = [measure(photo(seed), linear=False).sharpness for seed in range(5)]
    soft = [measure(blurred(photo(seed), 2.0), linear=False).sharpness for seed in range(5)]
    assert min(sharp) > 1.5 * max(soft)


def test_motion_in_one_direction_is_no_sharpness() -> None:
    """A frame smeared from left to right has sharp edges still, along the motion."""
    from scipy import ndimage

    picture = photo(3)
    smeared = ndimage.uniform_filter1d(picture, 13, axis=1)
    found = [measure(one, linear=False).sharpness for one in (picture, smeared)]
    assert found[1] < 0.5 * found[0]


def test_noise_is_its_standard_deviation_and_no_sharpness() -> None:
    """Noise of 0.05 a channel is 0.038 of luminance (the root of the sum of the squared weights)."""
    picture = blurred(photo(4), 2.5)
    noise = np.random.default_rng(4).normal(0, 0.05, picture.shape).astype(np.float32)
    clean, noisy = (measure(one, linear=False) for one in (picture, picture + noise))
    assert noisy.noise == pytest.approx(0.038, rel=0.15)
    assert noisy.sharpness < clean.sharpness + 0.15


def test_what_is_no_number_is_counted_in_every_channel() -> None:
    """Also in one that is not looked at otherwise."""
    picture = np.concatenate([photo(1), np.ones((180, 240, 1), np.float32)], axis=-1)
    picture[5, 5, 0], picture[7, 8, 3], picture[9, 9, 3] = np.inf, np.nan, np.nan
    assert measure(picture, linear=True).bad == 3
    assert np.isfinite(measure(picture, linear=True).sharpness)


def test_values_too_large_to_be_squared_are_numbers() -> None:
    """Float frames may hold them."""
    picture = photo(1)
    picture[5, 5] = 1e30
    assert measure(picture, linear=True).bad == 0


def test_clipped_parts_are_shares() -> None:
    """A quarter is white, a half is black; some pixels stand for all."""
    picture = np.full((200, 200, 3), 0.5, np.float32)
    picture[:, :50], picture[:, 100:] = 1.2, 0.0
    found = measure(picture, linear=False)
    assert (found.white, found.black) == pytest.approx((0.25, 0.5), abs=0.05)


def test_a_jpeg_that_is_cut_short_shows_its_grey_rows() -> None:
    """Readers fill what is missing with the middle grey."""
    picture = photo(2)
    assert measure(picture, linear=False).cut == 0
    picture[90:] = 128 / 255
    assert measure(picture, linear=False).cut == 0.5


def test_linear_values_count_as_a_display_shows_them() -> None:
    """Middle grey is not dark."""
    assert measure(np.full((64, 64, 3), 0.18, np.float32), linear=True).brightness == pytest.approx(
        0.42, abs=0.01
    )


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 200, 1), (20, 20, 4), (2, 2, 2)])
def test_the_smallest_frames_have_measures(shape: tuple[int, int, int]) -> None:
    """Nothing divides by their size."""
    found = measure(np.full(shape, 0.3, np.float32), linear=False)
    assert found.brightness == pytest.approx(0.3, abs=0.01)


def test_measures_survive_being_written_down() -> None:
    """They are kept as JSON, and compared by the thumbnail."""
    found = measure(photo(1), linear=False)
    again = Measures.from_data(json.loads(json.dumps(found.as_data())))
    assert again == found
    assert again.picture().shape == (32, 32)
