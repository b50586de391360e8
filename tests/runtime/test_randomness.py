"""Chance without memory."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.runtime.randomness import permutation, seed_of, uniforms


def test_the_same_draw_gives_the_same_numbers() -> None:
    """Draws don't depend on what was drawn before."""
    first = uniforms(1, "crop", 5, 2, 4)
    uniforms(1, "crop", 6, 0, 1000)

    assert uniforms(1, "crop", 5, 2, 4).tolist() == first.tolist()


def test_the_numbers_are_those_that_runs_were_made_with() -> None:
    """These numbers may never change: a resumed run would go on with other crops."""
    assert uniforms(0, "crop", 1, 0, 3).tolist() == GOLDEN
    assert permutation(0, "order", 1, 8).tolist() == GOLDEN_ORDER
    assert seed_of(0, "weights") == GOLDEN_SEED


GOLDEN = [0.9162751198816269, 0.05863220330276597, 0.8685148266167774]
GOLDEN_ORDER = [5, 2, 7, 1, 3, 6, 4, 0]
GOLDEN_SEED = 3244981605828559260


@pytest.mark.parametrize(
    "other", [(2, "crop", 5, 2), (1, "flip", 5, 2), (1, "crop", 6, 2), (1, "crop", 5, 3)]
)
def test_seed_purpose_step_and_sample_each_change_them(other: tuple[int, str, int, int]) -> None:
    """No two of them share numbers."""
    one = uniforms(1, "crop", 5, 2, 8)

    assert not np.intersect1d(one, uniforms(*other, 8)).size


def test_longer_draws_begin_like_shorter_ones() -> None:
    """Drawing more numbers leaves the first ones as they were."""
    assert uniforms(1, "crop", 5, 2, 100)[:10].tolist() == uniforms(1, "crop", 5, 2, 10).tolist()


def test_long_draws_of_neighbours_do_not_overlap() -> None:
    """A sample that draws very many numbers does not run into those of the next."""
    draws = [uniforms(1, "crop", 5, sample, 20_000) for sample in range(4)]

    assert np.unique(np.concatenate(draws)).size == 80_000


def test_numbers_are_uniform() -> None:
    """They lie in [0, 1), and each tenth of it gets its share."""
    numbers = np.concatenate([uniforms(3, "crop", step, 0, 10) for step in range(1000)])
    counts, _ = np.histogram(numbers, bins=10, range=(0, 1))

    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert np.abs(counts - 1000).max() < 150


def test_neighbouring_steps_are_not_correlated() -> None:
    """The first number of a step says nothing about that of the next."""
    numbers = np.array([uniforms(3, "crop", step, 0, 1)[0] for step in range(2000)])

    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.08


def test_a_permutation_has_every_number_once() -> None:
    """Each epoch has an order of its own."""
    orders = [permutation(0, "order", epoch, 50).tolist() for epoch in range(3)]

    assert all(sorted(order) == list(range(50)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
