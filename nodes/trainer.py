"""Learns from pairs."""

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


class Trainer(Node):
    """Learns what was done to the painted frames, or how a rig's controls move its mesh.

    It pairs `input` and `groundtruth` by frame number and trains a network on random crops of the pairs, or
    on poses. The total number of steps is epochs x pairs / batch size. Everything goes into a run folder
    below `data_directory`: checkpoints (.cat), resume state (.ost), losses (.summary), contact sheets,
    previews, a loss graph, and the graph itself.

    Run the same graph again after a crash, and it goes on where it stopped, to the same bytes. Raise `epochs`
    of a finished run, and it goes on from there. Change anything else, and a new run begins; the old one is
    left alone.

    Left unconnected, `network` and `loss` are picked by the data: a groundtruth of one channel between 0 and
    1 is a matte, anything else is colour. Controls and shapes get a LocalDeformer: ridge and kernel
    regression are fitted first, and what is best on held-out poses becomes the model.
    """

    version = 1
    keeps = True
    exclusive = True

    input = Input("frames controls features", "What the effect is applied to: the plate, or rig controls.")
    groundtruth = Input("frames shapes labels features", "What it should become, for some of the frames.")
    preview = Input(
        "frames controls", "Frames of which one unseen one is shown as training goes.", optional=True
    )
    validation = Input(
        "frames shapes labels features",
        "Groundtruth that is measured and never trained on, paired with `input`.",
        optional=True,
    )
    basis = Input("basis", "Principal shapes to learn coefficients of.", optional=True)
    network = Input("network", "What is trained; picked by the data when left out.", optional=True)
    loss = Input("loss", "What it is trained against; picked by the data when left out.", optional=True)
    weights = Input(
        "model",
        "A model whose weights it starts from, as far as layers fit: narrower, or with another head, too.",
        optional=True,
    )
    run = Output("run", "The run folder.")

    epochs = Knob(400, "Times that every pair is used.", least=1, length=True)
    crop_size = Knob(256, "Width and height of the random crops, in pixels.", least=16, most=4096)
    batch_size = Knob[Any](
        "auto",
        "Crops or poses a step; auto takes a crop for every 8 pairs, 8 at most, and 64 poses.",
        type=int,
        words=("auto",),
        least=1,
    )
    model_size = Knob(
        "medium", "Size of the default network; larger learns more and takes longer.",
        choices=("small", "medium", "large"),
    )  # fmt: skip
    learning_rate = Knob[Any](
        "auto", "The highest learning rate; auto takes what suits frames (0.002), poses or rows; find tries "
        "rates for 150 steps first and draws them.",
        type=float, words=("auto", "find"), least=0.0,
    )  # fmt: skip
    schedule = Knob(
        "warmup-constant-decay",
        "How the learning rate runs; only the default can be lengthened without a loss.",
        choices=("warmup-constant-decay", "cosine", "constant"),
    )
    augmentation = Knob(
        ("flip",), "Changes that crops are given at random.", choices=("flip", "jitter"), many=True
    )
    hold_out = Knob[Any](
        "auto", "Share of the pairs that is measured, not trained on: blocks of frames, whole clips; regions "
        "takes parts of each frame; auto no frames and a tenth of the poses.",
        type=float, words=("auto", "regions"), least=0.0, most=0.9,
    )  # fmt: skip
    patience = Knob(
        0, "Measurements in a row without a better held-out loss that end the training; 0 never ends it.",
        least=0, length=True,
    )  # fmt: skip
    freeze = Knob("", "The layer up to which weights are held for `freeze_steps`, such as stem or encoders.")
    freeze_steps = Knob(0, "Steps from the first for which the layers up to `freeze` are held.", least=0)
    rate_dropout = Knob(
        0.0, "Share of the weights, drawn anew, that each step leaves where they are.", least=0.0, most=0.95
    )
    validation_interval = Knob(100, "Steps between measurements of held-out pairs.", least=1)
    precision = Knob(
        "auto", "What the network computes in; auto takes bfloat16 where the hardware has it.",
        choices=("auto", "float32", "bfloat16"),
    )  # fmt: skip
    seed = Knob(0, "Every random draw depends on it and on nothing else.", least=0)
    checkpoint_interval = Knob(1000, "Steps between checkpoints.", least=1, result=False)
    contact_sheet_interval = Knob[Any](
        "auto", "Steps between contact sheets; auto takes 100 for frames and 1000 for poses.",
        type=int, words=("auto",), least=1, result=False,
    )  # fmt: skip
    data_directory = Knob("training", "Where run folders are made.", path=True, result=False)
    run_name = Knob("", "Name of the run folder; Training_<date>_<time> when empty.", result=False)

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """A run, and what it measures; pairs that can't be made and a batch without pairs are faults."""
        source, truth = inputs["input"][0], inputs["groundtruth"][0]
        if source.kind == "frames" and truth.kind == "frames":
            self._check_pairs(source.frames, truth.frames, report)
            if self.patience and self.hold_out in ("auto", 0.0) and not inputs.get("validation"):
                report.fault(
                    "patience waits for a better held-out loss, and nothing is held out to the end",
                    knob="patience",
                    found=str(self.patience),
                    expected="hold_out as a share or regions, or a validation input",
                )
        elif (source.kind, truth.kind) not in _LEARNABLE:
            expected = ", ".join(f"{one} to {other}" for one, other in _LEARNABLE)
            report.fault(
                "this can't be learned",
                knob="inputs",
                found=f"{source.kind} to {truth.kind}",
                expected=expected,
            )
            return {"run": Outline("run")}
        if inputs.get("basis") and truth.kind != "shapes":
            report.fault(
                "a basis is of shapes, and none are learned here",
                knob="inputs",
                found=f"basis beside {truth.kind}",
                expected="a basis only where the groundtruth is shapes",
            )
        return {"run": Outline("run", gives=truth.kind, notes=self._notes(inputs))}

    def _notes(self, inputs: Mapping[str, Sequence[Outline]]) -> tuple[str, ...]:
        """What is measured, and what may end the training early."""
        from understudy.nodes.learning.holding_out import split

        source, truth = inputs["input"][0], inputs["groundtruth"][0]
        measured = inputs["validation"][0].frames if inputs.get("validation") else ()
        notes = []
        if source.frames and truth.frames and measured is not None:
            notes.append(split(source.frames, truth.frames, measured, self.hold_out, self.schedule).note)
        if self.patience:
            notes.append(
                f"it ends early after {self.patience} measurements in a row (every "
                f"{self.validation_interval:,} steps) without a better held-out loss"
            )
        return tuple(notes)

    def _check_pairs(
        self, source: tuple[int, ...] | None, truth: tuple[int, ...] | None, report: Report
    ) -> None:
        if not source or not truth:  # not known yet, or told at their own node
            return
        common = len(set(source) & set(truth))
        if not common:
            report.fault(
                "input and groundtruth have no frame in common",
                knob="inputs",
                found=f"{_span(source)} and {_span(truth)}",
                expected="the same frame numbers on both; TimeOffset shifts one of them",
            )
        elif self.batch_size != "auto" and self.batch_size > common:
            report.fault(
                "the batch is larger than the number of pairs",
                knob="batch_size",
                found=f"{self.batch_size} for {common} pairs",
                expected=f"at most {common}",
                suggestion="A pair would be in one batch twice and an epoch would be less than a step.",
            )

    def standing(self, key: str, lineage: str) -> str | None:
        """Where an unfinished run of this job stopped."""
        from understudy.nodes.learning.choosing import standing

        return standing(self.path_of(self.data_directory), key, lineage)

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Trains, resumes or finds the run; gives `{"folder": path relative to the graph file}`."""
        from understudy.nodes.learning.training import train

        return train(self, inputs, context)


_LEARNABLE = (
    ("frames", "frames"),
    ("controls", "shapes"),
    ("features", "labels"),
    ("frames", "labels"),
    ("features", "features"),
)


def _span(frames: tuple[int, ...]) -> str:
    if not frames:
        return "no frames"
    return f"{frames[0]}-{frames[-1]}" if len(frames) > 1 else str(frames[0])
