"""Measuring an image effect on fixed pieces of frames: its loss, and what a person sees of the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.learning.images import metrics
from understudy.nodes.learning.images.regions import around, within

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from understudy.nodes.learning.images.augmentation import Crop
    from understudy.nodes.learning.images.crops import Pair

AT_ONCE = 4
"""Crops that the network is given at once."""

MOST_CROPS = 12
"""Crops measured for each sample of a batch: what costs under a twentieth of 100 steps."""

MOST_LOOKED = 5
"""Pairs that are looked at for faults before training."""

EACH_FRAME = 4
"""Crops of a held-out frame, where there are few frames."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A piece of a pair that is measured.

    Attributes:
        pair: The pair.
        crop: What the network is given.
        part: The rows and columns of the crop that count.
    """

    pair: Pair
    crop: Crop
    part: tuple[slice, slice] = (slice(None), slice(None))


def matte_figures(found: Sequence[NDArray[Any]], truth: Sequence[NDArray[Any]]) -> dict[str, float]:
    """IoU of all pieces together with its standard error, and the mean error of their edges.

    Args:
        found: Mattes that were made, each `(H, W, 1)`.
        truth: The groundtruths.
    """
    pairs = [(one[..., 0], other[..., 0]) for one, other in zip(found, truth, strict=True)]
    parts = [metrics.overlap(one, other) for one, other in pairs]
    figures = {"IoU": metrics.iou(parts), "IoU standard error": _sureness(parts, metrics.iou)}
    edges = [error for one, other in pairs if (error := metrics.edge_error(one, other)) is not None]
    return figures | ({"edge error (px)": float(np.mean(edges))} if edges else {})


def colour_figures(found: Sequence[NDArray[Any]], truth: Sequence[NDArray[Any]]) -> dict[str, float]:
    """PSNR of all pieces together with its standard error, and their mean SSIM.

    Full signal is 1, or the largest value of the groundtruth where that is larger.

    Args:
        found: Pictures that were made, each `(H, W, K)`.
        truth: The groundtruths.
    """
    peak = max(1.0, *(float(one.max()) for one in truth))
    pairs = list(zip(found, truth, strict=True))
    parts = [(float(np.square(one - other).sum()), one.size) for one, other in pairs]

    def together(some: Sequence[tuple[float, int]]) -> float:
        return metrics.psnr(sum(squares for squares, _ in some) / sum(size for _, size in some), peak)

    figures = {"PSNR (dB)": together(parts), "PSNR standard error": _sureness(parts, together)}
    whole = [pair for pair in pairs if min(pair[0].shape[:2]) >= metrics.WINDOW]
    likeness = [metrics.ssim(one, other, peak) for one, other in whole]
    return figures | ({"SSIM": float(np.mean(likeness))} if likeness else {})


def _sureness(parts: Sequence[Any], together: Callable[[Sequence[Any]], float]) -> float:
    """The standard error of a figure, by leaving out each piece in turn (jackknife; Tukey 1958)."""
    if len(parts) < 2:
        return 0.0
    without = np.array([together([*parts[:at], *parts[at + 1 :]]) for at in range(len(parts))])
    return float(np.sqrt((len(parts) - 1) * np.square(without - without.mean()).mean()))


def figures_of(
    found: Sequence[NDArray[Any]], truth: Sequence[NDArray[Any]], *, matte: bool
) -> dict[str, float]:
    """What a person sees of the error of pieces together."""
    return matte_figures(found, truth) if matte else colour_figures(found, truth)


def region_samples(pairs: Sequence[Pair], crop_size: int) -> list[Sample]:
    """Each held-out region with what lies around it; only the region counts.

    Args:
        pairs: Painted frames.
        crop_size: Width and height of what the network is given, in pixels.
    """
    samples = []
    for pair in pairs:
        for region in pair.withheld:
            height, width = pair.source.shape[:2]
            crop = around(region, height, width, crop_size)
            samples.append(Sample(pair, crop, within(region, crop)))
    return samples


def pair_faults(pairs: Sequence[Pair]) -> dict[str, str]:
    """What is wrong with pairs, by kind, in sentences that name the frames; a few pairs are looked at.

    Args:
        pairs: Painted frames, in order.
    """
    from understudy.nodes.diagnosis.pairs import pair_faults as faults_of

    looked = pairs[:: -(-len(pairs) // MOST_LOOKED)]
    found: dict[str, list[tuple[int, str]]] = {}
    for pair in looked:
        source, truth = (_finite(side) for side in (pair.source, pair.truth))
        for finding in faults_of(source, truth):
            found.setdefault(finding.kind, []).append((pair.number, finding.sentence))
    told = {}
    for kind, ones in found.items():
        numbers = ", ".join(str(number) for number, _ in ones)
        told[kind] = f"frame{'s' if len(ones) > 1 else ''} {numbers}: {ones[0][1]}"
    return told


def _finite(pixels: NDArray[Any]) -> NDArray[np.float32]:
    return np.nan_to_num(np.asarray(pixels, np.float32), nan=0.0, posinf=1.0, neginf=0.0)
