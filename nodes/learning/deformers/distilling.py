"""Made-up poses for a net to learn from, labelled by the kernel.

A pose is made by crossing two training poses: each control or joint as a whole is taken from one or the
other. So every control keeps its own law, and rotations stay rotations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.local import LocalKernel

    Floats = NDArray[np.float32]

_BLOCK = 512


def distilled(
    kernel: LocalKernel, training: tuple[Floats, Floats], groups: NDArray[np.int64], count: int, seed: int
) -> tuple[Floats, Floats]:
    """The training poses and `count` made-up ones: inputs `(N + count, D)` and coefficients."""
    made = crossed(training[0], groups, count, seed)
    labels = [kernel.predict(made[start : start + _BLOCK]) for start in range(0, count, _BLOCK)]
    return np.concatenate([training[0], made]), np.concatenate([training[1], *labels])


def crossed(inputs: Floats, groups: NDArray[np.int64], count: int, seed: int) -> Floats:
    """`count` rows, each with every group of columns from one of two rows of `inputs`, `(count, D)`."""
    draws = uniforms(seed, "crossed poses", 0, 0, count * (3 + int(groups.max())))
    draws = draws.reshape(count, -1)
    parents = (draws[:, :2] * len(inputs)).astype(np.int64)
    first = draws[:, 2:][:, groups] < 0.5
    return np.where(first, inputs[parents[:, 0]], inputs[parents[:, 1]])
