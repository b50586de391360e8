"""Starts each test with nothing computed."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def nothing_computed() -> None:
    """Forgets what other tests computed."""
    from small_nodes import computed

    computed.clear()
