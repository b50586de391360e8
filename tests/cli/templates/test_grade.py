"""The look of the grade template."""

from __future__ import annotations

import numpy as np

from understudy.cli.templates.grade import look


def test_look_mixes_channels() -> None:
    """Pure red light changes all three channels."""
    dark, red = look(np.float32([[[0.1, 0.1, 0.1]]])), look(np.float32([[[0.8, 0.1, 0.1]]]))

    assert (red > 1.1 * dark).all()


def test_look_keeps_lights_apart_above_1() -> None:
    """Brighter stays brighter far above 1: nothing is cut off."""
    greys = np.repeat(np.float32([0.02, 0.18, 1.0, 4.0, 16.0])[None, :, None], 3, axis=2)
    graded = look(greys)[0]

    assert (np.diff(graded, axis=0) > 0).all()
    assert graded[-1].max() > 4.0


def test_look_is_no_gain() -> None:
    """No single factor per channel gives the look."""
    gains = look(np.full((1, 1, 3), 0.05, np.float32)) / look(np.full((1, 1, 3), 2.0, np.float32))

    assert gains.max() / gains.min() > 1.5
