"""The verdict on a training: one word, and one paragraph with the evidence and what to try."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.curves import Windows, as_error, rise, windows
from understudy.nodes.learning.subject import STANDARD_ERROR, Measured, in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from understudy.nodes.learning.subject import Evidence
    from understudy.runtime.runs.summary import Summary

WORDS = (
    "learning",
    "converged",
    "overfitting",
    "underfitting",
    "diverging",
    "too little data",
    "misaligned pairs",
    "wrong order of inputs",
)
"""All that a verdict can be; the first two are no faults."""

FAULT_WORDS = {"swapped": "wrong order of inputs", "misaligned": "misaligned pairs"}
"""Faults of the data that decide the verdict, and its word for each."""

DOUBLED = 1.0
"""One that rose by this share is certain of what is wrong, whatever the figures are."""

RISEN = 0.1
"""A held-out loss that rose by this share of its best is no longer the best."""

BLOWN_UP = 1.5
"""A training loss that rose to so many times its lowest has diverged."""

LEARNED = 0.5
"""A training loss under this share of knowing nothing counts as learned where the subject says no better."""

GAP = 2.0
"""Held-out errors of so many times the trained pairs' say that there are too few; of losses, the square."""

CLEAR = 2.0
"""Standard errors that two figures must lie apart, or a few odd pieces make the difference."""

GAP_IN_FRAMES = 1.5
"""The same where what is held out lies in frames that are trained on."""

FALLING = 0.2
"""A loss that is lower by this share after twice the steps is still falling."""

NEGLIGIBLE = 0.05
"""A training loss under this share of one that counts as learned need not fall any more."""

MOST_BAD = 0.02
"""A larger share of steps without a finite loss has diverged."""

CERTAIN = 4.0
"""Standard errors by which a loss must have risen."""

JUMPED = 3.0
"""A loss of so many times the first one has jumped."""

