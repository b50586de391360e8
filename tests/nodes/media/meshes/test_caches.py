"""Point caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.caches import read_pc2, write_npz_cache, write_pc2

if TYPE_CHECKING:
    from pathlib import Path

POINTS = np.arange(5 * 7 * 3, dtype=np.float32).reshape(5, 7, 3)


def test_blocks_become_one_npz(tmp_path: Path) -> None:
    """Numpy reads the vertices that were written block by block."""
    write_npz_cache(tmp_path / "walk.npz", POINTS.shape, [POINTS[:2], POINTS[2:]])

    np.testing.assert_array_equal(POINTS, np.load(tmp_path / "walk.npz")["vertices"])


def test_a_pc2_cache_gives_its_points_back(tmp_path: Path) -> None:
    """Header and points survive a round trip."""
    write_pc2(tmp_path / "walk.pc2", POINTS.shape, [POINTS[:3], POINTS[3:]], start=1001.0)

    np.testing.assert_array_equal(POINTS, read_pc2(tmp_path / "walk.pc2"))
    assert (tmp_path / "walk.pc2").read_bytes()[:12] == b"POINTCACHE2\0"


def test_a_truncated_cache_is_refused(tmp_path: Path) -> None:
    """A cache that was cut short says so."""
    write_pc2(tmp_path / "walk.pc2", POINTS.shape, [POINTS])
    (tmp_path / "walk.pc2").write_bytes((tmp_path / "walk.pc2").read_bytes()[:-5])

    with pytest.raises(MediaError, match="cut short"):
        read_pc2(tmp_path / "walk.pc2")
