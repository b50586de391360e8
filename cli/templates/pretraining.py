"""The footage of the pretraining template: earlier shots with all their mattes, and a new one with two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from understudy.cli.templates import roto
from understudy.cli.templates.camera import Camera
from understudy.cli.templates.footage import shoot, spread
from understudy.cli.templates.shot import Shot, film

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array

EARLIER = (21, 22, 23)
"""Seeds of the shots that were matted before; each has a stage of its own."""

LENGTH = 10
"""Frames of each."""


def camera(time: float) -> Camera:
    """Stands farther to the left than in the earlier shots, and closes in."""
    seen = roto.camera(time)
    return Camera(
        position=(-0.6 + 0.3 * time, 1.1, -5.4 + 0.3 * time),
        pan=seen.pan + 0.06,
        tilt=seen.tilt,
        roll=-seen.roll,
        focal=500 + 60 * time,
    )


SHOT = Shot(seed=31, first=1001, count=32, camera=camera, action=roto.action)


def make_footage(folder: Path) -> list[Path]:
    """Renders the earlier shots one after the other, and the new one.

    The earlier plates and mattes go to `library`, numbered on from 1; the new plate to `footage/sh020`, its
    two painted mattes to `roto/sh020`, and the true mattes to `truth`, where nothing learns from them.
    """
    painted = spread(SHOT, 2)

    def develop(number: int) -> dict[str, Array]:
        take = film(SHOT, number)
        pictures = {"footage/sh020/plate": take.plate, "truth/matte": take.matte}
        return pictures | ({"roto/sh020/matte": take.matte} if number in painted else {})

    written = shoot(folder, SHOT, develop)
    for place, seed in enumerate(EARLIER):
        written += _earlier(folder, seed, first=1 + place * LENGTH)
    return sorted(written)


def _earlier(folder: Path, seed: int, first: int) -> list[Path]:
    """One of the earlier shots: every fourth frame of the run that the roto template shows."""
    shot = replace(
        roto.SHOT,
        seed=seed,
        first=first,
        count=LENGTH,
        camera=lambda time: roto.camera(4 * time),
        action=lambda time: roto.action(4 * time),
    )

    def develop(number: int) -> dict[str, Array]:
        take = film(shot, number)
        return {"library/plate": take.plate, "library/matte": take.matte}

    return shoot(folder, shot, develop)
