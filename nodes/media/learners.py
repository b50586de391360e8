"""What a Trainer can learn, and how it is applied: each medium's package may have a module `learner`.

It is found as the medium's `source` is. Its `learns` is asked with the values on a Trainer's wires, its
`applies` with the value on an Inference's wire and the subject that the checkpoint names. None of it may
import anything heavy before it is asked for a subject or results.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from understudy.graph.errors import NodeError
from understudy.nodes.media.sources import modules

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


class Learner(Protocol):
    """A module `learner`."""

    def learns(self, source: Any, truth: Any) -> bool:
        """Whether pairs of such values are of its medium."""

    def subject(self, node: Trainer, inputs: Inputs, context: Context, device: str) -> Subject:
        """The pairs that a Trainer's wires make, ready to be learned from."""

    def applies(self, source: Any, subject: str) -> bool:
        """Whether it is the one to apply a model of that subject to such a value, or to say why not."""

    def results(self, node: Inference, inputs: Inputs, context: Context) -> dict[str, Any]:
        """What an Inference gives, by port."""


def subject_of(node: Trainer, inputs: Inputs, context: Context, device: str) -> Subject:
    """What a Trainer's wires give to learn.

    Raises:
        NodeError: Nothing learns such pairs, or these can't be learned from.
    """
    source, truth = inputs["input"], inputs["groundtruth"]
    found = next((one for one in _learners() if one.learns(source, truth)), None)
    if found is None:
        raise NodeError(node.name, "nothing here learns the one from the other", knob="inputs")
    return found.subject(node, inputs, context, device)


def results_of(node: Inference, inputs: Inputs, context: Context) -> dict[str, Any]:
    """What a model makes of an Inference's input, by port.

    Raises:
        NodeError: Nothing applies such a model to such a value.
        FormatError: The checkpoint is damaged.
    """
    subject = _subject(inputs["model"]["path"])
    found = next((one for one in _learners() if one.applies(inputs["input"], subject)), None)
    if found is None:
        raise NodeError(node.name, f"a model of {subject} is not applied to this", knob="inputs")
    return found.results(node, inputs, context)


def _subject(path: str) -> str:
    """What a model is of; an .onnx is one of images."""
    from understudy.runtime.runs.container import read_table

    if path.endswith(".onnx"):
        return "images"
    return str(read_table(path, "cat").header.get("subject", "something else"))


@cache
def _learners() -> tuple[Learner, ...]:
    return tuple(cast("Learner", module) for module in modules("learner"))
