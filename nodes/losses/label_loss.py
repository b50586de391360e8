"""How labels are compared, as a node."""

from __future__ import annotations

from understudy.graph.knobs import Knob
from understudy.nodes.learning.tables.recipes import LabelLossNode


class LabelLoss(LabelLossNode):
    """Compares labels: numbers by their error, classes by cross-entropy.

    A circular number, such as a phase, is compared as sine and cosine, so that its end is next to its
    beginning. Numbers are compared in units of their deviation, so that labels weigh alike.

    With `mirror` a training flips half of its frames, for then it is known what becomes of the labels; the
    same is done to them where motion is mirrored.
    """

    version = 1
    numbers = Knob("squared", "How errors of numbers count; absolute lets outliers weigh less.",
                   choices=("squared", "absolute"))  # fmt: skip
    mirror = Knob[tuple[str, ...]](
        (), "What flipping does to labels: same, NAME of a number that turns negative, A=B of classes.",
        type=str, many=True,
    )  # fmt: skip
    class_weights = Knob("none", "Whether rare classes count more: balanced makes every class weigh alike.",
                         choices=("none", "balanced"))  # fmt: skip

    @property
    def settings(self) -> dict[str, bool]:
        """Whether errors are absolute, and whether classes weigh alike."""
        return {"absolute": self.numbers == "absolute", "balanced": self.class_weights == "balanced"}
