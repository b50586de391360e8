"""Chance for the rendered shots."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.cli.templates.chance import cloud, generator


def test_draws_belong_to_seed_purpose_and_frame() -> None:
    """The same three give the same numbers; another frame, purpose or seed gives others."""
    draws = [
        generator(*key).random() for key in ((1, "a", 1), (1, "a", 1), (1, "a", 2), (1, "b", 1), (2, "a", 1))
    ]

    assert draws[0] == draws[1]
    assert len(set(draws)) == 4


def test_cloud_is_normal() -> None:
    """Noise has mean 0 and deviation 1."""
    noise = cloud(3, "test", (64, 96))

    assert noise.mean() == pytest.approx(0.0, abs=1e-5)
    assert noise.std() == pytest.approx(1.0, abs=1e-5)


def test_stretched_cloud_is_longer_downwards() -> None:
    """A stretch above 1 makes neighbours below each other more alike than neighbours side by side."""
    noise = cloud(3, "test", (128, 128), stretch=8.0)

    assert np.abs(np.diff(noise, axis=0)).mean() < 0.5 * np.abs(np.diff(noise, axis=1)).mean()
