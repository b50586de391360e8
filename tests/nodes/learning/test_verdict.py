"""What losses say in words."""

from __future__ import annotations

import numpy as np

from understudy.nodes.learning.verdict import verdict

STEPS = np.arange(100, 1100, 100)


def test_rising_held_out_loss_is_overfitting() -> None:
    """It names the step at which the held-out loss was best."""
    held = np.array([5, 4, 3, 2, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0])
    assert verdict(np.linspace(5, 1, 1000), STEPS, held).startswith("Overfitting since step 500")


def test_falling_losses_are_underfitting() -> None:
    """It asks for more epochs."""
    falling = np.linspace(5, 1, 1000)
    assert verdict(falling, STEPS, np.linspace(5, 1, 10)).startswith("Underfitting")


def test_settled_losses_are_fine() -> None:
    """No overfitting is seen where the held-out loss stays at its best."""
    flat = np.full(1000, 0.5)
    assert "no overfitting seen" in verdict(flat, STEPS, np.full(10, 0.5))


def test_without_held_out_pairs_it_says_so() -> None:
    """The training loss alone is no verdict on unseen frames."""
    words = verdict(np.full(100, 0.5), np.array([]), np.array([]))
    assert "No pairs were held out" in words


def test_nothing_trained() -> None:
    """An empty summary is no mistake."""
    assert verdict(np.array([]), np.array([]), np.array([])) == "Nothing was trained yet."
