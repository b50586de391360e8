"""Errors that a person sees, on pictures whose error is known."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.images import metrics


def disc(radius: float, x: float = 64.0) -> np.ndarray:
    """A matte of 128 x 128 with a disc."""
    rows, columns = np.mgrid[0:128, 0:128]
    return (np.hypot(rows - 64, columns - x) < radius).astype(np.float32)


def test_iou_of_a_matte_with_itself_is_one() -> None:
    """And of two that don't meet 0; nothing found where nothing is counts as right."""
    assert metrics.iou([metrics.overlap(disc(20), disc(20))]) == 1.0
    assert metrics.iou([metrics.overlap(disc(10, 20), disc(10, 100))]) == 0.0
    assert metrics.iou([metrics.overlap(disc(0), disc(0))]) == 1.0


def test_iou_of_crops_is_that_of_all_pixels_together() -> None:
    """A crop with three pixels counts for less than one with a thousand."""
    assert metrics.iou([(1, 3), (997, 997)]) == 998 / 1000


@pytest.mark.parametrize("wider", [1, 3, 6])
def test_an_edge_that_lies_off_is_measured_in_pixels(wider: int) -> None:
    """A disc whose radius is larger by so many pixels; pixels are whole, so to half of one."""
    found = metrics.edge_error(disc(30 + wider), disc(30))
    assert found is not None
    assert abs(found - wider) < 0.5


def test_an_edge_without_a_counterpart_counts_as_far() -> None:
    """And where neither side has one, there is nothing to measure."""
    assert metrics.edge_error(disc(0), disc(20)) == metrics.LARGEST_EDGE_ERROR
    assert metrics.edge_error(disc(0), disc(0)) is None


def test_psnr_is_relative_to_the_peak() -> None:
    """An error of a tenth of the peak is 20 dB."""
    assert metrics.psnr(0.01, 1.0) == pytest.approx(20.0)
    assert metrics.psnr(4.0, 20.0) == pytest.approx(20.0)


def test_ssim_falls_as_structure_is_lost() -> None:
    """Equal pictures have 1; a brighter one hardly less, a blurred one much less."""
    chance = np.random.Generator(np.random.Philox(0))
    picture = chance.random((64, 64, 3), np.float32)
    flat = np.full_like(picture, 0.5)
    assert metrics.ssim(picture, picture, 1.0) == pytest.approx(1.0)
    brighter, blurred = (metrics.ssim(one, picture, 1.0) for one in (picture + 0.02, flat))
    assert 0.95 < brighter < 1.0
    assert blurred < 0.1
