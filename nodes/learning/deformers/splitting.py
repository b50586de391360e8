"""Which poses to hold out: whole clips, or a block of rows; never neighbours of those trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]


def held_out(count: int, clips: NDArray[np.str_] | None, ratio: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and rows to validate on.

    A random hold-out of frames leaks: neighbouring frames of an animation are nearly the same pose. With
    clips, whole clips are held out until about `ratio` of the rows are; with one clip or none, the last rows.

    Args:
        count: N.
        clips: `(N,)`, each pose's clip, or None.
        ratio: The share to hold out, above 0 and below 1.
        seed: Of the choice of clips.

    Raises:
        UnderstudyError: Too few poses to hold any out.
    """
    wanted = max(1, round(ratio * count))
    if count - wanted < 2:
        raise UnderstudyError(
            f"{count} poses are too few to hold {wanted} out for validation. Capture at least "
            f"{max(4, 2 * wanted + 2)} poses."
        )
    rows = np.arange(count)
    names = np.unique(clips) if clips is not None else np.array([], np.str_)
    if clips is None or len(names) < 2:
        return rows[:-wanted], rows[-wanted:]
    order = names[permutation(seed, "held-out clips", 0, len(names))][:-1]
    sizes = np.cumsum([(clips == name).sum() for name in order])
    enough = 1 + int(np.argmin(np.abs(sizes - wanted)))
    out = np.isin(clips, order[:enough])
    return rows[~out], rows[out]
