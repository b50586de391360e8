"""Small pictures of meshes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.media.meshes import shading

if TYPE_CHECKING:
    from understudy.nodes.media.meshes.rig import Rig


def test_a_picture_shows_the_mesh_in_its_middle(rig: Rig) -> None:
    """The bar stands upright: the centre is lit, the left edge is background."""
    picture = shading.shaded(rig.rest, rig.faces, size=64, view="front")

    assert picture.shape == (64, 64, 3)
    assert picture[32, 32].mean() > picture[32, 2].mean() + 40
    assert (picture[:, 2] == picture[0, 0]).all()


def test_what_is_nearer_hides_what_is_behind() -> None:
    """Of two squares the one towards the viewer is seen."""
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    both = np.concatenate([square, square + np.float32([0, 0, 1])])
    faces = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.int32)
    red_behind = np.repeat([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], 4, axis=0)

    picture = shading.shaded(both, faces, size=32, view="front", colours=red_behind)

    assert picture[16, 16, 1] > 100
    assert picture[16, 16, 0] < 10


def test_heat_goes_from_green_to_red() -> None:
    """No error is green, the largest and more is red."""
    colours = shading.heat_colours(np.array([0.0, 1.0, 5.0]), 1.0)

    assert colours[0].argmax() == 1
    assert colours[1].argmax() == 0
    np.testing.assert_array_equal(colours[1], colours[2])


def test_views_stand_side_by_side(rig: Rig) -> None:
    """Three views make a picture three times as wide."""
    assert shading.views(rig.rest, rig.faces, size=16).shape == (16, 48, 3)
