"""What is being learned: the one interface behind which images, meshes and tables differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Model:
    """All that Inference needs, as a checkpoint holds it.

    Attributes:
        header: Plain data: what network, what channels, how values were encoded. Its `subject` says what kind
            of model it is.
        arrays: Named arrays: copies of the weights, a basis.
    """

    header: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Measured:
    """Pairs measured with a network.

    Attributes:
        loss: Their loss, made as the training's is, so that the two can be held against each other.
        figures: What a person sees of the error, by a name that ends with its unit where it has one, the one
            that matters most first: `{"IoU": 0.93, "edge error (px)": 1.2}` or `{"rms error (mm)": 0.4}`.
            Names whose larger values are better: `HIGHER_IS_BETTER`.
    """

    loss: float
    figures: dict[str, float] = field(default_factory=dict)


def in_words(figures: Mapping[str, float]) -> str:
    """Figures for people, each with its standard error where that is known.

    >>> in_words({"IoU": 0.9312, "IoU standard error": 0.0123, "edge error (px)": 1.25})
    'IoU 0.931 ± 0.012, edge error (px) 1.25'
    """
    parts = []
    for name, value in figures.items():
        error = figures.get(f"{name.partition(' (')[0]}{STANDARD_ERROR}")
        if not name.endswith(STANDARD_ERROR):
            parts.append(f"{name} {value:.3g}" + (f" ± {error:.2g}" if error else ""))
    return ", ".join(parts)


STANDARD_ERROR = " standard error"
"""What follows a figure's name, without its unit, in the name of its standard error."""

HIGHER_IS_BETTER = ("IoU", "PSNR (dB)", "SSIM", "accuracy", "F1", "R²")
"""Names of figures that grow as the error shrinks; all others are errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a subject knows for the verdict beside the curves; whatever it can't say keeps its default.

    Attributes:
        samples: What more of would help, in the plural: "painted frames", "poses", "rows of each class".
        held_out: What is measured and not trained on, in words: "frames 12 and 24", "clip walk_2"; empty
            where nothing is.
        sureness: A sentence on how far the held-out figures can be trusted; empty for nothing to say.
        same_frames: Whether what is held out lies in frames or clips that are trained on too. Such figures
            flatter, so a smaller gap to the training is told.
        training: Pairs that are trained on, measured as the held-out ones are; None where that is not known.
        trained_now: The same at the end, where what was held out is trained on by then.
        kept: What is held out, measured with the model that is kept; None where that is the network whose
            measurements the curves are of. Its loss may be NaN where only its figures can be compared.
        small: A first figure that is small enough whatever the trained pairs' is, as an error: 0.06 for an
            IoU of 0.94; None where there is no such.
        knowing_nothing: The loss of the best answer that does not look at the input: the mean of the
            groundtruth, or ridge where that is the floor. A training that stays near it has learned nothing.
        good: A loss that is good enough for the kind of data, so that a plateau under it is no underfitting.
        thin: Sentences on where the data is thin, the thinnest first: controls seldom moved, classes with few
            rows. They are told where there is too little data.
        remedies: What can still be changed here against underfitting, as sentence parts: "a larger model
            (model_size)", "larger crops (crop_size)".
        regularisers: The same against overfitting: "dropout", "augmentation by jitter".
    """

    samples: str = "examples"
    held_out: str = ""
    sureness: str = ""
    same_frames: bool = False
    training: Measured | None = None
    trained_now: Measured | None = None
    kept: Measured | None = None
    small: float | None = None
    knowing_nothing: float | None = None
    good: float | None = None
    thin: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    regularisers: tuple[str, ...] = ()


class Subject(Protocol):
    """Pairs to learn from, and how they are drawn, measured and shown.

    Everything here is a pure function of the seed and the step, so that a run that was cut off and resumed
    draws what the unbroken one would have drawn.

    Attributes:
        pairs: How many pairs of frames, poses or rows an epoch goes through.
        batch_size: Samples a step where nobody says how many.
        precision: "float32" or "bfloat16", what the network computes in.
        rate: The learning rate where nobody says one.
        sheet_interval: Steps between contact sheets where nobody says how many.
        most_steps: All the steps that there is something to learn in; None for no limit.
        samples: What a batch consists of, for people: "crops", "poses" or "rows".
        measured_until: The last step at which what is held out is not trained on; None for to the end. A
            model that goes on to learn from it can't be called best by it, so no checkpoint is.
    """

    pairs: int
    batch_size: int
    precision: str
    rate: float
    sheet_interval: int
    most_steps: int | None
    samples: str
    measured_until: int | None

    def network(self) -> nn.Module:
        """A fresh network; its starting weights depend on the seed only."""

    def optimiser(self, network: nn.Module, rate: float) -> Any:
        """The optimiser that suits the network: a `torch.optim.Optimizer`."""

    def batch(self, step: int, size: int) -> tuple[Tensor, Tensor]:
        """Encoded inputs and targets of a step, from 1, each with `size` samples first."""

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch, a scalar."""

    def described(self, step: int, size: int) -> list[str]:
        """What a step's batch consists of, for people: frames and crops, poses or rows."""

    def model(self, network: nn.Module) -> Model:
        """What a checkpoint holds, with copies of the weights."""

    def faults(self) -> dict[str, str]:
        """Faults of the pairs that are seen without training: a sentence for each kind, empty for none.

        Kinds that decide the verdict are "misaligned" (pairs whose two sides don't lie on each other) and
        "swapped" (input and groundtruth in the wrong order); all others are told as warnings. It is asked
        once, before the first step, so it should take less than a second.
        """

    def validate(self, network: nn.Module) -> Measured | None:
        """Pairs that are never trained on, measured; None where there are none.

        It is asked every `validation_interval` steps and should take under a twentieth of their time.
        """

    def evidence(self, network: nn.Module) -> Evidence:
        """What the verdict takes beside the curves; asked at checkpoints and at the end."""

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Rows of random samples: input, groundtruth, output."""

    def preview(self, network: nn.Module) -> Image | None:
        """A whole unseen frame or pose; None where no preview is connected."""

    def conclusion(self, network: nn.Module) -> list[str]:
        """Sentences for people at the end of a training, beside what the losses say."""

    def identities(self) -> dict[str, dict[str, str]]:
        """For each connected input the digest of each frame, pose file or row file, by its name."""
