"""Crops as functions of the numbers drawn for them."""

from __future__ import annotations

import numpy as np

from understudy.nodes.learning.images.augmentation import (
    CROP_DRAWS,
    EDGE_DISTANCE,
    Crop,
    choose_crop,
    choose_jitter,
    cut,
    edge_pixels,
)
from understudy.runtime.randomness import uniforms


def _draws(sample: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return uniforms(7, "crop", 1, sample, CROP_DRAWS)


def test_same_numbers_same_crop() -> None:
    """A crop depends on nothing but its numbers."""
    assert choose_crop(_draws(3), 480, 854, 256) == choose_crop(_draws(3), 480, 854, 256)


def test_crops_reach_every_pixel_and_never_leave_the_frame() -> None:
    """Over many draws the corners of a frame are seen, and half of the crops are mirrored."""
    crops = [choose_crop(_draws(sample), 300, 260, 256) for sample in range(5000)]
    assert {crop.y for crop in crops} == set(range(45))
    assert {crop.x for crop in crops} == set(range(5))
    assert 0.45 < np.mean([crop.flip for crop in crops]) < 0.55


def test_corners_are_seen() -> None:
    """The corner of an HD frame is in one of 127 crops, not in one of a million."""
    crops = [choose_crop(_draws(sample), 1080, 1920, 256) for sample in range(5000)]
    assert 20 < sum(crop.x == crop.y == 0 for crop in crops) < 80


def test_half_of_the_crops_lie_around_the_edge() -> None:
    """Half of the crops have a pixel of the matte's edge within 15 pixels of their centre."""
    matte = np.zeros((1000, 1000), dtype=np.float32)
    matte[500:504, 500:504] = 1
    edges = edge_pixels(matte)
    crops = [choose_crop(_draws(sample), 1000, 1000, 64, edges=edges) for sample in range(1000)]
    centres = np.array([(crop.y + 32, crop.x + 32) for crop in crops])
    near = np.abs(centres - 502).max(axis=1) <= EDGE_DISTANCE + 3
    assert 0.45 < near.mean() < 0.55


def test_an_empty_matte_has_no_edge() -> None:
    """A frame without the subject is cropped anywhere."""
    edges = edge_pixels(np.zeros((64, 64)))
    assert len(edges) == 0
    assert choose_crop(_draws(1), 64, 64, 32, edges=edges).size == 32


def test_cut_gives_channels_first_and_mirrors() -> None:
    """The piece is `(C, size, size)` in float32, whatever the frame's type."""
    frame = np.arange(4 * 6 * 2, dtype=np.float16).reshape(4, 6, 2)
    piece = cut(frame, Crop(x=1, y=2, size=2, flip=True))
    assert piece.dtype == np.float32
    assert piece[1].tolist() == frame[2:4, 1:3, 1][:, ::-1].tolist()


def test_a_small_frame_is_continued_by_its_border() -> None:
    """A crop larger than the frame repeats the last row and column."""
    frame = np.array([[[1.0], [2.0]]])
    crop = choose_crop([0.9] * CROP_DRAWS, 1, 2, 4)
    assert cut(frame, crop)[0].tolist() == [[1, 2, 2, 2]] * 4


def test_jitter_is_centred() -> None:
    """Half-way numbers change nothing; the largest change is the amount."""
    assert choose_jitter([0.5, 0.5], 0.1) == (1.0, 0.0)
    assert choose_jitter([0.0, 0.0], 0.1) == (0.9, -0.1)
