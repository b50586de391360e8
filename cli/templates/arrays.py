"""What the rendered shots compute with: arrays of numbers, and colours."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]
"""Floating-point numbers; pictures are float32."""


def rgb(red: float, green: float, blue: float) -> Array:
    """A scene-linear colour, float32, shape (3,)."""
    return np.array([red, green, blue], np.float32)
