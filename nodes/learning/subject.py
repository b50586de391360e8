"""What is being learned: the one interface behind which images, meshes and tables differ."""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    pairs: int
    batch_size: int
    precision: str
    rate: float
    sheet_interval: int
    most_steps: int | None
    samples: str

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

    def validate(self, network: nn.Module) -> float | None:
        """The loss on pairs that are never trained on; None where there are none."""

    def contact_sheet(self, network: nn.Module, step: int) -> Image:
        """Rows of random samples: input, groundtruth, output."""

    def preview(self, network: nn.Module) -> Image | None:
        """A whole unseen frame or pose; None where no preview is connected."""

    def conclusion(self, network: nn.Module) -> list[str]:
        """Sentences for people at the end of a training, beside what the losses say."""

    def identities(self) -> dict[str, dict[str, str]]:
        """For each connected input the digest of each frame, pose file or row file, by its name."""
