"""ColorSpace."""

from __future__ import annotations

import pytest

from understudy.nodes.operators.color_space import ColorSpace

from .pictures import applied, faults, picture


def test_colour_is_converted_and_the_rest_passes_through() -> None:
    """The frame says in which space it is then."""
    result = applied(
        ColorSpace, picture((0.5, 0.5, 0.5, 0.3)), colorspace_in="srgb_texture", colorspace_out="lin_rec709"
    )
    assert result.pixels[0, 0] == pytest.approx([0.21404, 0.21404, 0.21404, 0.3], abs=1e-4)
    assert result.metadata["oiio:ColorSpace"] == "Linear Rec.709 (sRGB)"


def test_an_unknown_colour_space_is_a_fault() -> None:
    """With the nearest name; nothing runs."""
    node = ColorSpace("linear", {"colorspace_in": "srgb_textur"})
    assert 'Did you mean "srgb_texture"?' in faults(node, "input")
    assert not faults(ColorSpace("linear"), "input")
