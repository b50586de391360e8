"""The mannequin of the rendered shots."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.cli.templates.camera import Camera
from understudy.cli.templates.dancer import Stride, draw, limbs, shadow
from understudy.nodes.media.images.frame import Window


def _stride(lift: float = 0.0, phase: float = 0.5) -> Stride:
    return Stride(x=0.4, phase=phase, leap=0.0, lift=lift, turn=0.3)


@pytest.mark.parametrize("phase", [0.0, 1.5, 4.0])
@pytest.mark.parametrize("lift", [0.0, 0.4])
def test_lowest_point_stands_at_the_lift(phase: float, lift: float) -> None:
    """The feet neither sink into the floor nor hover over it."""
    body = limbs(_stride(lift, phase))

    assert min((limb.ends[:, 1] - limb.radii).min() for limb in body) == pytest.approx(lift)


def test_drawing_is_premultiplied_and_covers_from_0_to_1() -> None:
    """Where nothing covers a pixel there is no light, and coverage never passes 1."""
    image = draw(
        limbs(_stride()),
        Camera(position=(0.0, 1.0, -6.0)),
        Window(0, 0, 480, 270),
        np.zeros((8, 8), np.float32),
    )

    assert image[..., 3].max() == pytest.approx(1.0)
    assert image[..., 3].max() <= 1.0 + 1e-6
    assert not image[image[..., 3] == 0].any()


def test_shadow_fades_as_the_mannequin_rises() -> None:
    """A higher leap throws a softer shadow."""
    x, z = np.meshgrid(np.linspace(-3, 3, 200), np.linspace(-1, 3, 120))
    low, high = (shadow(limbs(_stride(lift)), x, z) for lift in (0.0, 1.0))

    assert low.max() == pytest.approx(1.0, abs=0.02)
    assert np.abs(np.gradient(high, axis=1)).max() < np.abs(np.gradient(low, axis=1)).max()
