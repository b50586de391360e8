"""Controls and shapes as a Trainer learns them, and as an Inference plays them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


def learns(source: Any, truth: Any) -> bool:  # noqa: ARG001 - checking matched the kinds
    """Whether the input is of posed meshes."""
    from understudy.nodes.media.meshes.posed import PosedMeshes

    return isinstance(source, PosedMeshes)


def subject(node: Trainer, inputs: Inputs, context: Context, device: str) -> Subject:
    """Poses."""
    from understudy.nodes.learning.meshes.pairs import mesh_subject

    return mesh_subject(node, inputs, context, device=device)


def applies(source: Any, subject: str) -> bool:  # noqa: ARG001 - a wrong subject is told on reading
    """Whether the input is of posed meshes."""
    return learns(source, None)


def results(node: Inference, inputs: Inputs, context: Context) -> dict[str, Any]:
    """Shapes that are computed when something asks for them, and how far off they may be."""
    from understudy.nodes.learning.meshes.inference import inferred_shapes

    return inferred_shapes(node, inputs["input"], inputs["model"]["path"], context)
