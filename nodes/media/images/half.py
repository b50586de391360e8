"""Half floats to floats and back.

torch converts eight times as fast as numpy, with the same bits; it is taken where something else has loaded
it already, as whatever applies a network has.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_float(values: NDArray[Any]) -> NDArray[np.float32]:
    """Half or float values as float32, exactly; floats are given back as they are."""
    torch = sys.modules.get("torch")
    if torch is None or values.dtype != np.float16 or not values.flags.writeable:
        return values.astype(np.float32, copy=False)
    found: NDArray[np.float32] = torch.from_numpy(values).float().numpy()
    return found


def as_half(values: NDArray[np.float32]) -> NDArray[np.float16]:
    """Finite values below 65520 as the nearest half, to even where two are as near."""
    torch = sys.modules.get("torch")
    if torch is None or not values.flags.writeable:
        return values.astype(np.float16)
    found: NDArray[np.float16] = torch.from_numpy(np.ascontiguousarray(values)).half().numpy()
    return found
