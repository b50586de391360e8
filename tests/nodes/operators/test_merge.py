"""Merge."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.images.frame import Window
from understudy.nodes.operators.merge import Merge

from .pictures import applied, picture

A = picture((0.4, 0.2, 2.0, 0.5))
B = picture((0.6, 0.8, 1.0, 0.25))

EXPECTED = {
    "over": (0.7, 0.6, 2.5, 0.625),
    "under": (0.9, 0.95, 2.5, 0.625),
    "atop": (0.4, 0.45, 1.0, 0.25),
    "in": (0.1, 0.05, 0.5, 0.125),
    "out": (0.3, 0.15, 1.5, 0.375),
    "mask": (0.3, 0.4, 0.5, 0.125),
    "stencil": (0.3, 0.4, 0.5, 0.125),
    "xor": (0.6, 0.55, 2.0, 0.5),
    "matte": (0.5, 0.5, 1.5, 0.375),
    "copy": (0.4, 0.2, 2.0, 0.5),
    "plus": (1.0, 1.0, 3.0, 0.75),
    "minus": (-0.2, -0.6, 1.0, 0.25),
    "from": (0.2, 0.6, -1.0, -0.25),
    "average": (0.5, 0.5, 1.5, 0.375),
    "multiply": (0.24, 0.16, 2.0, 0.125),
    "divide": (0.4 / 0.6, 0.25, 2.0, 2.0),
    "difference": (0.2, 0.6, 1.0, 0.25),
    "hypot": (0.52**0.5, 0.68**0.5, 5**0.5, 0.3125**0.5),
    "max": (0.6, 0.8, 2.0, 0.5),
    "min": (0.4, 0.2, 1.0, 0.25),
    "screen": (0.76, 0.84, 2.0, 0.625),
}


@pytest.mark.parametrize("operation", Merge.knobs["operation"].choices)
def test_operations_have_their_usual_meaning(operation: str) -> None:
    """Premultiplied colour; nothing is clamped."""
    assert applied(Merge, B, A, operation=operation).pixels[0, 0] == pytest.approx(EXPECTED[operation])


def test_a_result_is_laid_over_the_plate_by_the_matte() -> None:
    """Copy inside the mask; the plate's other channels pass through, and its NaN stays outside."""
    plate = picture([[(1, 1, 1, 7), (1, 1, np.inf, 7)]], ("R", "G", "B", "depth.Z"))
    result = picture([[(3, 3, 3), (3, 3, 3)]], ("R", "G", "B"))
    matte = picture([[[0.25], [0.0]]], ("A",))
    merged = applied(Merge, plate, result, matte, operation="copy")
    assert merged.channels == ("R", "G", "B", "depth.Z")
    assert merged.pixels[0, 0].tolist() == [1.5, 1.5, 1.5, 7]


def test_the_result_covers_both_and_has_the_format_of_b() -> None:
    """Outside its data window a picture is black and transparent."""
    a = picture(np.ones((1, 2, 4)), data=Window(3, 0, 2, 1))
    b = picture(np.full((1, 2, 4), 0.5), data=Window(0, 0, 2, 1), display=Window(0, 0, 9, 9))
    merged = applied(Merge, b, a)
    assert (merged.data, merged.display) == (Window(0, 0, 5, 1), Window(0, 0, 9, 9))
    assert merged.pixels[0, :, 0].tolist() == [0.5, 0.5, 0, 1, 1]


def test_mix_takes_a_part_of_the_result() -> None:
    """Half of it."""
    assert applied(Merge, B, A, operation="copy", mix=0.5).pixels[0, 0] == pytest.approx(
        [0.5, 0.5, 1.5, 0.375]
    )


def test_channels_that_only_a_has_are_added_where_they_are_chosen() -> None:
    """B counts as black there."""
    merged = applied(Merge, picture((1, 1, 1), ("R", "G", "B")), A, operation="plus")
    assert merged.channels == ("R", "G", "B", "A")
    assert merged.pixels[0, 0] == pytest.approx([1.4, 1.2, 3.0, 0.5])


def test_a_missing_alpha_is_refused_where_it_is_used() -> None:
    """A picture without alpha would cover nothing, silently."""
    opaque = picture((1, 1, 1), ("R", "G", "B"))
    with pytest.raises(UnderstudyError, match="over needs alpha, and A has R, G, B only"):
        applied(Merge, B, opaque)
    with pytest.raises(UnderstudyError, match="in needs alpha, and B has R, G, B only"):
        applied(Merge, opaque, A, operation="in")
    applied(Merge, opaque, A, operation="over")


def test_a_tall_frame_is_merged_everywhere_alike() -> None:
    """It is computed in bands of rows."""
    values = np.random.default_rng(0).random((2, 150, 2, 4), np.float32)
    whole = applied(Merge, picture(values[0]), picture(values[1])).pixels
    part = applied(Merge, picture(values[0, 140:]), picture(values[1, 140:])).pixels
    assert np.array_equal(whole[140:], part)
