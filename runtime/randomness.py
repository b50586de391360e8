"""Chance without memory: every draw is a pure function of (seed, purpose, step, sample).

The generator is Philox-4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): seed and
purpose make its key, step and sample its counter. No state is kept, so resuming needs none, and the numbers
do not depend on how many threads or processes drew them, or in which order.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNIT = 2.0**-53


def uniforms(seed: int, purpose: str, step: int, sample: int, count: int) -> NDArray[np.float64]:
    """`count` numbers in [0, 1), shape (count,).

    Args:
        seed: The job's seed, 0 or above.
        purpose: What the numbers are for ("crop", "flip"); each purpose has numbers of its own.
        step: The training step, from 1, or another counter.
        sample: The position in the batch of that step.
        count: How many.
    """
    return (_raw(seed, purpose, step, sample, count) >> np.uint64(11)).astype(np.float64) * _UNIT


def seed_of(seed: int, purpose: str) -> int:
    """A seed for a library's own generator, in [0, 2**63)."""
    return int(_raw(seed, purpose, 0, 0, 1)[0] >> np.uint64(1))


def permutation(seed: int, purpose: str, epoch: int, count: int) -> NDArray[np.int64]:
    """The numbers 0 to count - 1 in an order drawn for this epoch, shape (count,)."""
    return np.argsort(_raw(seed, purpose, epoch, 0, count), kind="stable")


def _raw(seed: int, purpose: str, step: int, sample: int, count: int) -> NDArray[np.uint64]:
    counter = np.array([0, sample, step, 0], dtype=np.uint64)
    return np.random.Philox(key=_key(seed, purpose), counter=counter).random_raw(count)


@lru_cache(maxsize=256)
def _key(seed: int, purpose: str) -> NDArray[np.uint64]:
    digest = hashlib.sha256(f"{seed} {purpose}".encode()).digest()
    return np.frombuffer(digest[:16], dtype=np.uint64)
