"""Learning an image effect from pairs of frames: how crops are drawn, measured and shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.nodes.learning import recipes
from understudy.nodes.learning.augmentation import (
    CROP_DRAWS,
    JITTER_DRAWS,
    Crop,
    choose_crop,
    choose_jitter,
    cut,
)
from understudy.nodes.learning.encoding import choose_encoding, identity
from understudy.nodes.learning.holding_out import Split
from understudy.nodes.learning.image_measuring import (
    AT_ONCE,
    EACH_FRAME,
    MOST_CROPS,
    Sample,
    figures_of,
    pair_faults,
    region_samples,
)
from understudy.nodes.learning.image_model import UNCERTAINTY, WEIGHTS, ImageModel
from understudy.nodes.learning.losses import ACTIVATIONS
from understudy.nodes.learning.muon import Muon
from understudy.nodes.learning.regions import Region, outside, within
from understudy.nodes.learning.state import network_arrays
from understudy.nodes.learning.subject import Evidence, Measured, Model
from understudy.nodes.learning.uncertainty import CROPS, ImageUncertainty, fit_uncertainty
from understudy.nodes.media.images.sheet import contact_sheet, to_display
from understudy.runtime.randomness import permutation, seed_of, uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor, nn

    from understudy.nodes.media.images.sequence import Frames

PASSING = "That is from before the learning rate fell; the regions were trained on afterwards."
"""What to know of regions that are held out until then."""

PASSING_MATTE = (
    "On three clips an IoU of such regions was within 0.05 of that on unpainted frames at that step, and the "
    "result had half of the error, or less."
)
"""What `benchmarks/held_out.py` says of regions that are held out until the learning rate falls."""

SHEET_ROWS = 3
"""Random crops on a training's contact sheet."""

LARGEST_AUTOMATIC_BATCH = 8
"""Crops a step at most where nobody says how many."""

PAIRS_FOR_EACH_CROP = 8
"""So many pairs make a crop more in a step."""

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


