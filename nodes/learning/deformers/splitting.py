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
    clips, whole clips are held out while they make up no more than about `ratio` of the rows, one at least;
    with one clip or none, the last rows.

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
    sizes = {name: int((clips == name).sum()) for name in names}
    chosen: list[str] = []
    for name in names[permutation(seed, "held-out clips", 0, len(names))]:
        if sum(sizes[other] for other in chosen) + sizes[name] <= 1.25 * wanted:
            chosen.append(name)
    out = np.isin(clips, chosen or [min(names, key=lambda name: sizes[name])])
    return rows[~out], rows[out]
