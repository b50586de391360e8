"""Colour spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.media.images.colour import ColourError, canonical, converted
from understudy.nodes.media.images.frame import Frame, Window

if TYPE_CHECKING:
    from collections.abc import Sequence


def _frame(values: Sequence[float], channels: tuple[str, ...] = ("R", "G", "B", "A")) -> Frame:
    window = Window(0, 0, 1, 1)
    return Frame(pixels=np.array([[values]], np.float32), channels=channels, data=window, display=window)


def test_srgb_becomes_linear_and_alpha_is_left_alone() -> None:
    """The curve is that of IEC 61966-2-1."""
    frame = converted(_frame((0.5, 0.04, 1.0, 0.25)), "srgb_texture", "lin_rec709")
    assert frame.pixels[0, 0] == pytest.approx([0.21404, 0.0030960, 1.0, 0.25], abs=1e-4)
    assert frame.metadata["oiio:ColorSpace"] == "Linear Rec.709 (sRGB)"


def test_values_beyond_white_and_below_black_are_not_cut() -> None:
    """Scene-linear light goes through a change of primaries and back."""
    light = (40.0, -0.2, 3.0, 1.0)
    there = converted(_frame(light), "ACEScg", "lin_rec709")
    assert converted(there, "lin_rec709", "ACEScg").pixels[0, 0] == pytest.approx(light, rel=1e-4)


def test_channels_in_any_order_are_found_by_name() -> None:
    """Colour is R, G and B wherever they stand."""
    frame = converted(_frame((0.25, 1.0, 0.5, 0.0), ("A", "B", "R", "G")), "srgb_texture", "lin_rec709")
    assert frame.pixels[0, 0] == pytest.approx([0.25, 1.0, 0.21404, 0.0], rel=1e-4, abs=1e-6)


def test_an_unknown_colour_space_is_named_with_the_nearest() -> None:
    """Names, aliases and roles of the config are all candidates."""
    with pytest.raises(ColourError, match='no colour space "ACEScgg"') as refused:
        canonical("ACEScgg")
    assert refused.value.suggestion == 'Did you mean "ACEScg"?'


def test_a_frame_without_colour_is_refused() -> None:
    """A matte has no colour space."""
    with pytest.raises(ColourError, match="the frame has A"):
        converted(_frame((0.5,), ("A",)), "srgb_texture", "lin_rec709")


def test_a_tall_frame_is_converted_everywhere_alike() -> None:
    """It is computed in bands of rows."""
    values = np.random.default_rng(0).random((600, 2, 3), np.float32)
    window = Window(0, 0, 2, 600)
    frame = Frame(pixels=values, channels=("R", "G", "B"), data=window, display=window)
    whole = converted(frame, "srgb_texture", "ACEScg").pixels
    part = converted(frame.fitted(Window(0, 590, 2, 10)), "srgb_texture", "ACEScg").pixels
    assert np.array_equal(whole[590:], part)
