"""What the losses say, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORSE = 1.05
"""Held-out loss this much above its best counts as overfitting; below it is noise."""

FALLING = 0.9
"""A last tenth of the training with a loss below this share of the tenth before it is still falling."""


def verdict(
    losses: NDArray[np.float64],
    validation_steps: NDArray[np.int64],
    validation: NDArray[np.float64],
) -> str:
    """One or two sentences on how the training went.

    Args:
        losses: The training losses, shape (S,).
        validation_steps: The steps at which held-out pairs were measured, shape (M,).
        validation: Their losses, shape (M,).
    """
    if len(losses) == 0:
        return "Nothing was trained yet."
    tenth = max(1, len(losses) // 10)
    before = float(np.mean(losses[-2 * tenth :][:tenth]))
    last = float(np.mean(losses[-tenth:]))
    falling = last < FALLING * before
    if len(validation) == 0:
        ending = "It was still falling: more epochs may help." if falling else "It has settled."
        return f"The training loss went from {losses[0]:.4g} to {last:.4g}. {ending} No pairs were held out."
    best = int(np.argmin(validation))
    if validation[-1] > WORSE * validation[best]:
        return (
            f"Overfitting since step {validation_steps[best]:,}: the held-out loss was "
            f"{validation[best]:.4g} there and is {validation[-1]:.4g} now. Use the best checkpoint, or "
            "add frames or poses like those it gets wrong."
        )
    if falling:
        held = f"held-out {validation[-1]:.4g}"
        return f"Underfitting: both losses are still falling ({held}). More epochs will help."
    return (
        f"Held-out loss {validation[best]:.4g}, best at step {validation_steps[best]:,}: no overfitting seen."
    )
