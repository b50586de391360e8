"""The footage of the cleanup template: the set wears tracking markers; five frames were painted clean."""

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
    """Close on the run, panning to the left; hand-held."""
    shake = 0.004 * np.sin(8.3 * time) + 0.003 * np.sin(13.1 * time + 2)
    return Camera(
        position=(0.55 - 0.35 * time, 1.15, -5.2),
        pan=0.04 - 0.09 * time + shake,
        tilt=0.015 + 0.4 * shake,
        roll=-0.015 + 0.02 * time,
        focal=560 - 30 * time,
    )


def action(time: float) -> Stride:
    """A run from the right, with one small leap."""
    leap = 0.85 * float(np.exp(-(((time - 0.7) / 0.22) ** 4)))
    lift = 0.3 * max(0.0, 1 - ((time - 0.7) / 0.3) ** 2) + 0.03 * abs(np.sin(9.0 * time))
    return Stride(x=1.3 - 1.6 * time, phase=9.0 * time, leap=leap, lift=lift, turn=np.pi - 0.4 + 0.5 * time)


SHOT = Shot(seed=23, first=1001, count=30, camera=camera, action=action, markers=True)


def make_footage(folder: Path) -> list[Path]:
    """Renders the plate with markers, five clean frames, and in `truth` the clean plate of every frame."""
    painted = spread(SHOT, 5)

    def develop(number: int) -> dict[str, Array]:
        take = film(SHOT, number)
        pictures = {"footage/plate": take.plate, "truth/clean": take.clean}
        return pictures | ({"painted/clean": take.clean} if number in painted else {})

    return shoot(folder, SHOT, develop)
