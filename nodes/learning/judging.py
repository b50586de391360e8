"""What a training is judged by as it goes: held-out pairs, the best step, patience, and the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.nodes.learning.subject import Measured
from understudy.nodes.learning.verdict import Verdict, judged
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from understudy.nodes.learning.starting import Start
    from understudy.nodes.learning.subject import Subject


class Judge:
    """Measures held-out pairs, remembers the best step, and says when patience has run out.

    All of it is a function of the measurements alone, so a training that was cut off and goes on stops where
    the unbroken one would have stopped.

    Args:
        subject: What is learned.
        start: The run that is judged.
        patience: Measurements in a row without a better one that end the training; 0 for no end.
        faults: What was wrong with the pairs, by kind.

    Attributes:
        best: The step with the lowest held-out loss and that loss; None before anything was measured.
        waited: Measurements since then.
        trained: Pairs that are trained on, measured at the last step at which others were still held out;
            None where these are held out to the end.
    """

    def __init__(self, subject: Subject, start: Start, patience: int, faults: Mapping[str, str]) -> None:
        self._subject, self._start, self._patience, self._faults = subject, start, patience, faults
        self.best: dict[str, Any] | None = None
        self.waited = 0
        self.trained: Measured | None = None

    def restore(self, header: Mapping[str, Any], *, own: bool) -> None:
        """Goes on from the header of a state.

        Args:
            header: What `state` gave, and more.
            own: Whether the state is of this run; in a run that goes on from another, patience begins anew.
        """
        self.best = header.get("best")
        self.waited = int(header.get("waited", 0)) if own else 0
        trained = header.get("trained")
        self.trained = None if trained is None else Measured(trained["loss"], trained["figures"])

    def state(self) -> dict[str, Any]:
        """What a state's header keeps."""
        state: dict[str, Any] = {"best": self.best, "waited": self.waited}
        if self.trained is not None:
            state["trained"] = {"loss": self.trained.loss, "figures": self.trained.figures}
        return state

    @property
    def patience_ended(self) -> bool:
        """Whether the training ends here."""
        return 0 < self._patience <= self.waited

    def measure(self, network: nn.Module, step: int) -> Measured | None:
        """Measures held-out pairs after a step and notes what came of it."""
        until = self._subject.measured_until
        measured = self._subject.validate(network) if until is None or step <= until else None
        if measured is None:
            return None
        self._start.summary.validation(step, measured.loss, measured.figures)
        if until is not None:
            self.trained = self._subject.evidence(network).training if step == until else None
            return measured
        self.waited += 1
        if self.best is None or measured.loss < self.best["loss"]:
            self.best, self.waited = {"step": step, "loss": measured.loss}, 0
        return measured

    def verdict(self, network: nn.Module, steps: int, *, ended: bool) -> Verdict:
        """How the training goes or went, by all that is known.

        Args:
            network: As it is now.
            steps: Of the whole training.
            ended: Whether it has ended.
        """
        summary = read_summary(self._start.folder.summary)
        evidence = self._subject.evidence(network)
        if self.trained is not None:
            evidence = replace(evidence, training=self.trained, trained_now=evidence.training)
        found = judged(summary, steps, evidence, self._faults, ended=ended)
        if not (ended and self.patience_ended):
            return found
        early = (
            f"Stopped early at step {summary.steps[-1]:,} of {steps:,}: {self.waited} measurements in a row "
            "brought no better held-out loss; more epochs or patience = 0 go on from here. "
        )
        return Verdict(found.word, early + found.reason)
