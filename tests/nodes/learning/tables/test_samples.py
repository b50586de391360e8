"""How rows and frames are seen that labels are learned of."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.tables.samples import as_seen


@pytest.mark.parametrize("sees", ["brightness", "contrast", "edges"])
def test_a_frame_is_seen_the_same_alone_and_among_others(sees: str) -> None:
    """What one frame shows has no part in how another is seen."""
    frames = np.random.Generator(np.random.Philox(1)).random((5, 3, 16, 12), np.float32)
    together = as_seen(frames, sees)
    alone = np.concatenate([as_seen(frame[None], sees) for frame in frames])
    np.testing.assert_allclose(together, alone, atol=1e-5)  # of values about 1 in size


def test_edges_do_not_tell_which_side_is_brighter() -> None:
    """A frame and its negative have the same edges."""
    frames = np.random.Generator(np.random.Philox(2)).random((1, 1, 16, 16), np.float32)
    np.testing.assert_allclose(as_seen(frames, "edges"), as_seen(1 - frames, "edges"), atol=1e-4)


@pytest.mark.parametrize("sees", ["brightness", "contrast"])
def test_neither_exposure_nor_offset_matters(sees: str) -> None:
    """A frame at half the light, with lifted blacks, looks the same."""
    frames = np.random.Generator(np.random.Philox(3)).random((2, 1, 32, 32), np.float32)
    np.testing.assert_allclose(as_seen(frames, sees), as_seen(0.5 * frames + 0.2, sees), atol=1e-4)


def test_contrast_takes_away_light_that_falls_from_one_side() -> None:
    """A slope of light twice as large as what the frame shows: brightness shows the slope, contrast does not.

    Right and left of the middle differ by a deviation and more, and by a fifth of one at most.
    """
    detail = np.random.Generator(np.random.Philox(4)).random((1, 1, 32, 32), np.float32)
    lit = 0.5 * detail + np.linspace(0, 2, 32, dtype=np.float32)

    def leans(sees: str) -> float:
        seen = as_seen(lit, sees)
        return float(seen[..., 16:].mean() - seen[..., :16].mean())

    assert leans("brightness") > 1.0
    assert abs(leans("contrast")) < 0.2


def test_a_frame_that_shows_nothing_stays_finite() -> None:
    """All black, whatever is seen of it."""
    for sees in ("brightness", "contrast", "edges"):
        assert np.isfinite(as_seen(np.zeros((1, 3, 16, 16), np.float32), sees)).all()
