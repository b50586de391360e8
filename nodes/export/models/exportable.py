"""What a format must know of a model, whatever it learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from understudy.nodes.learning.deformers.deformer import Deformer

    Values = NDArray[np.float32]

TOLERANCE = 1e-4
"""A result may differ from ours by so much of the range of its values."""


class Exportable(Protocol):
    """A model that takes one array and gives one.

    Attributes:
        subject: What it learned from, "images", "meshes" or "tables".
        input: The name of the tensor that goes in.
        output: The name of the tensor that comes out.
        notes: What a host must know, as plain data.
        samples: Inputs on which results are compared.
        compared: What the samples are, in words.
        tolerance: The largest difference that counts as equal, a share of the values' range.
    """

    subject: str
    input: str
    output: str
    notes: dict[str, Any]
    samples: Sequence[Values]
    compared: str
    tolerance: float

    def expected(self, sample: Values) -> Values:
        """Our own result."""

    def span(self, expected: Values) -> float | Values:
        """The range of values that a difference is told as a share of, or that of each column."""

    def noted(self, **facts: Any) -> dict[str, Any]:
        """The notes, with facts that an export adds."""

    def onnx(self) -> bytes:
        """The model as ONNX; equal models give equal bytes.

        Raises:
            UnderstudyError: onnx is missing, or the model has an operator that ONNX lacks.
        """


@dataclass(slots=True)
class TorchExportable:
    """A model that is a module of torch: pixels or rows as they are go in, the result as it is comes out.

    Attributes:
        subject: See `Exportable`, as for the others.
        module: In evaluation, float32, on the processor; torch can trace it, and script all but its
            `network`.
        free: The axes of the input that may be of any length, by number, with their names.
        ours: Our own result for a sample, by the way that Inference takes.
    """

    subject: str
    module: nn.Module
    input: str
    output: str
    notes: dict[str, Any]
    samples: Sequence[Values]
    compared: str
    free: Mapping[int, str]
    ours: Callable[[Values], Values]
    tolerance: float = TOLERANCE

    def expected(self, sample: Values) -> Values:
        """Our own result."""
        return self.ours(sample)

    def span(self, expected: Values) -> float | Values:
        """From the least to the largest value and 0; 1 where all are 0."""
        return float(max(expected.max(), 0.0) - min(expected.min(), 0.0)) or 1.0

    def noted(self, **facts: Any) -> dict[str, Any]:
        """The notes, with facts that an export adds."""
        return self.notes | facts

    def onnx(self) -> bytes:
        """The module as ONNX of the lowest opset that has all its operators."""
        from understudy.nodes.export.models.torch_onnx import onnx_bytes

        return onnx_bytes(self)


@dataclass(slots=True)
class DeformerExportable:
    """A deformer: values of controls and joint rotations go in, deltas of vertices come out."""

    deformer: Deformer
    notes: dict[str, Any]
    samples: Sequence[Values]
    compared: str
    subject: str = "meshes"
    input: str = "inputs"
    output: str = "deltas"
    tolerance: float = 1e-5

    def expected(self, sample: Values) -> Values:
        """The deltas that Inference would add."""
        inputs, deformer = self.deformer.inputs, self.deformer
        given = inputs.clamped(sample) if deformer.clamp else sample
        return deformer.decoder.deltas(deformer.predictor.predict(inputs.standardised(given)))

    def span(self, expected: Values) -> float:  # noqa: ARG002 - of any pose the same
        """The rest shape's diagonal."""
        return float(self.deformer.rig.diagonal)

    def noted(self, **facts: Any) -> dict[str, Any]:
        """The notes, with facts that an export adds; they go where Maya has no names."""
        return self.notes | {"understudy": self.notes["understudy"] | facts}

    def onnx(self) -> bytes:
        """The deformer as ONNX, node by node."""
        from understudy.nodes.learning.deformers.onnx_export import onnx_bytes

        return onnx_bytes(self.deformer)


def largest_difference(model: Exportable, play: Callable[[Values], Values], what: str) -> float:
    """The largest difference of another player's results from ours, as a share of the values' range.

    Args:
        model: Its samples are played.
        play: Gives the other result for a sample.
        what: The other player, for the message.

    Raises:
        UnderstudyError: A result is of another shape, or differs by more than the model's tolerance.
    """
    largest = 0.0
    for sample in model.samples:
        ours, theirs = model.expected(sample), play(sample)
        if ours.shape != theirs.shape:
            raise UnderstudyError(
                f"{what} gives a result of shape {theirs.shape} for an input of shape {sample.shape}; "
                f"expected {ours.shape}. Nothing was written."
            )
        difference = float((np.abs(ours - theirs) / model.span(ours)).max())
        if not difference <= model.tolerance:  # what is no number is no export either
            raise UnderstudyError(
                f"The result of {what} differs from ours by {difference:.1e} of the range of its values, for "
                f"an input of shape {sample.shape}; expected at most {model.tolerance:.0e}. Nothing was "
                "written."
            )
        largest = max(largest, difference)
    return largest
