"""Looks for bad examples before they spoil a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.runtime.context import Context


class Clinic(Node):
    """Looks for what is wrong with frames, pairs, poses and rows, sorts frames, and lists what to leave out.

    Each frame is decoded once, and not again while it is unchanged. Of frames it measures sharpness, noise,
    exposure, clipping and motion, and finds what is unreadable, blurred, noisy, flat or there twice, and NaN.
    Of pairs it finds what is misaligned, scaled, swapped or in the wrong colour space, and mattes that are
    empty or inverted. Of poses and rows it finds repeats, contradictions, outliers and constant columns.

    The folder `path` gets `table.csv` and `table.jsonl` with a line for each frame, `summary.txt`, the frames
    in order in `order.csv` and `order.png`, the worst ten in `worst.png`, and pictures of the pairs that are
    wrong. Nothing is deleted: `drop` writes a list of frames that a DataSource leaves out by its knob
    `exclude`. `docs/clinic.md` explains each measure and finding.
    """

    version = 2
    keeps = True
    input = Input("frames controls shapes features", "What to look at: frames, poses or rows.")
    groundtruth = Input("frames shapes labels", "What is to be learned from them.", optional=True)
    columns = Input(
        "features labels", "Columns to sort by, a row for each frame: such as what an Inference found.",
        optional=True,
    )  # fmt: skip
    table = Output("files", "Where the tables lie, and how much was found.")
    picture = Output("picture", "The frames in order, as a PNG.")

    path = Knob("clinic", "The folder for what is found.", path=True)
    by = Knob(
        "time",
        "Sorted by time, sharpness, noise, brightness, motion, similarity, dissimilarity, hash, or a column.",
    )
    near = Knob(
        0.0145,
        "How much two frames that count as one picture may differ, the peak at 1.",
        least=0.0,
        most=1.0,
    )
    drop = Knob("", "Frames to leave out, as a rule such as sharpness < 0.2 or duplicate; none when empty.")
    quarantine = Knob("quarantine.txt", "The list that those frames are added to.", path=True)
    pictures = Knob(60, "Frames on the sheet, spread evenly over the order.", least=1, most=500)
    links = Knob(False, "Whether a folder with links to the files is made, named in order.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """Files and a picture; a rule or an order that is none is a fault, and unlike inputs."""
        from understudy.graph.errors import nearest
        from understudy.nodes.diagnosis import kinds
        from understudy.nodes.diagnosis.rules import RuleError, parse_rule

        kind = inputs["input"][0].kind
        if self.drop and not inputs.get("columns"):  # whose columns are not known before
            try:
                parse_rule(self.drop, *kinds.words_of(kind))
            except RuleError as error:
                report.fault("this is no rule", knob="drop", found=str(error))
        if self.by not in kinds.ORDERS and not inputs.get("columns"):
            close = nearest(self.by, kinds.ORDERS)
            report.fault(
                "there is no such order",
                knob="by",
                found=f'"{self.by}"',
                expected="one of " + ", ".join(kinds.ORDERS),
                suggestion=f'Did you mean "{close}"?' if close else None,
            )
        truth = inputs["groundtruth"][0].kind if inputs.get("groundtruth") else kinds.TRUTHS[kind]
        if truth != kinds.TRUTHS[kind]:
            report.fault(
                f"{truth} are no ground truth of {kind}", knob="groundtruth", expected=kinds.TRUTHS[kind]
            )
        return {"table": Outline("files"), "picture": Outline("picture")}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, Any]:
        """Looks at everything, and writes the folder."""
        from understudy.nodes.diagnosis.clinic import examine_frames
        from understudy.nodes.diagnosis.row_clinic import examine_rows

        if hasattr(inputs["input"], "read"):
            return examine_frames(self, inputs, context)
        return examine_rows(self, inputs, context)
