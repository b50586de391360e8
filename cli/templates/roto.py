"""The footage of the roto template: a mannequin leaps across a stage; five frames have a painted matte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.templates.camera import Camera
from understudy.cli.templates.dancer import Stride
from understudy.cli.templates.footage import shoot, spread
from understudy.cli.templates.shot import Shot, film

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array


def camera(time: float) -> Camera:
    """Follows the run with a pan, drifts to the right, rolls and zooms in a little; hand-held."""
    shake = 0.004 * np.sin(9.1 * time) + 0.003 * np.sin(14.7 * time + 1)
    return Camera(
        position=(-0.35 + 0.42 * time, 1.0 + 0.05 * time, -6.0),
        pan=-0.05 + 0.085 * time + shake,
        tilt=0.035 - 0.006 * time + 0.5 * shake,
        roll=0.02 - 0.022 * time,
        focal=520 + 45 * time,
    )


def action(time: float) -> Stride:
    """A run from the left, a split leap over the middle, and on."""
    leap = float(np.exp(-(((time - 0.98) / 0.26) ** 4)))
    lift = 0.46 * max(0.0, 1 - ((time - 0.98) / 0.36) ** 2) + 0.03 * abs(np.sin(9.4 * time))
    return Stride(x=-1.55 + 1.95 * time, phase=9.4 * time + 0.4, leap=leap, lift=lift, turn=0.35 - 0.5 * time)


SHOT = Shot(seed=11, first=1001, count=40, camera=camera, action=action)


def make_footage(folder: Path) -> list[Path]:
    """Renders the plate, its true mattes, and the mattes that an artist has painted so far.

    The plate goes to `footage/sh010`, the five painted mattes to `roto/sh010`, and the true mattes of every
    frame to `truth`, where nothing learns from them.
    """
    painted = spread(SHOT, 5)

    def develop(number: int) -> dict[str, Array]:
        take = film(SHOT, number)
        pictures = {"footage/sh010/plate": take.plate, "truth/matte": take.matte}
        return pictures | ({"roto/sh010/matte": take.matte} if number in painted else {})

    return shoot(folder, SHOT, develop)
