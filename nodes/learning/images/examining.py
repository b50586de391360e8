"""What a training of images measures, and what the verdict takes from it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from understudy.nodes.learning.holding_out import Split
from understudy.nodes.learning.images.measuring import (
    AT_ONCE,
    EACH_FRAME,
    MOST_CROPS,
    Sample,
    figures_of,
    region_samples,
)
from understudy.nodes.learning.loop import computing_in
from understudy.nodes.learning.losses import ACTIVATIONS
from understudy.nodes.learning.subject import Evidence, Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from understudy.nodes.learning.images.crops import Crops, Pair

PASSING = "That is from before the learning rate fell; the regions were trained on afterwards."
"""What to know of regions that are held out until then."""

PASSING_MATTE = (
    "On three clips an IoU of such regions was within 0.05 of that on unpainted frames at that step, and the "
    "result had half of the error, or less."
)
"""What `benchmarks/held_out.py` says of regions that are held out until the learning rate falls."""

SMALL_MATTE = 0.06
"""A matte's IoU of 0.94 on what was held out is good, however good it is on what was trained on."""

SMALL_COLOUR = 0.01
"""So is a colour that is off by a hundredth: 40 dB.

Both are doubled for regions that are trained on later, since the result has half of their error or less.
"""

GOOD_MATTE = 0.3
"""A matte's training loss under this share of an even matte's counts as learned."""

GOOD_COLOUR = 0.9
"""A colour effect's under this share of the input's own: little may be wrong with a blurred plate."""


class Examiner:
    """Measures networks on fixed crops of frames: those held out, and those trained on.

    Args:
        crops: The pairs that are trained on, and how pixels are encoded.
        held_out: Pairs that are measured only; where there are none, regions of the trained ones may be.
        loss: The loss of an output and a target.
        activation: What makes encoded values of an output: "sigmoid" for mattes.
        colour: Whether the effect changes the input's own channels.
        batch_size: Crops of a step; so many more are measured.
    """

    def __init__(
        self,
        crops: Crops,
        held_out: Sequence[Pair],
        loss: Callable[[Tensor, Tensor], Tensor],
        activation: str,
        *,
        colour: bool,
        batch_size: int,
    ) -> None:
        self._crops, self._held_out = crops, list(held_out)
        self._loss, self._activation, self._colour = loss, activation, colour
        self._batch_size = batch_size
        self.matte = activation == "sigmoid"

    def raw(self, network: nn.Module, inputs: Tensor) -> Tensor:
        """What a network says of encoded crops, as the loss takes it, in float32 on the CPU."""
        settings = self._crops.settings
        network.eval()
        with torch.inference_mode(), computing_in(settings.precision, settings.device):
            return network(inputs.to(settings.device)).float().cpu()  # type: ignore[no-any-return]

    def pixels(self, raw: Tensor) -> Tensor:
        """What a network said, as pixels."""
        return self._crops.target.decode(ACTIVATIONS[self._activation](raw))

    def validate(self, network: nn.Module) -> Measured | None:
        """Fixed crops of held-out frames, or the regions that are held out of painted ones."""
        return self._measured(network, self._held_samples) if self._held_samples else None

    def evidence(self, network: nn.Module, model_size: str) -> Evidence:
        """What is held out, how the trained pairs measure, and what knowing nothing would cost."""
        samples, settings = self._training_samples, self._crops.settings
        best_guess, passing = self._knowing_nothing(samples), settings.withheld_until is not None
        return Evidence(
            samples="painted frames",
            held_out=str(self._split) if self._held_samples else "",
            sureness=self._sureness if passing else "",
            same_frames=not self._held_out,
            training=self._measured(network, samples),
            small=(SMALL_MATTE if self.matte else SMALL_COLOUR) * (2 if passing else 1),
            knowing_nothing=best_guess,
            good=best_guess * (GOOD_COLOUR if self._colour else GOOD_MATTE),
            remedies=("a larger model (model_size)",) if model_size != "large" else (),
            regularisers=() if "flip" in settings.augmentation else ("flips (augmentation)",),
        )

    @property
    def _sureness(self) -> str:
        return f"{PASSING} {PASSING_MATTE}" if self.matte else PASSING

    @property
    def _split(self) -> Split:
        trained, measured = (
            tuple(pair.number for pair in pairs) for pairs in (self._crops.pairs, self._held_out)
        )
        passing = self._crops.settings.withheld_until is not None
        return Split(trained, measured, regions=len(self._crops.pairs[0].withheld), passing=passing)

    @cached_property
    def _held_samples(self) -> list[Sample]:
        if not self._held_out:
            return region_samples(self._crops.pairs, self._crops.settings.crop_size)
        return self._frame_samples(self._held_out, "validation")

    @cached_property
    def _training_samples(self) -> list[Sample]:
        return self._frame_samples(self._crops.pairs, "measured training")

    def _frame_samples(self, pairs: Sequence[Pair], purpose: str) -> list[Sample]:
        """Fixed crops of frames, few enough to be measured in no time."""
        most = MOST_CROPS * self._batch_size
        each = max(1, min(EACH_FRAME, most // len(pairs)))
        chosen = pairs[:: -(-len(pairs) // most)]
        return [
            Sample(pair, self._crops.crop(pair, purpose, place, sample))
            for place, pair in enumerate(chosen)
            for sample in range(each)
        ]

    def _measured(self, network: nn.Module, samples: Sequence[Sample]) -> Measured:
        """The mean loss of samples, and what a person sees of their error together."""
        losses: list[float] = []
        found: list[NDArray[np.float32]] = []
        truth: list[NDArray[np.float32]] = []
        for start in range(0, len(samples), AT_ONCE):
            some = samples[start : start + AT_ONCE]
            inputs, targets = self._crops.encoded([(one.pair, one.crop) for one in some])
            raw = self.raw(network, inputs)
            values, wanted = self.pixels(raw), self._crops.target.decode(targets)
            for place, one in enumerate(some):
                part = (slice(place, place + 1), slice(None), *one.part)
                losses.append(float(self._loss(raw[part], targets[part])))
                found.append(values[part][0].permute(1, 2, 0).numpy())
                truth.append(wanted[part][0].permute(1, 2, 0).numpy())
        return Measured(float(np.mean(losses)), figures_of(found, truth, matte=self.matte))

    def _knowing_nothing(self, samples: Sequence[Sample]) -> float:
        """The loss of the input itself where colours are changed, of one even matte otherwise."""
        some = samples[:: -(-len(samples) // 16)]
        inputs, targets = self._crops.encoded([(one.pair, one.crop) for one in some])
        if self._colour:
            return float(self._loss(inputs, targets))
        mean = targets.float().mean(dim=(0, 2, 3), keepdim=True).expand_as(targets)
        return float(self._loss(torch.logit(mean, 1e-3) if self.matte else mean, targets))
