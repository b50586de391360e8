"""What the tests share: where the real data lies."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread gives the same bits everywhere, in children too


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips, meshes and damaged files; tests that need it skip where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip("the shared data is not on this machine (UNDERSTUDY_SHARED_DATA)")
    return folder
