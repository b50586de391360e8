"""The frames of the head_pose template: a simple head in any light, turned by known and by unknown angles."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.templates.chance import generator
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array

SIZE = 96

SPOTS = (((0.36, 0.2, 0.9), 0.2, (0.05, 0.04, 0.04)), ((-0.36, 0.2, 0.9), 0.2, (0.05, 0.04, 0.04)),
         ((0.0, -0.12, 1.0), 0.2, (1.0, 0.85, 0.75)), ((0.0, -0.5, 0.86), 0.24, (0.5, 0.05, 0.05)),
         ((0.98, 0.05, 0.05), 0.27, (0.9, 0.3, 0.25)),
         ((-0.98, 0.05, 0.05), 0.27, (0.9, 0.3, 0.25)))  # fmt: skip
"""Eyes, nose, mouth and ears: where, how large and of which colour; x is the head's left."""


@dataclass(frozen=True)
class Capture:
    """How much is filmed.

    Attributes:
        known: Frames of known angles.
        count: Frames to sort.
    """

    known: int = 240
    count: int = 80


SHOT = Capture()


def head(yaw: float, pitch: float, seed: int) -> Array:
    """A head `(SIZE, SIZE, 3)`, scene-linear; yaw is to the picture's right, pitch upwards, in degrees."""
    draw = generator(seed, "head")
    grid = np.linspace(-1.35, 1.35, SIZE)
    x, y = np.meshgrid(grid - draw.uniform(-0.04, 0.04), -grid - draw.uniform(-0.04, 0.04))
    radius = x**2 + (y / 1.15) ** 2
    inside = radius < 1.0
    front = np.stack([x, y / 1.15, np.sqrt(np.clip(1.0 - radius, 0.0, 1.0))], axis=-1)
    skin = np.array([0.8, 0.5, 0.4]) * draw.uniform(0.5, 1.2)
    own = front @ rotation(yaw, pitch)
    colour = np.broadcast_to(skin, front.shape).copy()
    hair = (own[..., 1] > 0.62) | (own[..., 2] < -0.1 + 0.3 * own[..., 1])
    colour[hair] = draw.uniform(0.03, 0.3) * np.array([1.0, 0.8, 0.6])
    for place, size, shade in SPOTS:
        where = np.array(place) / np.linalg.norm(place)
        colour[((own - where) ** 2).sum(axis=-1) < size**2] = shade
    light = draw.normal(size=3) + np.array([0.0, 0.6, 1.5])
    lit = 0.25 + 0.9 * np.clip(front @ (light / np.linalg.norm(light)), 0.0, None)
    picture = np.where(inside[..., None], colour * lit[..., None], draw.uniform(0.05, 0.7, size=3))
    found: Array = (picture + draw.normal(scale=0.01, size=picture.shape)).astype(np.float32)
    return found


def rotation(yaw: float, pitch: float) -> Array:
    """From the picture's axes to the head's."""
    turned, lifted = np.radians(yaw), np.radians(-pitch)
    about_y = np.array([[np.cos(turned), 0.0, np.sin(turned)], [0.0, 1.0, 0.0],
                        [-np.sin(turned), 0.0, np.cos(turned)]])  # fmt: skip
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(lifted), -np.sin(lifted)],
                        [0.0, np.sin(lifted), np.cos(lifted)]])  # fmt: skip
    found: Array = about_y @ about_x
    return found


def _film(folder: Path, name: str, angles: Array, seed: int) -> list[Path]:
    written = []
    for number, (yaw, pitch) in enumerate(angles, 1):
        path = folder / name / f"{name}.{number:04d}.exr"
        path.parent.mkdir(parents=True, exist_ok=True)
        window = Window(0, 0, SIZE, SIZE)
        pixels = head(float(yaw), float(pitch), seed + number)
        write_frame(path, Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window))
        written.append(path)
    return written


def _write_angles(path: Path, angles: Array) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["frame", "yaw", "pitch"])
        writer.writerows(
            [number, f"{yaw:.2f}", f"{pitch:.2f}"] for number, (yaw, pitch) in enumerate(angles, 1)
        )
    return path


def make_footage(folder: Path) -> list[Path]:
    """Writes frames of known angles with a table of them, and frames to sort with the truth beside."""
    draw = generator(7, "angles")
    known, unknown = (
        (draw.random((count, 2)) * 2.0 - 1.0) * [60.0, 30.0] for count in (SHOT.known, SHOT.count)
    )
    written = [*_film(folder, "known", known, 1000), *_film(folder, "unsorted", unknown, 5000)]
    written.append(_write_angles(folder / "angles.csv", known))
    truth = folder / "truth" / "angles.csv"
    truth.parent.mkdir(parents=True, exist_ok=True)
    return [*written, _write_angles(truth, unknown)]
