"""What a training draws from its pairs of frames: crops, as a pure function of the seed and the step."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.nodes.learning.images.augmentation import (
    CROP_DRAWS,
    JITTER_DRAWS,
    Crop,
    choose_crop,
    choose_jitter,
    cut,
)
from understudy.nodes.learning.images.regions import Region, outside, within
from understudy.runtime.randomness import permutation, uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from understudy.nodes.learning.encoding import Encoding

JITTER = 0.1
"""The largest change of brightness and offset that augmentation by jitter makes, of encoded values."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A frame before and after the effect, of one size.

    Attributes:
        number: Its frame number.
        source: Pixels `(H, W, inputs)`, memory-mapped.
        truth: Pixels `(H, W, outputs)`, memory-mapped.
        edges: Pixels (y, x) along the matte's edge, `(K, 2)`; None for colour effects.
        linear: Whether the source is shown through the sRGB curve.
        withheld: Regions that are measured and not trained on.
    """

    number: int
    source: NDArray[Any]
    truth: NDArray[Any]
    edges: NDArray[np.int32] | None
    linear: bool
    withheld: tuple[Region, ...] = ()

    def edges_outside(self) -> NDArray[np.int32] | None:
        """Those of the edge's pixels that lie in no region that is withheld."""
        return self.edges if self.edges is None else outside(self.edges, self.withheld)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the Trainer's knobs say about crops.

    Attributes:
        seed: Every draw depends on it.
        crop_size: Width and height, in pixels.
        augmentation: "flip", "jitter", both or none.
        precision: "float32" or "bfloat16".
        device: As torch names it.
        withheld_until: The last step at which regions are withheld from training; None for all of them.
    """

    seed: int
    crop_size: int
    augmentation: tuple[str, ...]
    precision: str
    device: str
    withheld_until: int | None = None


class Crops:
    """Crops of painted frames.

    Args:
        pairs: The pairs that are trained on.
        settings: How crops are drawn.
        encoding: What the network sees of an input's pixels.
        target: What it learns of a groundtruth's.
    """

    def __init__(
        self, pairs: Sequence[Pair], settings: Settings, encoding: Encoding, target: Encoding
    ) -> None:
        self.pairs, self.settings, self.encoding, self.target = list(pairs), settings, encoding, target
        self.withholds = any(pair.withheld for pair in pairs)
        self._withholding = [replace(pair, edges=pair.edges_outside()) for pair in pairs]
        self._order = lru_cache(maxsize=4)(self._drawn_order)

    def _drawn_order(self, epoch: int) -> NDArray[np.int64]:
        return permutation(self.settings.seed, "order", epoch, len(self.pairs))

    def _withholds_at(self, step: int) -> bool:
        until = self.settings.withheld_until
        return self.withholds and (until is None or step <= until)

    def crop(self, pair: Pair, purpose: str, step: int, sample: int, *, flips: bool = False) -> Crop:
        """The crop of a pair that a purpose, a step and a sample draw, more often where its edges are."""
        draws = uniforms(self.settings.seed, purpose, step, sample, CROP_DRAWS)
        height, width = pair.source.shape[:2]
        return choose_crop(draws, height, width, self.settings.crop_size, edges=pair.edges, flips=flips)

    def _drawn(self, step: int, size: int) -> list[tuple[Pair, Crop]]:
        """Each sample's pair, every one once an epoch, and its crop."""
        pairs = self._withholding if self._withholds_at(step) else self.pairs
        flips = "flip" in self.settings.augmentation
        drawn = []
        for sample in range(size):
            epoch, position = divmod((step - 1) * size + sample, len(pairs))
            pair = pairs[self._order(epoch)[position]]
            drawn.append((pair, self.crop(pair, "crop", step, sample, flips=flips)))
        return drawn

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Encoded crops `(N, C, S, S)` and `(N, K, S, S)`; what is withheld is NaN in the second."""
        drawn = self._drawn(step, size)
        inputs, targets = self.encoded(drawn)
        for sample, (pair, crop) in enumerate(drawn if self._withholds_at(step) else ()):
            for region in pair.withheld:
                targets[(sample, slice(None), *within(region, crop))] = torch.nan
        if "jitter" in self.settings.augmentation:
            for sample in range(size):
                draws = uniforms(self.settings.seed, "jitter", step, sample, JITTER_DRAWS)
                gain, offset = choose_jitter(draws, JITTER)
                inputs[sample] = inputs[sample] * gain + offset
        return inputs, targets

    def encoded(self, drawn: Sequence[tuple[Pair, Crop]]) -> tuple[Tensor, Tensor]:
        """Crops as the network sees them and as it should answer, channels last in memory."""
        source = torch.from_numpy(np.stack([cut(pair.source, crop) for pair, crop in drawn]))
        truth = torch.from_numpy(np.stack([cut(pair.truth, crop) for pair, crop in drawn]))
        inputs = self.encoding.encode(source).contiguous(memory_format=torch.channels_last)
        return inputs, self.target.encode(truth)

    def described(self, step: int, size: int) -> list[str]:
        """Each sample's frame and crop, and whether its pixels are all finite."""
        return [_described(pair, crop) for pair, crop in self._drawn(step, size)]


def _described(pair: Pair, crop: Crop) -> str:
    whole = all(np.isfinite(cut(pixels, crop)).all() for pixels in (pair.source, pair.truth))
    note = "" if whole else ", which holds NaN or infinity"
    return f"frame {pair.number}, {crop.size} x {crop.size} at ({crop.x}, {crop.y}){note}"
