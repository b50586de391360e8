"""How labels are compared, as a node."""

from __future__ import annotations

from understudy.graph.knobs import Knob
from understudy.nodes.learning.table_recipes import LabelLossNode


class LabelLoss(LabelLossNode):
    """Compares labels: numbers by their error, classes by cross-entropy.

    A circular number, such as a phase, is compared as sine and cosine, so that its end is next to its
    beginning. Numbers are compared in units of their deviation, so that labels weigh alike.
    """

    version = 1
    numbers = Knob("squared", "How errors of numbers count; absolute lets outliers weigh less.",
                   choices=("squared", "absolute"))  # fmt: skip
    class_weights = Knob("none", "Whether rare classes count more: balanced makes every class weigh alike.",
                         choices=("none", "balanced"))  # fmt: skip

    @property
    def settings(self) -> dict[str, bool]:
        """Whether errors are absolute, and whether classes weigh alike."""
        return {"absolute": self.numbers == "absolute", "balanced": self.class_weights == "balanced"}
