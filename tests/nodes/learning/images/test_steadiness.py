"""Flicker that the plate does not explain, and seams."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from understudy.nodes.learning.images.steadiness import flicker, seams


def texture(seed: int = 0, height: int = 96, width: int = 128) -> np.ndarray:
    """Blurred noise, (H, W, 3), something to follow everywhere."""
    noise = np.random.Generator(np.random.Philox(seed)).normal(size=(height, width, 3))
    return (gaussian_filter(noise, (2, 2, 0)) * 4).astype(np.float32)


def disc(x: float, height: int = 96, width: int = 128) -> np.ndarray:
    """A matte of a disc."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.clip(20.5 - np.hypot(columns - x, rows - 48), 0, 1).astype(np.float32)[..., None]


def test_a_still_matte_of_a_still_plate_has_no_flicker() -> None:
    """All of the picture is followed, and nothing changes."""
    plate = texture()
    found = flicker((plate, plate), (disc(60), disc(60)))
    assert found.change == 0.0
    assert found.followed == 1.0


def test_what_moves_with_the_plate_is_no_flicker() -> None:
    """Plate and matte move by six pixels; a matte that stays behind changes ten times as much."""
    plates = (texture(), np.roll(texture(), 6, 1))
    moving = flicker(plates, (disc(60), disc(66)))
    left_behind = flicker(plates, (disc(60), disc(60)))
    assert moving.followed > 0.9
    assert moving.change < 0.1 * left_behind.change


def test_flicker_is_the_mean_change() -> None:
    """A matte that goes from 0 to 0.2 everywhere on a still plate flickers by 0.2."""
    plate, flat = texture(), np.zeros((96, 128, 1), np.float32)
    assert flicker((plate, plate), (flat, flat + 0.2)).change == pytest.approx(0.2, abs=1e-6)


def test_what_can_not_be_followed_is_left_out() -> None:
    """After a cut only what happens to look alike is found again: a quarter of soft noise, not all of it."""
    found = flicker((texture(1), texture(2)), (disc(20), disc(100)))
    assert found.followed < 0.4


def test_a_seam_is_found_where_it_lies() -> None:
    """Three hundredths of the range along a column, in every frame, against a soft picture."""
    plates = np.stack([texture(seed) for seed in range(3)])
    results = np.stack([disc(40 + 9 * step) for step in range(3)])
    seamless = seams(results, plates)
    results[:, :, 70:] += 0.03
    found = seams(results, plates)
    assert seamless.times < 2.0
    assert (found.axis, found.place) == ("column", 70)
    assert found.times > 5.0
