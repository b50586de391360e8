"""Learning an image effect from pairs of frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from understudy.nodes.learning.encoding import choose_encoding, identity
from understudy.nodes.learning.images import recipes
from understudy.nodes.learning.images.augmentation import cut
from understudy.nodes.learning.images.crops import Crops
from understudy.nodes.learning.images.examining import Examiner
from understudy.nodes.learning.images.measuring import pair_faults
from understudy.nodes.learning.images.model import UNCERTAINTY, ImageModel
from understudy.nodes.learning.images.uncertainty import CROPS, ImageUncertainty, fit_uncertainty
from understudy.nodes.learning.losses import ACTIVATIONS
from understudy.nodes.learning.muon import Muon
from understudy.nodes.learning.state import WEIGHTS, network_arrays
from understudy.nodes.learning.subject import Evidence, Measured, Model
from understudy.nodes.media.images.sheet import contact_sheet, to_display
from understudy.runtime.randomness import permutation, seed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor, nn

    from understudy.nodes.learning.encoding import Encoding
    from understudy.nodes.learning.images.augmentation import Crop
    from understudy.nodes.learning.images.crops import Pair, Settings
    from understudy.nodes.media.images.sequence import Frames

SHEET_ROWS = 3
"""Random crops on a training's contact sheet."""

LARGEST_AUTOMATIC_BATCH = 8
"""Crops a step at most where nobody says how many."""

PAIRS_FOR_EACH_CROP = 8
"""So many pairs make a crop more in a step."""


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
        self._inputs, self._outputs = channels
        self._network_recipe = network
        self._settings, self._preview, self._identities = settings, preview, identities or {}
        self._loss = loss.build()
        self._colour = loss.colour and self._inputs == self._outputs
        encoding = choose_encoding([pair.source for pair in training])
        target = self._target_encoding(training, encoding, encodes=loss.encodes)
        self._crops = Crops(training, settings, encoding, target)
        self._examiner = Examiner(
            self._crops,
            held_out,
            self._loss,
            self._loss.activation,
            colour=self._colour,
            batch_size=self.batch_size,
        )

    def _target_encoding(self, training: Sequence[Pair], encoding: Encoding, *, encodes: bool) -> Encoding:
        if not encodes:
            return identity(len(self._outputs))
        return encoding if self._colour else choose_encoding([pair.truth for pair in training])

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

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Encoded crops `(N, C, S, S)` and `(N, K, S, S)`."""
        return self._crops.batch(step, size)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The recipe's loss; what is withheld counts as met, and moves no weight."""
        hidden = target.isnan() if self._crops.withholds else None
        if hidden is not None and hidden.any():
            output = torch.where(hidden, output.detach(), output)
            target = torch.where(hidden, ACTIVATIONS[self._loss.activation](output.detach()), target)
        return self._loss(output, target)

    def described(self, step: int, size: int) -> list[str]:
        """Each sample's frame and crop, and whether its pixels are all finite."""
        return self._crops.described(step, size)

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
        pairs = [self._crops.pairs[place * self.pairs // CROPS] for place in range(CROPS)]
        drawn = [(pair, self._crops.crop(pair, "uncertainty", 0, place)) for place, pair in enumerate(pairs)]
        return fit_uncertainty(
            network,
            ((self._crops.encoded([(pair, crop)])[0], _truth(pair, crop)) for pair, crop in drawn),
            decode=self._examiner.pixels,
            matte=self._examiner.matte,
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
            self._crops.encoding,
            self._crops.target,
            self._loss.activation,
            self._colour,
        )

    def faults(self) -> dict[str, str]:
        """What is wrong with the pairs, by kind; a few of them are looked at."""
        return pair_faults(self._crops.pairs)

    def validate(self, network: nn.Module) -> Measured | None:
        """Fixed crops of held-out frames, or the regions that are held out of painted ones."""
        return self._examiner.validate(network)

    def evidence(self, network: nn.Module) -> Evidence:
        """What is held out, how the trained pairs measure, and what knowing nothing would cost."""
        return self._examiner.evidence(network, self._network_recipe.values.get("model_size", "medium"))

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Three random crops: input, groundtruth, output."""
        shown = permutation(self._settings.seed, "contact sheet", step, self.pairs)[:SHEET_ROWS]
        pairs = [self._crops.pairs[which] for which in sorted(shown)]
        drawn = [(pair, self._crops.crop(pair, "contact sheet", step, row)) for row, pair in enumerate(pairs)]
        inputs, _ = self._crops.encoded(drawn)
        output = self._examiner.pixels(self._examiner.raw(network, inputs)).numpy()
        rows = [_sheet_row(pair, crop, output[row]) for row, (pair, crop) in enumerate(drawn)]
        labels = [str(pair.number) for pair, _ in drawn]
        return contact_sheet(rows, ("input", "groundtruth", "output"), labels, f"step {step:,}")

    def preview(self, network: nn.Module) -> Image | None:
        """The unseen frame in the middle of the preview's frames, before and after."""
        if self._preview is None:
            return None
        seen = {pair.number for pair in self._crops.pairs}
        unseen = [number for number in self._preview.numbers if number not in seen] or self._preview.numbers
        number = unseen[len(unseen) // 2]
        frame = self._preview.read(number)
        source = frame.select(self._inputs).pixels
        network.eval()
        output = self._image_model(network).apply(
            source, precision=self._settings.precision, device=self._settings.device
        )
        linear = self._crops.pairs[0].linear
        row = [to_display(one, linear=linear) for one in (source, output)]
        return contact_sheet([row], ("input", "output"), [str(number)])

    def identities(self) -> dict[str, dict[str, str]]:
        """The digest of each frame, by input and frame number."""
        return self._identities


def automatic_batch(pairs: int) -> int:
    """Crops a step where nobody says how many."""
    return max(1, min(LARGEST_AUTOMATIC_BATCH, pairs // PAIRS_FOR_EACH_CROP))


def _truth(pair: Pair, crop: Crop) -> Tensor:
    return torch.from_numpy(cut(pair.truth, crop))[None]


def _sheet_row(pair: Pair, crop: Crop, output: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
    pictures = (cut(pair.source, crop), cut(pair.truth, crop), output)
    return [to_display(one.transpose(1, 2, 0), linear=pair.linear) for one in pictures]
