"""The hero of the rendered shots: a jointed wooden mannequin, how it moves, and how it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from understudy.cli.templates.arrays import rgb

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from understudy.cli.templates.arrays import Array
    from understudy.cli.templates.camera import Camera
    from understudy.nodes.media.images.frame import Window


Point = tuple[float, float, float]

_WOOD = (0.52, 0.30, 0.135)
_JOINT = (0.30, 0.155, 0.07)
_RED = (0.45, 0.046, 0.036)


@dataclass(frozen=True, slots=True)
class Limb:
    """A part between two points of the world, thick at one end and thin at the other (a round cone).

    Attributes:
        ends: Where it starts and ends, in metres, (2, 3).
        radii: Its radius at each end, in metres.
        colour: Its paint, scene-linear.
    """

    ends: NDArray[np.float64]
    radii: tuple[float, float]
    colour: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Stride:
    """Where the mannequin is in its dance.

    Attributes:
        x: Along the stage, in metres.
        phase: Of the run, in radians; a full turn is two steps.
        leap: 0 runs, 1 is a split leap.
        lift: Height of the leap, in metres.
        turn: About the upright axis, in radians; 0 faces right.
    """

    x: float
    phase: float
    leap: float
    lift: float
    turn: float


def limbs(stride: Stride) -> list[Limb]:
    """The mannequin's parts in the world, for a moment of the dance."""
    body: list[Limb] = []

    def add(start: Point, end: Point, radii: tuple[float, float], colour: Point = _WOOD) -> Point:
        body.append(Limb(np.array([start, end], np.float64), radii, colour))
        return end

    lean = 0.16 + 0.1 * stride.leap
    hip: Point = (0.0, 0.0, 0.0)
    chest = add(hip, _along(hip, lean, -0.40), (0.105, 0.085), _JOINT)
    add(_along(hip, lean, -0.26), _along(hip, lean, -0.43), (0.125, 0.165), _RED)
    add((0.0, 0.02, -0.075), (0.0, 0.02, 0.075), (0.115, 0.115), _WOOD)
    neck = add(chest, _along(chest, lean + 0.1, -0.22), (0.06, 0.055), _JOINT)
    add(_along(neck, 0.25, -0.05), _along(neck, 0.2, -0.17), (0.085, 0.105))
    for side in (-1.0, 1.0):
        swing = np.sin(stride.phase + (np.pi if side < 0 else 0.0))
        rise = np.cos(stride.phase + (np.pi if side < 0 else 0.0))
        _leg(add, (0.0, 0.0, 0.1 * side), swing, rise, stride.leap, side)
        _arm(add, _along((0.0, 0.0, 0.2 * side), lean, -0.46), swing, stride.leap, side)
    return _placed(body, stride)


def _along(start: Point, angle: float, length: float) -> Point:
    """The point `length` metres from `start`; angle 0 hangs down, positive swings forward (+x)."""
    return (
        start[0] + length * np.sin(angle) * (1 if length > 0 else -1),
        start[1] - length * np.cos(angle),
        start[2],
    )


def _leg(add: Callable[..., Point], hip: Point, swing: float, rise: float, leap: float, side: float) -> None:
    thigh = (0.15 + 0.72 * swing) * (1 - leap) + leap * (1.25 if side > 0 else -1.05)
    bend = (0.22 + 1.25 * (0.5 + 0.5 * rise) ** 2) * (1 - leap) + leap * (0.25 if side > 0 else 0.35)
    knee = add(hip, _along(hip, thigh, 0.42), (0.092, 0.062))
    add(knee, knee, (0.06, 0.06), _JOINT)
    ankle = add(knee, _along(knee, thigh - bend, 0.40), (0.066, 0.042))
    add(ankle, ankle, (0.045, 0.045), _JOINT)
    add(ankle, _along(ankle, thigh - bend + 1.35 - 0.9 * leap, 0.17), (0.046, 0.034))


def _arm(add: Callable[..., Point], shoulder: Point, swing: float, leap: float, side: float) -> None:
    upper = -0.8 * swing * (1 - leap) + leap * (2.1 if side < 0 else -1.9)
    bend = (1.25 - 0.35 * swing) * (1 - leap) + leap * (0.3 if side < 0 else -0.25)
    add(shoulder, shoulder, (0.072, 0.072), _JOINT)
    elbow = add(shoulder, _along(shoulder, upper, 0.29), (0.062, 0.047))
    add(elbow, elbow, (0.046, 0.046), _JOINT)
    wrist = add(elbow, _along(elbow, upper + bend, 0.26), (0.05, 0.036))
    add(wrist, _along(wrist, upper + bend + 0.2, 0.12), (0.044, 0.03))


def _placed(body: list[Limb], stride: Stride) -> list[Limb]:
    """Turns the body, and puts its lowest point on the floor or `lift` above it."""
    lowest = min(float((limb.ends[:, 1] - limb.radii).min()) for limb in body)
    cos, sin = np.cos(stride.turn), np.sin(stride.turn)
    turn = np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])
    at = np.array([stride.x, stride.lift - lowest, 0.0])
    return [Limb(limb.ends @ turn + at, limb.radii, limb.colour) for limb in body]


