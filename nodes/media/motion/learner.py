"""Motion itself is no row of numbers: a Trainer and an Inference are told to make features of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from understudy.graph.errors import NodeError

if TYPE_CHECKING:
    from understudy.graph.node import Inputs, Node
    from understudy.runtime.context import Context


def learns(source: Any, truth: Any) -> bool:  # noqa: ARG001 - motion is refused whatever the labels
    """Whether the input is motion."""
    from understudy.nodes.media.motion.motion import Motion

    return isinstance(source, Motion)


def subject(node: Node, inputs: Inputs, context: Context, device: str) -> NoReturn:  # noqa: ARG001 - it only refuses
    """Refuses it."""
    _refuse(node)


def applies(source: Any, subject: str) -> bool:  # noqa: ARG001 - motion is refused whatever the model
    """Whether the input is motion."""
    return learns(source, None)


def results(node: Node, inputs: Inputs, context: Context) -> NoReturn:  # noqa: ARG001 - it only refuses
    """Refuses it."""
    _refuse(node)


def _refuse(node: Node) -> NoReturn:
    raise NodeError(
        node.name,
        "the input is motion; put a MotionFeatures between the DataSource and this node",
        knob="inputs",
    )
