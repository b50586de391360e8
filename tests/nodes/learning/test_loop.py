"""The loop makes steps that depend on nothing but the step."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning import state
from understudy.nodes.learning.loop import Loop, Plan

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from understudy.nodes.learning.images.subject import ImageSubject

PLAN = Plan(steps=8, batch=2, rate=2e-3, schedule="warmup-constant-decay", precision="float32", device="cpu")


class Run:
    """A network in training."""

    def __init__(self, subject: ImageSubject, plan: Plan = PLAN) -> None:
        self.subject, self.plan = subject, plan
        self.network = subject.network()
        self.optimiser = subject.optimiser(self.network, plan.rate)

    def steps(self, first: int, last: int, parts: int = 1) -> list[float]:
        """Makes steps; gives their losses."""
        with Loop(self.subject, self.network, self.optimiser, self.plan, parts) as loop:
            return [loop.step(step) for step in range(first, last + 1)]

    def arrays(self) -> dict[str, Any]:
        """Everything that resuming needs."""
        return state.network_arrays(self.network) | state.optimiser_arrays(self.network, self.optimiser)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether all arrays are equal to the bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_same_seed_same_bits(make_subject: Callable[..., ImageSubject]) -> None:
    """Two trainings of one seed give the same losses and weights, and another seed gives others."""
    runs = [Run(make_subject(seed=seed)) for seed in (0, 0, 1)]
    losses = [run.steps(1, 4) for run in runs]
    assert losses[0] == losses[1] != losses[2]
    assert same(runs[0].arrays(), runs[1].arrays())


def test_a_restored_state_goes_on_to_the_same_bits(make_subject: Callable[..., ImageSubject]) -> None:
    """Weights and optimiser state are all that has to be restored."""
    whole, first, second = (Run(make_subject()) for _ in range(3))
    whole.steps(1, 8)
    first.steps(1, 3)
    state.load_network(second.network, state.network_arrays(first.network))
    state.load_optimiser(
        second.network, second.optimiser, state.optimiser_arrays(first.network, first.optimiser)
    )
    second.steps(4, 8)
    assert same(whole.arrays(), second.arrays())


def test_every_item_of_the_state_matters(make_subject: Callable[..., ImageSubject]) -> None:
    """Leaving out any one array of the optimiser changes the weights that come out."""
    whole, first = Run(make_subject()), Run(make_subject())
    whole.steps(1, 6)
    first.steps(1, 4)
    network, optimiser = (
        state.network_arrays(first.network),
        state.optimiser_arrays(first.network, first.optimiser),
    )
    for name in list(optimiser)[::7]:
        other = Run(make_subject())
        state.load_network(other.network, network)
        without = {key: array * 0 if key == name else array for key, array in optimiser.items()}
        state.load_optimiser(other.network, other.optimiser, without)
        other.steps(5, 6)
        unchanged = not optimiser[name].any()
        assert same(whole.arrays(), other.arrays()) == unchanged, name


def test_a_step_that_is_not_finite_changes_nothing(subject: ImageSubject) -> None:
    """Where the loss is NaN, weights and optimiser stay as they were."""
    run = Run(subject)
    run.steps(1, 2)
    before = run.arrays()
    loss = subject.loss
    subject.loss = lambda output, target: loss(output, target) * math.nan  # type: ignore[method-assign]
    assert math.isnan(run.steps(3, 3)[0])
    assert same(before, run.arrays())


def test_gradients_that_are_not_finite_change_nothing(subject: ImageSubject) -> None:
    """A finite loss with an infinite gradient is left out too."""
    run = Run(subject)
    before = run.arrays()
    loss = subject.loss

    def steep(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return loss(output, target) + (output * 0).sqrt().sum()

    subject.loss = steep  # type: ignore[method-assign]
    assert math.isnan(run.steps(1, 1)[0])
    assert same({name: before[name] for name in before}, run.arrays())


def test_a_batch_in_parts_is_the_same_mathematics(make_subject: Callable[..., ImageSubject]) -> None:
    """Halving the micro-batch changes rounding only."""
    whole, parts = Run(make_subject()), Run(make_subject())
    np.testing.assert_allclose(whole.steps(1, 2), parts.steps(1, 2, parts=2), rtol=1e-4)


def test_a_full_memory_splits_the_batch(subject: ImageSubject) -> None:
    """A step that does not fit is made in parts; one sample that does not fit is told with what to try."""
    run = Run(subject)
    loss, largest = subject.loss, 1

    def scarce(output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        if len(output) > largest:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")
        return loss(output, target)

    subject.loss = scarce  # type: ignore[method-assign]
    with Loop(subject, run.network, run.optimiser, PLAN) as loop:
        assert math.isfinite(loop.step(1))
        assert loop.parts == 2
        largest = 0
        with pytest.raises(UnderstudyError, match="smaller crop_size or model_size"):
            loop.step(2)


def test_it_learns(make_subject: Callable[..., ImageSubject]) -> None:
    """Sixty steps bring the loss of five discs to less than half."""
    run = Run(make_subject(), replace(PLAN, steps=60))
    losses = run.steps(1, 60)
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
