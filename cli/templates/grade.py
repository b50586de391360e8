"""The footage of the grade template: a shot on a crane, of which a colourist graded four frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.templates.arrays import rgb
from understudy.cli.templates.camera import Camera
from understudy.cli.templates.dancer import Stride
from understudy.cli.templates.footage import shoot, spread
from understudy.cli.templates.shot import Shot, film

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array


def camera(time: float) -> Camera:
    """Sinks from above and pushes in."""
    return Camera(
        position=(-1.1 + 0.7 * time, 1.75 - 0.55 * time, -6.4 + 0.6 * time),
        pan=0.12 - 0.07 * time,
        tilt=-0.05 + 0.06 * time,
        roll=-0.02 + 0.02 * time,
        focal=500 + 60 * time,
    )


def action(time: float) -> Stride:
    """Two leaps across the stage."""
    beat = (time % 0.8) - 0.4
    leap = float(np.exp(-((beat / 0.2) ** 4)))
    lift = 0.38 * max(0.0, 1 - (beat / 0.3) ** 2)
    return Stride(x=-1.1 + 1.5 * time, phase=7.85 * time, leap=leap, lift=lift, turn=0.2)


SHOT = Shot(seed=37, first=1001, count=30, camera=camera, action=action)


def look(plate: Array) -> Array:
    """A night look: cool shadows, a bleached middle, lights that turn gold; no value is cut off.

    The colours meet in logarithms, where stops are steps: a matrix mixes the channels, a soft contrast turns
    about middle grey, and a tint follows the brightness.

    Args:
        plate: Scene-linear, (height, width, 3), values above 1 allowed.
    """
    stops = np.log2(np.maximum(plate, 0) + 0.01) - np.log2(0.18)
    mix = np.array([[0.74, 0.16, 0.10], [0.12, 0.80, 0.08], [0.16, 0.20, 0.64]], np.float32)
    mixed = stops @ mix.T
    bright = mixed @ rgb(0.3, 0.6, 0.1)
    high = 1 / (1 + np.exp(-1.2 * bright))[..., None]
    tint = high * rgb(0.30, 0.02, -0.45) + (1 - high) * rgb(-0.55, 0.0, 0.60)
    bent = 1.12 * mixed + 0.25 * np.tanh(mixed) + tint - 0.35
    graded: Array = (0.18 * np.exp2(bent)).astype(np.float32)
    return graded


def make_footage(folder: Path) -> list[Path]:
    """Renders the plate, four graded frames, and the true grade of every frame in `truth`."""
    done = spread(SHOT, 4)

    def develop(number: int) -> dict[str, Array]:
        plate = film(SHOT, number).plate
        graded = look(plate)
        pictures = {"footage/plate": plate, "truth/graded": graded}
        return pictures | ({"graded/graded": graded} if number in done else {})

    return shoot(folder, SHOT, develop)
