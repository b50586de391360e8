"""The learning rate over a training."""

from __future__ import annotations

import pytest

from understudy.nodes.learning.schedules import SCHEDULES, decay_start, rate


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("total", [1, 2, 7, 1000])
def test_between_nothing_and_full(schedule: str, total: int) -> None:
    """Every step of every schedule learns something, and none more than the full rate."""
    rates = [rate(schedule, step, total) for step in range(1, total + 1)]
    assert 0 < min(rates) <= max(rates) <= 1


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rises_over_fifteen_percent(schedule: str) -> None:
    """All schedules start low and are at their highest after 15 % of the steps."""
    assert rate(schedule, 1, 1000) < 0.01
    assert rate(schedule, 75, 1000) == pytest.approx(0.5)
    assert rate(schedule, 150, 1000) == pytest.approx(1.0)


def test_default_is_constant_until_the_decay() -> None:
    """Between warm-up and `decay_start` the rate is full, so that state there serves a longer training."""
    start = decay_start(1000)
    assert {rate(SCHEDULES[0], step, 1000) for step in range(150, start + 1)} == {1.0}
    assert rate(SCHEDULES[0], start + 1, 1000) < 1.0


@pytest.mark.parametrize("schedule", SCHEDULES[:2])
def test_ends_near_zero(schedule: str) -> None:
    """Schedules that fall end under a hundredth of the full rate."""
    assert rate(schedule, 1000, 1000) < 0.01


def test_unknown_schedule() -> None:
    """A misspelt schedule is told with those that there are."""
    with pytest.raises(ValueError, match="cosine"):
        rate("cosin", 1, 2)
