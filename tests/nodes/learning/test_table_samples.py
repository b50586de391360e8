"""How rows and frames are seen that labels are learned of."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.nodes.learning.table_samples import as_seen


@pytest.mark.parametrize("sees", ["brightness", "edges"])
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
