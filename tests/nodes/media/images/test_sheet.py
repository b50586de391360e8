"""Pictures for people: exposure, roll-off, checkerboard, heat, and headings that fit."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.media.images.sheet import (
    contact_sheet,
    exposure_for,
    heat,
    over_checkerboard,
    rolled_off,
    to_display,
)


def grey(value: float) -> np.ndarray:
    """A few pixels of one colour."""
    return np.full((4, 4, 3), value, np.float32)


def test_scene_linear_colour_goes_through_the_srgb_curve() -> None:
    """18 % grey is 118 of 255 on an sRGB screen (IEC 61966-2-1); display values stay as they are."""
    assert to_display(grey(0.18), linear=True)[0, 0, 0] == 118
    assert to_display(grey(0.5), linear=False)[0, 0, 0] == 128


def test_a_stop_doubles_the_light() -> None:
    """A tenth shown a stop brighter is what a fifth is."""
    brighter = to_display(grey(0.1), linear=True, exposure=1.0)
    assert (brighter == to_display(grey(0.2), linear=True)).all()


def test_highlights_are_rolled_off() -> None:
    """Up to nine tenths nothing changes; above, order is kept and 1 is never passed."""
    values = np.array([0.0, 0.5, 0.9, 1.0, 1.5, 4.0], np.float32)
    rolled = rolled_off(values)
    assert rolled[:3] == pytest.approx(values[:3])
    assert (np.diff(rolled) > 0).all()
    assert rolled[-1] <= 1.0


@pytest.mark.parametrize(("high", "stops"), [(0.5, 0.0), (2.0, 0.0), (4.0, -2.0), (20.0, -4.5), (0.01, 5.0)])
def test_an_exposure_brings_highlights_into_view(high: float, stops: float) -> None:
    """What is within a quarter and 2 stays; brighter ends at 1 or below, darker at a quarter or more."""
    assert exposure_for(grey(high)) == stops


def test_numbers_that_are_none_are_magenta() -> None:
    """NaN and infinity stand out, in colour as in heat."""
    pixels = grey(0.2)
    pixels[0, 0], pixels[1, 1] = np.nan, np.inf
    shown = to_display(pixels, linear=True)
    assert tuple(shown[0, 0]) == tuple(shown[1, 1]) == (255, 0, 255)
    assert tuple(heat(np.full((1, 1), np.nan, np.float32), 1.0)[0, 0]) == (255, 0, 255)


def test_heat_goes_from_green_over_yellow_to_red() -> None:
    """0, half and all of what is red, and beyond it the same red."""
    green, yellow, red, beyond = heat(np.array([[0.0, 1.0, 2.0, 9.0]], np.float32), 2.0)[0].astype(int)
    assert green[1] > 2 * green[0]
    assert min(yellow[:2]) > 200
    assert red[0] > 2 * red[1]
    assert (red == beyond).all()


def test_half_alpha_is_half_of_the_board() -> None:
    """A white picture over the lighter square: 255 and 150 meet in the middle."""
    shown = over_checkerboard(np.full((4, 4, 3), 255, np.uint8), np.full((4, 4), 0.5, np.float32))
    assert shown[0, 0, 0] in (202, 203)


def test_a_long_heading_is_broken_into_lines() -> None:
    """It takes height, and no more than its column's width."""
    pictures = [[np.zeros((20, 80, 3), np.uint8)] * 2]
    short = contact_sheet(pictures, ["a", "b"], ["1"])
    long = contact_sheet(pictures, ["a", "a heading of many more words"], ["1"])
    assert long.width == short.width
    assert long.height > short.height