class ImageSubject:
    """Pairs of frames as a `Subject`.

    Args:
        training: The pairs that are trained on.
        held_out: Pairs that are measured only.
        channels: Names of input and output channels.
        network: The network's recipe.
        loss: The loss's recipe.
        settings: How crops are drawn.
        preview: Frames of which one unseen one is shown.
        identities: The digest of each frame, by input and frame number.
    """

    rate = 2e-3
    sheet_interval = 100
    most_steps: int | None = None
    samples = "crops"

    def __init__(
        self,
        training: Sequence[Pair],
        held_out: Sequence[Pair],
        channels: tuple[tuple[str, ...], tuple[str, ...]],
        network: recipes.NetworkNode,
        loss: recipes.LossNode,
        settings: Settings,
        preview: Frames | None = None,
        identities: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.pairs = len(training)
        self.batch_size = automatic_batch(self.pairs)
        self.measured_until = settings.withheld_until
        self.precision = settings.precision
        self._training, self._held_out = list(training), list(held_out)
        self._inputs, self._outputs = channels
        self._network_recipe, self._loss_recipe = network, loss
        self._settings, self._preview, self._identities = settings, preview, identities or {}
        self._withholds = any(pair.withheld for pair in training)
        self._edges_outside = [pair.edges_outside() if self._withholds else pair.edges for pair in training]
        self._loss = loss.build()
        self._colour = loss.colour and self._inputs == self._outputs
        self._encoding = choose_encoding([pair.source for pair in training])
        self._target = self._target_encoding()
        self._order = lru_cache(maxsize=4)(self._drawn_order)

    def _target_encoding(self) -> Any:
        if not self._loss_recipe.encodes:
            return identity(len(self._outputs))
        return self._encoding if self._colour else choose_encoding([pair.truth for pair in self._training])

    def network(self) -> nn.Module:
        """The recipe's network with starting weights drawn by the seed, channels last in memory."""
        network = recipes.build_network(
            self._network_recipe,
            len(self._inputs),
            len(self._outputs),
            colour=self._colour,
            seed=seed_of(self._settings.seed, "weights"),
        )
        return network.to(self._settings.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def optimiser(self, network: nn.Module, rate: float) -> Muon:
        """Muon for inner convolutions, AdamW for the rest."""
        return Muon(network, rate=rate)

    def _drawn_order(self, epoch: int) -> NDArray[np.int64]:
        return permutation(self._settings.seed, "order", epoch, self.pairs)

    def _sample(self, step: int, size: int, sample: int) -> tuple[Pair, Crop]:
        epoch, position = divmod((step - 1) * size + sample, self.pairs)
        place = self._order(epoch)[position]
        pair = self._training[place]
        flips = "flip" in self._settings.augmentation
        if self._withholds_at(step):
            edges_outside = replace(pair, edges=self._edges_outside[place])
            return pair, self._crop(edges_outside, "crop", step, sample, flips=flips)
        return pair, self._crop(pair, "crop", step, sample, flips=flips)

    def _withholds_at(self, step: int) -> bool:
        until = self._settings.withheld_until
        return self._withholds and (until is None or step <= until)

    def _crop(self, pair: Pair, purpose: str, step: int, sample: int, *, flips: bool) -> Crop:
        draws = uniforms(self._settings.seed, purpose, step, sample, CROP_DRAWS)
        height, width = pair.source.shape[:2]
        return choose_crop(draws, height, width, self._settings.crop_size, edges=pair.edges, flips=flips)

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Encoded crops `(N, C, S, S)` and `(N, K, S, S)`."""
        drawn = [self._sample(step, size, sample) for sample in range(size)]
        inputs, targets = self._encoded(drawn)
        for sample, (pair, crop) in enumerate(drawn if self._withholds_at(step) else ()):
            for region in pair.withheld:
                targets[(sample, slice(None), *within(region, crop))] = torch.nan
        if "jitter" in self._settings.augmentation:
            for sample in range(size):
                draws = uniforms(self._settings.seed, "jitter", step, sample, JITTER_DRAWS)
                gain, offset = choose_jitter(draws, JITTER)
                inputs[sample] = inputs[sample] * gain + offset
        return inputs, targets

    def _encoded(self, drawn: Sequence[tuple[Pair, Crop]]) -> tuple[Tensor, Tensor]:
        source = torch.from_numpy(np.stack([cut(pair.source, crop) for pair, crop in drawn]))
        truth = torch.from_numpy(np.stack([cut(pair.truth, crop) for pair, crop in drawn]))
        inputs = self._encoding.encode(source).contiguous(memory_format=torch.channels_last)
        return inputs, self._target.encode(truth)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The recipe's loss; what is withheld counts as met, and moves no weight."""
        hidden = target.isnan() if self._withholds else None
        if hidden is not None and hidden.any():
            output = torch.where(hidden, output.detach(), output)
            target = torch.where(hidden, ACTIVATIONS[self._loss.activation](output.detach()), target)
        return self._loss(output, target)

    def described(self, step: int, size: int) -> list[str]:
        """Each sample's frame and crop, and whether its pixels are all finite."""
        return [_described(*self._sample(step, size, sample)) for sample in range(size)]

    def model(self, network: nn.Module) -> Model:
        """The recipe, the channels, the encodings and the weights."""
        description = recipes.description(
            self._network_recipe, len(self._inputs), len(self._outputs), colour=self._colour
        )
        header = {
            "subject": "images",
            "network": description,
            "precision": self.precision,
            **self._image_model(network).header(),
        }
        arrays = {WEIGHTS + name: array for name, array in network_arrays(network).items()}
        if (found := self._uncertainty(network)) is not None:
            arrays |= {UNCERTAINTY + name: array for name, array in found.arrays().items()}
        return Model(header, arrays)

    def _uncertainty(self, network: nn.Module) -> ImageUncertainty | None:
        """How far off the network may be, from a few crops that are the same at every save."""
        pairs = [self._training[place * self.pairs // CROPS] for place in range(CROPS)]
        drawn = [
            (pair, self._crop(pair, "uncertainty", 0, place, flips=False)) for place, pair in enumerate(pairs)
        ]
        activation = ACTIVATIONS[self._loss.activation]
        return fit_uncertainty(
            network,
            ((self._encoded([one])[0], torch.from_numpy(cut(one[0].truth, one[1]))[None]) for one in drawn),
            decode=lambda output: self._target.decode(activation(output)),
            matte=self._loss.activation == "sigmoid",
            precision=self._settings.precision,
            device=self._settings.device,
        )

    def conclusion(self, network: nn.Module) -> list[str]:  # noqa: ARG002 - the losses say it all
        """Nothing beside what the losses say."""
        return []

    def _image_model(self, network: nn.Module) -> ImageModel:
        return ImageModel(
            network,
            self._inputs,
            self._outputs,
            self._encoding,
            self._target,
            self._loss.activation,
            self._colour,
        )

    def faults(self) -> dict[str, str]:
        """What is wrong with the pairs, by kind; a few of them are looked at."""
        return pair_faults(self._training)

    def validate(self, network: nn.Module) -> Measured | None:
        """Fixed crops of held-out frames, or the regions that are held out of painted ones."""
        return self._measured(network, self._held_samples) if self._held_samples else None

    def evidence(self, network: nn.Module) -> Evidence:
        """What is held out, how the trained pairs measure, and what knowing nothing would cost."""
        samples = self._training_samples
        best_guess = self._knowing_nothing(samples)
        size = self._network_recipe.values.get("model_size", "medium")
        return Evidence(
            samples="painted frames",
            held_out=str(self._split) if self._held_samples else "",
            sureness=self._sureness,
            same_frames=not self._held_out,
            training=self._measured(network, samples),
            small=(SMALL_MATTE if self._is_matte else SMALL_COLOUR) * (2 if self._split.passing else 1),
            knowing_nothing=best_guess,
            good=best_guess * (GOOD_COLOUR if self._colour else GOOD_MATTE),
            remedies=("a larger model (model_size)",) if size != "large" else (),
            regularisers=() if "flip" in self._settings.augmentation else ("flips (augmentation)",),
        )

    @property
    def _sureness(self) -> str:
        if not self._split.passing:
            return ""
        return f"{PASSING} {PASSING_MATTE}" if self._is_matte else PASSING

    @property
    def _split(self) -> Split:
        trained, measured = (
            tuple(pair.number for pair in pairs) for pairs in (self._training, self._held_out)
        )
        passing = self.measured_until is not None
        return Split(trained, measured, regions=len(self._training[0].withheld), passing=passing)

    @cached_property
    def _held_samples(self) -> list[Sample]:
        if not self._held_out:
            return region_samples(self._training, self._settings.crop_size)
        return self._frame_samples(self._held_out, "validation")

    @cached_property
    def _training_samples(self) -> list[Sample]:
        return self._frame_samples(self._training, "measured training")

    def _frame_samples(self, pairs: Sequence[Pair], purpose: str) -> list[Sample]:
        """Fixed crops of frames, few enough to be measured in no time."""
        most = MOST_CROPS * self.batch_size
        each = max(1, min(EACH_FRAME, most // len(pairs)))
        chosen = pairs[:: -(-len(pairs) // most)]
        return [
            Sample(pair, self._crop(pair, purpose, place, sample, flips=False))
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
            inputs, targets = self._encoded([(one.pair, one.crop) for one in some])
            raw = self._output(network, inputs).cpu()
            values = self._target.decode(ACTIVATIONS[self._loss.activation](raw))
            wanted = self._target.decode(targets)
            for place, one in enumerate(some):
                part = (slice(place, place + 1), slice(None), *one.part)
                losses.append(float(self._loss(raw[part], targets[part])))
                found.append(values[part][0].permute(1, 2, 0).numpy())
                truth.append(wanted[part][0].permute(1, 2, 0).numpy())
        return Measured(float(np.mean(losses)), figures_of(found, truth, matte=self._is_matte))

    @property
    def _is_matte(self) -> bool:
        return self._loss.activation == "sigmoid"

    def _knowing_nothing(self, samples: Sequence[Sample]) -> float:
        """The loss of the input itself where colours are changed, of one even matte otherwise."""
        inputs, targets = self._encoded([(one.pair, one.crop) for one in samples[:: -(-len(samples) // 16)]])
        if self._colour:
            return float(self._loss(inputs, targets))
        mean = targets.float().mean(dim=(0, 2, 3), keepdim=True).expand_as(targets)
        return float(self._loss(torch.logit(mean, 1e-3) if self._is_matte else mean, targets))

    def _output(self, network: nn.Module, inputs: Tensor) -> Tensor:
        from understudy.nodes.learning.loop import computing_in

        network.eval()
        with torch.inference_mode(), computing_in(self._settings.precision, self._settings.device):
            return network(inputs.to(self._settings.device)).float()  # type: ignore[no-any-return]

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Three random crops: input, groundtruth, output."""
        shown = permutation(self._settings.seed, "contact sheet", step, self.pairs)[:SHEET_ROWS]
        pairs = [self._training[which] for which in sorted(shown)]
        drawn = [
            (pair, self._crop(pair, "contact sheet", step, row, flips=False))
            for row, pair in enumerate(pairs)
        ]
        inputs, _ = self._encoded(drawn)
        raw = self._output(network, inputs).cpu()
        output = self._target.decode(ACTIVATIONS[self._loss.activation](raw)).numpy()
        rows = [
            self._row(pair, crop, output[index].transpose(1, 2, 0))
            for index, (pair, crop) in enumerate(drawn)
        ]
        labels = [str(pair.number) for pair, _ in drawn]
        return contact_sheet(rows, ("input", "groundtruth", "output"), labels, f"step {step:,}")

    def _row(self, pair: Pair, crop: Crop, output: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
        pictures = (cut(pair.source, crop), cut(pair.truth, crop), output.transpose(2, 0, 1))
        return [to_display(one.transpose(1, 2, 0), linear=pair.linear) for one in pictures]

    def preview(self, network: nn.Module) -> Image | None:
        """The unseen frame in the middle of the preview's frames, before and after."""
        if self._preview is None:
            return None
        seen = {pair.number for pair in self._training}
        unseen = [number for number in self._preview.numbers if number not in seen] or self._preview.numbers
        number = unseen[len(unseen) // 2]
        frame = self._preview.read(number)
        source = frame.select(self._inputs).pixels
        network.eval()
        output = self._image_model(network).apply(
            source, precision=self._settings.precision, device=self._settings.device
        )
        linear = self._training[0].linear
        row = [to_display(one, linear=linear) for one in (source, output)]
        return contact_sheet([row], ("input", "output"), [str(number)])

    def identities(self) -> dict[str, dict[str, str]]:
        """The digest of each frame, by input and frame number."""
        return self._identities


def automatic_batch(pairs: int) -> int:
    """Crops a step where nobody says how many."""
    return max(1, min(LARGEST_AUTOMATIC_BATCH, pairs // PAIRS_FOR_EACH_CROP))


def _described(pair: Pair, crop: Crop) -> str:
    whole = all(np.isfinite(cut(pixels, crop)).all() for pixels in (pair.source, pair.truth))
    note = "" if whole else ", which holds NaN or infinity"
    return f"frame {pair.number}, {crop.size} x {crop.size} at ({crop.x}, {crop.y}){note}"