def draw(body: list[Limb], camera: Camera, window: Window, grain: Array) -> Array:
    """The lit mannequin in a window: radiance times coverage, and coverage, shape (height, width, 4).

    Each part is a round cone that is shaded by the normal of its silhouette; parts are laid over each other
    from back to front.

    Args:
        body: The parts, from `limbs`.
        camera: Looks at them.
        window: The pixels to draw.
        grain: Wood grain, tiling, mean 0 and deviation 1, (height, width).
    """
    image = np.zeros((window.height, window.width, 4), np.float32)
    seen = [(camera.project(limb.ends), limb) for limb in body]
    for ends, limb in sorted(seen, key=lambda item: -float(item[0][:, 2].mean())):
        radii = np.array(limb.radii) * camera.focal / ends[:, 2]
        _draw_limb(image, ends[:, :2] - (window.x, window.y), radii, limb, grain)
    return image


def _draw_limb(
    image: Array, ends: NDArray[np.float64], radii: NDArray[np.float64], limb: Limb, grain: Array
) -> None:
    low = np.clip(np.floor((ends - radii[:, None]).min(0)) - 1, 0, image.shape[1::-1]).astype(int)
    high = np.clip(np.ceil((ends + radii[:, None]).max(0)) + 1, 0, image.shape[1::-1]).astype(int)
    if (high <= low).any():
        return
    x = np.arange(low[0], high[0], dtype=np.float32)[None, :] + np.float32(0.5 - ends[0, 0])
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] + np.float32(0.5 - ends[0, 1])
    bone = (ends[1] - ends[0]).astype(np.float32)
    length = max(float(bone @ bone), 1e-6)
    along = np.clip((x * bone[0] + y * bone[1]) / length, 0, 1)
    radius = np.float32(radii[0]) + np.float32(radii[1] - radii[0]) * along
    across_x, across_y = x - along * bone[0], y - along * bone[1]
    distance = np.sqrt(across_x**2 + across_y**2)
    coverage = np.clip(radius - distance + 0.5, 0, 1)
    normal = np.stack([across_x, -across_y], axis=-1) / np.maximum(radius, distance)[..., None]
    side = (across_x * bone[1] - across_y * bone[0]) / (np.sqrt(length) * radius)
    vein = grain[
        (side * 90 + 300 * radii[0]).astype(int) % grain.shape[0], (along * 60).astype(int) % grain.shape[1]
    ]
    colour = _shaded(normal, rgb(*limb.colour) * (1 + 0.14 * vein)[..., None])
    patch = image[low[1] : high[1], low[0] : high[0]]
    patch *= 1 - coverage[..., None]
    patch[..., :3] += colour * coverage[..., None]
    patch[..., 3] += coverage


_LIGHTS = (
    ((-0.42, 0.78, 0.46), (2.5, 2.05, 1.5), 0.0),
    ((0.85, 0.25, -0.25), (2.2, 1.1, 0.36), 0.1),
    ((-0.9, 0.1, -0.2), (0.40, 0.36, 1.5), 0.15),
    ((0.1, -0.9, 0.3), (0.34, 0.19, 0.10), 0.4),
)
"""Direction in the camera's axes (right, up, towards the viewer), colour, and how far it wraps around."""


def _shaded(normal: Array, paint: Array) -> Array:
    """Light that leaves varnished wood: diffuse, and a highlight above 1."""
    facing = np.sqrt(np.clip(1 - (normal**2).sum(-1), 0, 1))
    light = np.full((*facing.shape, 3), 0.07, np.float32)
    for (right, up, towards), colour, wrap in _LIGHTS:
        towards_it = normal[..., 0] * right + normal[..., 1] * up + facing * towards
        lit = np.clip((towards_it + wrap) / (1 + wrap), 0, 1)
        light += lit[..., None] * rgb(*colour)
    gloss = np.clip(-0.24 * normal[..., 0] + 0.45 * normal[..., 1] + 0.86 * facing, 0, 1) ** 60
    leaves: Array = paint * light + gloss[..., None] * rgb(1.5, 1.3, 1.05)
    return leaves


def shadow(body: list[Limb], x: Array, z: Array) -> Array:
    """How much of the lamp's light the mannequin takes from points of the floor, in [0, 1], shape of `x`.

    The lamp stands at the upper left of the front: each part is thrown to the floor, softer from higher up.
    """
    light = np.ones(x.shape, np.float32)
    for limb in body:
        height = np.maximum(limb.ends[:, 1], 0.0)
        thrown = limb.ends[:, [0, 2]] + height[:, None] * (0.42, 0.5)
        start, bone = thrown[0], thrown[1] - thrown[0]
        length = max(float(bone @ bone), 1e-6)
        along = np.clip(((x - start[0]) * bone[0] + (z - start[1]) * bone[1]) / length, 0, 1)
        distance = np.hypot(x - start[0] - along * bone[0], z - start[1] - along * bone[1])
        radius = limb.radii[0] + (limb.radii[1] - limb.radii[0]) * along
        soft = 0.03 + 0.09 * height.mean()
        light *= 1 - np.clip((radius - distance) / soft + 0.5, 0, 1).astype(np.float32)
    return 1 - ndimage.gaussian_filter(light, 0.8)
