"""How the learning rate runs over a training: pure functions of the step, as factors from 0 to 1."""

from __future__ import annotations

import math

WARM_UP_STEPS = 300
"""The rate rises over so many steps, whatever the length, so that a longer training begins as a shorter."""

LONGEST_WARM_UP = 0.15
"""The share of the steps that the rise takes at most."""

DECAY = 0.4
"""The share of the steps over which the default schedule falls to 0."""

SCHEDULES = ("warmup-constant-decay", "cosine", "constant")
"""The names that `rate` knows; the first is the default."""


def rate(schedule: str, step: int, total: int) -> float:
    """The factor on the learning rate at a step.

    Args:
        schedule: One of `SCHEDULES`. All of them rise over the first `warm_up(total)` steps.
        step: From 1 to total.
        total: Steps of the whole training.

    Raises:
        ValueError: There is no such schedule.

    Example:
        >>> [round(rate("warmup-constant-decay", step, 100), 2) for step in (1, 15, 60, 80, 100)]
        [0.07, 1.0, 1.0, 0.51, 0.02]
    """
    if schedule not in SCHEDULES:
        raise ValueError(f'There is no schedule "{schedule}"; there are {", ".join(SCHEDULES)}.')
    rise = min(1.0, step / max(1, warm_up(total)))
    if schedule == "cosine":
        return rise * _cosine(step, warm_up(total), total)
    if schedule == "constant":
        return rise
    return rise * _line(step, decay_start(total), total)


def steps_of(epochs: int, pairs: int, batch: int) -> int:
    """Steps of a training that uses every pair so many times.

    >>> steps_of(400, 5, 2)
    1000
    """
    return math.ceil(epochs * pairs / batch)


def warm_up(total: int) -> int:
    """The steps over which the rate rises."""
    return min(WARM_UP_STEPS, math.floor(LONGEST_WARM_UP * total))


def decay_start(total: int) -> int:
    """The last step before the default schedule falls.

    The state after this step lengthens a training: up to here, a longer one is the same.
    """
    return total - math.ceil(DECAY * total)


def _line(step: int, start: int, total: int) -> float:
    """1 until start, then straight down, the last step still a little above 0."""
    return min(1.0, (total + 1 - step) / max(1, total + 1 - start))


def _cosine(step: int, start: int, total: int) -> float:
    if step <= start:
        return 1.0
    return 0.5 + 0.5 * math.cos(math.pi * (step - start) / (total + 1 - start))
