"""Models to export, as checkpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_deformer import bar_deformer, write_deformer

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bar_cat(tmp_path: Path) -> Path:
    """The tube's deformer."""
    return write_deformer(tmp_path / "bar.cat", bar_deformer(tmp_path))
