"""Regions of painted frames that are measured and not trained on."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.images.augmentation import Crop, cut
from understudy.nodes.learning.images.regions import Region, around, choose_region, outside, within
from understudy.runtime.randomness import uniforms


def test_a_region_lies_around_an_edge_and_within_the_frame() -> None:
    """Its middle is a pixel of the matte's edge, unless the frame ends there."""
    edges = np.array([[50, 60], [2, 3]], np.int32)
    for draw in range(8):
        region = choose_region(uniforms(0, "region", draw, 0, 3), 100, 200, edges)
        assert region.size == 25
        assert (region.y, region.x) in ((38, 48), (0, 0))


@pytest.mark.parametrize("flip", [False, True])
def test_a_region_is_found_again_in_a_crop(flip: bool) -> None:  # noqa: FBT001 - a parameter of tests
    """Also in a mirrored one, and partly outside of it."""
    frame = np.zeros((60, 80, 1), np.float32)
    region = Region(30, 20, 16)
    frame[20:36, 30:46] = 1.0
    for x, y in ((25, 15), (38, 30), (0, 0)):
        piece = cut(frame, Crop(x, y, 32, flip))
        rows, columns = within(region, Crop(x, y, 32, flip))
        inside = piece[:, rows, columns]
        assert inside.size == piece.sum() == inside.sum()


def test_edge_pixels_in_a_region_are_left_out() -> None:
    """Those at its last row and column are in it, the next are not."""
    edges = np.array([[20, 30], [35, 45], [36, 45], [35, 46]], np.int32)
    assert outside(edges, [Region(30, 20, 16)]).tolist() == [[36, 45], [35, 46]]


def test_a_region_lies_in_the_middle_of_its_crop() -> None:
    """Unless the frame ends."""
    assert around(Region(40, 40, 20), 200, 200, 64) == Crop(18, 18, 64, flip=False)
    assert around(Region(0, 190, 10), 200, 200, 64) == Crop(0, 136, 64, flip=False)
