"""Labels as a Trainer learns them from rows or frames, and as an Inference gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


def learns(source: Any, truth: Any) -> bool:
    """Whether labels are to be learned, from rows or from frames."""
    from understudy.nodes.media.tables.table import Table

    return isinstance(truth, Table) and (isinstance(source, Table) or hasattr(source, "read"))


def subject(node: Trainer, inputs: Inputs, context: Context, device: str) -> Subject:
    """Rows or frames with labels."""
    from understudy.nodes.learning.tables.pairs import label_subject

    return label_subject(node, inputs, context, device=device)


def applies(source: Any, subject: str) -> bool:
    """Whether these are rows, or frames for a model that gives labels of them."""
    from understudy.nodes.media.tables.table import Table

    return isinstance(source, Table) or (subject == "tables" and hasattr(source, "read"))


def results(node: Inference, inputs: Inputs, context: Context) -> dict[str, Any]:
    """The labels."""
    from understudy.nodes.learning.tables.inference import inferred_labels

    return dict(inferred_labels(node, inputs["input"], inputs["model"]["path"], context))