_CALMER = "Try a lower learning rate (a tenth), and look for frames with wild values."


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a training went.

    Attributes:
        word: One of `WORDS`.
        reason: A paragraph in plain words: the evidence, and what to try.
    """

    word: str
    reason: str

    def __str__(self) -> str:
        return f"{self.word[0].upper()}{self.word[1:]}. {self.reason}"


def judged(
    summary: Summary, steps: int, evidence: Evidence, faults: Mapping[str, str], *, ended: bool
) -> Verdict:
    """The verdict on a training, by its curves, what its subject knows, and the faults of its data.

    Args:
        summary: Its losses so far.
        steps: Of the whole training.
        evidence: What its subject knows.
        faults: Faults of the pairs that were seen before training, by kind.
        ended: Whether it has ended; one that goes on can't be called underfitting or converged yet.
    """
    case = _Case(summary, steps, evidence, ended)
    word, reason = _fault(faults) or case.decided()
    others = [f"The data: {sentence}." for kind, sentence in faults.items() if FAULT_WORDS.get(kind) != word]
    return Verdict(word, " ".join([reason, *others]))


def _fault(faults: Mapping[str, str]) -> tuple[str, str] | None:
    for kind, word in FAULT_WORDS.items():
        if kind in faults:
            return (
                word,
                f"{faults[kind][0].upper()}{faults[kind][1:]}. Nothing trained on such pairs can be good.",
            )
    return None


class _Case:
    """One training under judgement."""

    def __init__(self, summary: Summary, steps: int, evidence: Evidence, ended: bool) -> None:  # noqa: FBT001 - private and named above
        self.summary, self.steps, self.evidence, self.ended = summary, steps, evidence, ended
        self.windows = windows(summary)

    def decided(self) -> tuple[str, str]:
        """The word and its reason."""
        found = self.windows
        if found is None:
            bad = len(self.summary.losses) and not np.isfinite(self.summary.losses).any()
            if bad:
                return "diverging", "No step had a finite loss. " + _CALMER
            return "learning", "Too few steps were made to say anything."
        for rule in (self._diverging, self._overfitting, self._gap, self._unlearned):
            if (verdict := rule(found)) is not None:
                return verdict
        return self._fine(found)

    def _diverging(self, found: Windows) -> tuple[str, str] | None:
        low, high = int(np.argmin(found.means)), int(np.argmax(found.means))
        first, last = float(found.means[0]), float(found.means[-1])
        if found.bad[-2:].mean() > MOST_BAD:
            share = f"{found.bad[-2:].mean():.0%} of the last steps had no finite loss. "
            return "diverging", share + _CALMER
        lately = float(found.means[-2:].min())
        if lately > BLOWN_UP * found.means[low] and found.above(-1, low) > CERTAIN:
            return "diverging", (
                f"The training loss was {found.means[low]:.4g} up to step {found.ends[low]:,} and has risen "
                f"to {last:.4g}. {_CALMER}"
            )
        nothing, good = self.evidence.knowing_nothing, self._good
        if nothing is None or good is None or last < good:
            return None
        if found.means[high] > JUMPED * max(first, nothing):
            return "diverging", (
                f"The training loss jumped to {found.means[high]:.4g} before step {found.ends[high]:,}, and "
                f"it has learned nothing since: it is {last:.4g}, where knowing nothing costs {nothing:.4g}. "
                f"{_CALMER}"
            )
        return None

    def _overfitting(self, found: Windows) -> tuple[str, str] | None:
        summary = self.summary
        risen = rise(summary.validation_steps, summary.validation)
        if risen is None or risen.share < RISEN:
            return None
        there = int(np.searchsorted(found.ends, risen.step))
        if found.means[-1] > found.means[min(there, len(found.means) - 1)]:
            return None  # both rose: that is no overfitting
        words, change = self._figure_since(risen.step)
        unseen = risen.share < DOUBLED or (change == "better" and self.evidence.same_frames)
        if change in ("same", "better") and unseen:
            return None  # a network that is more certain of some pixels, and nothing that anybody would see
        return "overfitting", (
            f"Since step {risen.step:,} the held-out loss rose from {risen.best:.4g} to {risen.last:.4g}"
            f"{words}, while the training loss went on falling to {found.means[-1]:.4g}: it learns its "
            f"examples by heart. Use the best checkpoint, and try {self._more}"
            f"{_or(self.evidence.regularisers)}, a smaller model or patience."
        )

    def _figure_since(self, step: int) -> tuple[str, str]:
        """The first figure at a step and now, in words, and whether it is "better", "worse" or the "same".

        Both are empty where there are no figures.
        """
        if not self.summary.figures:
            return "", ""
        name, values = next(iter(self.summary.figures.items()))
        errors, after = as_error(name, values), self.summary.validation_steps >= step
        at = int(np.flatnonzero(after)[0])
        lately = [float(np.median(errors[max(at, end - 3) : end])) for end in range(at + 1, len(errors) + 1)]
        best, then, now = min(lately), lately[0], lately[-1]
        change = "worse" if now > (1 + RISEN) * best else "better" if now < then else "same"
        return f" ({name} {values[at]:.4g}, now {values[-1]:.4g})", change

    @property
    def _good(self) -> float | None:
        """A training loss that counts as learned."""
        nothing = self.evidence.knowing_nothing
        if self.evidence.good is not None or nothing is None:
            return self.evidence.good
        return LEARNED * nothing

    @property
    def _more(self) -> str:
        return f"more {self.evidence.samples}"

    def _gap(self, found: Windows) -> tuple[str, str] | None:
        if not len(self.summary.validation):
            return None
        trained = self.evidence.training or Measured(float(found.means[-1]))
        held = self.evidence.kept or self._last_held_out
        if not self._is_far(trained, held) or (self._good is not None and trained.loss > self._good):
            return None
        return "too little data", (
            f"On what it was trained on: {_measured(trained)}; on what was held out "
            f"({self.evidence.held_out}): {_measured(held)}. It has learned these examples, and they don't "
            f"tell enough about the others. Try {self._more}"
            f"{_or(self.evidence.regularisers)}. {' '.join(self.evidence.thin)}".rstrip()
        )

    def _is_far(self, trained: Measured, held: Measured) -> bool:
        """Whether the held-out error is another one altogether, by what a person sees, else by the loss."""
        gap = GAP_IN_FRAMES if self.evidence.same_frames else GAP
        for name, value in trained.figures.items():
            errors = as_error(name, np.array([value, held.figures[name]]))
            clear = abs(value - held.figures[name]) > CLEAR * _noise(name, trained, held)
            return bool(clear and errors[1] > gap * errors[0] and errors[1] > (self.evidence.small or 0.0))
        return held.loss > gap**2 * trained.loss

    @property
    def _last_held_out(self) -> Measured:
        figures = {name: float(values[-1]) for name, values in self.summary.figures.items()}
        return Measured(float(self.summary.validation[-1]), figures)

    def _unlearned(self, found: Windows) -> tuple[str, str] | None:
        good, trained = self._good, self.evidence.trained_now or self.evidence.training
        loss = float(found.means[-1]) if trained is None or math.isnan(trained.loss) else trained.loss
        if not self.ended or good is None or loss <= good:
            return None
        tries = ["more epochs"] if self._falling(found) else []
        tries += [*self.evidence.remedies, "another learning rate" if tries else "a higher learning rate"]
        nothing = self.evidence.knowing_nothing
        against = f", where knowing nothing costs {nothing:.4g}" if nothing is not None else ""
        still = "It is still falling" if self._falling(found) else "It has settled there"
        return "underfitting", (
            f"Even on what it was trained on the loss is {loss:.4g}{against}. {still}: try {_listed(tries)}."
        )

    def _falling(self, found: Windows) -> bool:
        """Whether twice the steps brought a lot, as long as the rate was at its highest.

        As it falls every loss does, and that says nothing of more epochs.
        """
        rates = np.array([part.mean() for part in np.array_split(self.summary.rates, len(found.means))])
        high = np.flatnonzero(rates > 0.99 * rates.max())
        half = len(high) // 2
        good = self._good
        if not half or (good is not None and found.means[-1] < NEGLIGIBLE * good):
            return False
        before, now = found.means[high[:half]].mean(), found.means[high[half:]].mean()
        return bool(now < (1 - FALLING) * before)

    def _fine(self, found: Windows) -> tuple[str, str]:
        words = f"The training loss went from {found.means[0]:.4g} to {found.means[-1]:.4g}"
        if len(self.summary.validation):
            held = self.evidence.kept or self._last_held_out
            words += f"; on what was held out ({self.evidence.held_out}): {_measured(held)}"
        else:
            words += "; nothing was held out, so nothing says how it does on what it never saw"
        words = f"{words}. {self.evidence.sureness}".rstrip()
        if self.ended and not self._falling(found):
            return "converged", f"{words} It has settled: more epochs would change little."
        if self.ended:
            words += " Twice the steps still lowered it by a fifth or more: more epochs would help."
        return "learning", words


def _measured(found: Measured) -> str:
    """A loss and what a person sees of it.

    >>> _measured(Measured(0.0123, {"IoU": 0.9312})), _measured(Measured(float("nan"), {"error (m)": 0.1}))
    ('loss 0.0123, IoU 0.931', 'error (m) 0.1')
    """
    loss = [f"loss {found.loss:.4g}"] if np.isfinite(found.loss) else []
    return ", ".join([*loss, *([in_words(found.figures)] if found.figures else [])])


def _noise(name: str, *measured: Measured) -> float:
    """The standard error of a figure's difference; 0 where the subject does not say."""
    known = f"{name.partition(' (')[0]}{STANDARD_ERROR}"
    return math.hypot(*(found.figures.get(known, 0.0) for found in measured))


def _or(tries: tuple[str, ...]) -> str:
    return "".join(f", {one}" for one in tries)


def _listed(tries: list[str]) -> str:
    return tries[0] if len(tries) == 1 else f"{', '.join(tries[:-1])} or {tries[-1]}"
