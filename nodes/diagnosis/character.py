"""How a truth differs from its input, in a few numbers that change sign when both are exchanged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.reducing import REC709, block_means, factor_for, grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

OCTAVES = 3
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
SMALL = 512


def character(source_HWC: NDArray[np.float32], truth_HWC: NDArray[np.float32]) -> list[float]:
    """Differences of truth and input: detail by octave, brightness by share of pixels, saturation.

    Args:
        source_HWC: The input.
        truth_HWC: The truth, with as many channels.

    Returns:
        For each octave the logarithm of the ratio of their detail; for each of five shares the difference
        of their quantiles; the difference of their saturation. Exchanged, every number changes its sign.
    """
    sides = [_described(plain) for plain in (source_HWC, truth_HWC)]
    return [float(after - before) for before, after in zip(*sides, strict=True)]


def _described(plain: NDArray[np.float32]) -> list[float]:
    told = _details(grey(plain))
    factor = factor_for(plain.shape, SMALL)
    small = block_means(np.nan_to_num(plain[..., :3]), factor)
    told += [4 * float(value) for value in np.quantile(grey(small), SHARES)]
    saturation = 0.0
    if small.shape[-1] == 3:
        saturation = float(np.abs(small - (small @ REC709)[..., None]).mean())
    return [*told, 8 * saturation]


def _details(plain: NDArray[np.float32]) -> list[float]:
    """The logarithm of the typical difference of neighbours, at three scales."""
    told = []
    for _ in range(OCTAVES):
        rough = np.abs(plain[:-1, :-1] - plain[1:, :-1] - plain[:-1, 1:] + plain[1:, 1:])
        told.append(float(np.log(rough.mean() + 1e-4)))
        plain = block_means(plain, 2)
    return told
