"""What curves and evidence say in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from understudy.nodes.learning.subject import Evidence, Measured
from understudy.nodes.learning.verdict import Verdict, judged
from understudy.runtime.runs.summary import Summary

STEPS = 1000


def curves(losses: Any, held_out: Any = (), **figures: Any) -> Summary:
    """A training of 1,000 steps with these training and held-out losses, stretched over it, with noise."""
    at = np.linspace(0, 1, STEPS)
    noise = 1 + 0.2 * np.random.Generator(np.random.Philox(0)).standard_normal(STEPS)
    training = np.interp(at, np.linspace(0, 1, len(losses)), losses) * np.abs(noise)
    none = np.zeros(STEPS)
    points = np.linspace(100, STEPS, len(held_out)).astype(np.int64)
    measured = {name: np.asarray(values, np.float64) for name, values in figures.items()}
    held = np.asarray(held_out, np.float64)
    return Summary(np.arange(1, STEPS + 1), training, none, none, points, held, [], None, measured)


def verdict(summary: Summary, *, ended: bool = True, **evidence: Any) -> Verdict:
    """The verdict on it."""
    return judged(summary, STEPS, Evidence(**evidence), {}, ended=ended)


SETTLED = (1, 0.1, *[0.05] * 7)
RISING = (5, 4, 3, 2, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)


def test_a_held_out_loss_that_rises_while_training_falls_is_overfitting() -> None:
    """It names the step at which the held-out loss was best."""
    found = verdict(curves([5, 2, 1, 0.5, 0.2], RISING))
    assert found.word == "overfitting"
    assert "Since step 500" in found.reason


def test_a_higher_loss_that_nobody_sees_is_no_overfitting() -> None:
    """A matte network that becomes certain has a higher held-out loss at the same IoU."""
    found = verdict(curves([5, 2, 1, 0.5, 0.2], RISING, IoU=[0.5, 0.7, 0.8, 0.9, *[0.95] * 6]))
    assert found.word != "overfitting"


def test_regions_that_look_better_are_no_overfitting_whatever_their_loss() -> None:
    """The loss of a few regions doubles by some certain pixels; held-out clips with such a loss are told."""
    held_out = [5, 4, 3, 1.2, 1.0, 1.2, 2, 3, 4, 4]
    rising = curves([5, 2, 1, 0.5, 0.2], held_out, IoU=np.linspace(0.5, 0.9, 10))
    assert verdict(rising, same_frames=True).word != "overfitting"
    assert verdict(rising).word == "overfitting"


def test_noise_of_the_held_out_loss_is_no_overfitting() -> None:
    """Measurements that go up and down by a fifth have not risen."""
    held = [1.0, 0.6, 0.5, 0.62, 0.5, 0.6, 0.52, 0.58, 0.5, 0.62]
    assert verdict(curves([5, 1, *[0.5] * 7], held)).word == "converged"


def test_both_losses_rising_is_no_overfitting_but_diverging() -> None:
    """The training loss decides."""
    found = verdict(curves([5, 1, 0.5, 2, 4], [5, 3, 1, 1, 1.5, 2, 3, 4, 4, 4]))
    assert found.word == "diverging"
    assert "lower learning rate" in found.reason


def test_steps_without_a_finite_loss_are_diverging() -> None:
    """A twentieth of the last steps is enough."""
    summary = curves([1, 0.5])
    summary.losses[900::10] = np.nan
    assert verdict(summary).word == "diverging"


def test_a_loss_that_jumped_above_knowing_nothing_is_diverging() -> None:
    """Also where it had been no lower before."""
    assert verdict(curves([1, 20, 6, 3, 2, 2]), knowing_nothing=1.0).word == "diverging"


def test_a_training_that_stays_near_knowing_nothing_is_underfitting() -> None:
    """It says what can still be changed here."""
    found = verdict(curves([1, 0.9, 0.9]), knowing_nothing=1.0, good=0.3, remedies=("a larger model",))
    assert found.word == "underfitting"
    assert "a larger model" in found.reason


def test_a_training_that_goes_on_is_learning() -> None:
    """What it has not learned yet is no underfitting."""
    assert verdict(curves([1, 0.9, 0.9]), ended=False, good=0.3).word == "learning"


@pytest.mark.parametrize(("held_out", "word"), [(0.6, "too little data"), (0.97, "converged")])
def test_a_gap_to_the_trained_pairs_is_too_little_data(held_out: float, word: str) -> None:
    """An IoU of 0.99 where it was trained and 0.6 elsewhere; 0.97 is near enough."""
    trained = Measured(0.05, {"IoU": 0.99})
    loss = 0.05 + 2 * (1 - held_out)
    summary = curves(SETTLED, [loss] * 10, IoU=[held_out] * 10)
    found = verdict(summary, training=trained, small=0.06, thin=("Few knees.",))
    assert found.word == word
    assert ("Few knees." in found.reason) == (word == "too little data")


def test_settled_losses_have_converged() -> None:
    """Nothing is wrong, and more epochs would change little."""
    assert verdict(curves(SETTLED, [0.06] * 10)).word == "converged"


def test_without_held_out_pairs_it_says_so() -> None:
    """The training loss alone is no verdict on unseen frames."""
    assert "nothing was held out" in verdict(curves([1, 0.1, 0.1])).reason


def test_faults_of_the_data_come_first() -> None:
    """Whatever the curves are; other faults are told behind the reason."""
    faults = {
        "misaligned": "frame 3: shifted",
        "swapped": "frame 3: the input is a matte",
        "gamma": "it is linear",
    }
    found = judged(curves([1, 0.1, 0.1]), STEPS, Evidence(), faults, ended=True)
    assert found.word == "wrong order of inputs"
    assert "it is linear" in found.reason
    assert (
        judged(curves([1, 0.1]), STEPS, Evidence(), {"misaligned": "x"}, ended=True).word
        == "misaligned pairs"
    )


def test_nothing_trained_is_no_mistake() -> None:
    """An empty summary, and one of a single step."""
    empty = np.array([])
    for losses in ([], [1.0]):
        steps = np.arange(1, len(losses) + 1)
        summary = Summary(steps, np.array(losses), empty, empty, empty, empty, [], None)
        assert verdict(summary).word == "learning"
