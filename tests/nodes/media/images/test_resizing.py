"""Scaling frames by their windows."""

from __future__ import annotations

import numpy as np

from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.resizing import resized


def test_pixels_keep_their_place_whatever_the_origin() -> None:
    """A slope twice as large is the slope in between, away from the edges; origins only move it."""
    slope = np.broadcast_to(np.arange(20, dtype=np.float32)[None, :, None], (6, 20, 1))
    window = Window(-3, 40, 20, 6)
    frame = Frame(pixels=slope, channels=("Y",), data=window, display=window)
    large = resized(frame, window.scaled(2), window.scaled(2), "triangle")
    expected = np.arange(40) / 2 - 0.25
    np.testing.assert_allclose(large.pixels[5, 2:-2, 0], expected[2:-2], atol=1e-5)


def test_the_same_windows_give_the_same_frame() -> None:
    """Nothing is computed."""
    window = Window(0, 0, 4, 3)
    frame = Frame(pixels=np.ones((3, 4, 1), np.float32), channels=("Y",), data=window, display=window)
    assert resized(frame, window, window) is frame
