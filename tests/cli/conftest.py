"""Lets tests import the tiny node types of `tests/small_nodes.py`, and starts each with nothing computed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture(autouse=True)
def nothing_computed() -> None:
    """Forgets what other tests computed."""
    from small_nodes import computed

    computed.clear()
