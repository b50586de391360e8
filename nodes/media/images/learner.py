"""Frames as a Trainer learns them from frames, and as an Inference makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


def learns(source: Any, truth: Any) -> bool:
    """Whether both are sequences of frames."""
    return hasattr(source, "read") and hasattr(truth, "read")


def subject(node: Trainer, inputs: Inputs, context: Context, device: str) -> Subject:
    """Pairs of frames."""
    from understudy.nodes.learning.images.pairs import image_subject
    from understudy.nodes.learning.loop import fastest_precision

    precision = fastest_precision(device) if node.precision == "auto" else node.precision
    return image_subject(node, inputs, context, precision=precision, device=device)


def applies(source: Any, subject: str) -> bool:
    """Whether these are frames, and not for a model that gives labels of them."""
    return hasattr(source, "read") and subject != "tables"


def results(node: Inference, inputs: Inputs, context: Context) -> dict[str, Any]:
    """Frames that are computed when something asks for them, and how far off they may be."""
    from understudy.nodes.learning.images.inference import InferredFrames, UncertainFrames
    from understudy.nodes.learning.images.loaded_model import LoadedModel

    source = inputs["input"]
    loaded = LoadedModel(node, inputs["model"]["path"], len(source.numbers), context)
    return {
        "result": InferredFrames(node, source, loaded),
        "uncertainty": UncertainFrames(node, source, loaded),
    }
