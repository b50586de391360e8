"""The set of the rendered shots: a stage with curtain, lights, a moon, wooden waves and a polished floor.

Everything is painted once as flat textures that hold scene-linear radiance; a frame looks them up along the
lines of sight. The bulbs and their glow reach far above 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from understudy.cli.templates.arrays import rgb
from understudy.cli.templates.chance import cloud

if TYPE_CHECKING:
    from understudy.cli.templates.arrays import Array


CURTAIN_Z = 4.0
"""Where the curtain hangs, in metres behind the middle of the stage."""

ACROSS = 72.0
"""Texels for a metre."""


@dataclass(frozen=True, slots=True)
class Flat:
    """An upright painted card, or the floor where `z` is None.

    Attributes:
        texels: Radiance, (height, width, 3); or radiance times coverage, and coverage, (height, width, 4).
        left: x of the first column, in metres.
        first: y of the first row (z for the floor), in metres.
        density: Texels for a metre along the rows' axis; columns have `ACROSS`.
        z: How far back it stands, in metres.
    """

    texels: Array
    left: float
    first: float
    density: float
    z: float | None

    def look_up(self, x: Array, y: Array) -> Array:
        """The texels at points of the card, in metres, bilinear and 0 outside; shape of `x` + (3 or 4,)."""
        at = np.stack([(y - self.first) * self.density, (x - self.left) * ACROSS])
        found = np.empty((*x.shape, self.texels.shape[2]), np.float32)
        for channel in range(self.texels.shape[2]):
            ndimage.map_coordinates(
                self.texels[..., channel], at, found[..., channel], order=1, mode="grid-constant"
            )
        return found


@dataclass(frozen=True, slots=True)
class Stage:
    """The flats from back to front, and the floor."""

    flats: tuple[Flat, ...]
    floor: Flat


def build(seed: int, *, markers: bool = False) -> Stage:
    """Paints the set.

    Args:
        seed: The shot's seed: threads, grain and scratches differ with it.
        markers: Whether the tracking team has left its crosses of tape on curtain and floor.
    """
    curtain, floor = _curtain(seed), _floor(seed)
    if markers:
        _tape(curtain, rows=(0.75, 1.45, 2.15, 2.85), step=0.95)
        _tape(floor, rows=(-0.1, 0.9, 2.0), step=0.8)
    waves = [_waves(seed, z, height, shift) for z, height, shift in ((3.3, 0.78, 0.0), (2.7, 0.5, 0.55))]
    return Stage((curtain, _moon(seed), *waves), floor)


def _grid(left: float, right: float, low: float, high: float, density: float = ACROSS) -> tuple[Array, Array]:
    """The points of a texture, in metres: x and y, each (height, width)."""
    x = np.arange(round((right - left) * ACROSS), dtype=np.float32) / ACROSS + left
    y = np.arange(round((high - low) * density), dtype=np.float32) / density + low
    across, along = np.meshgrid(x, y)
    return across, along


def _bump(x: Array, y: Array, at: tuple[float, float], size: tuple[float, float]) -> Array:
    """A round pool of light: 1 in the middle, falling off as a bell over `size` metres."""
    bump: Array = np.exp(-(((x - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2)
    return bump


def _lit(x: Array, y: Array) -> Array:
    """The light on an upright surface: warm in the middle, violet from the left, amber from the right."""
    light = np.full((*x.shape, 3), 0.05, np.float32)
    light += _bump(x, y, (0.2, 1.5), (2.4, 1.7))[..., None] * rgb(1.5, 1.18, 0.85)
    light += _bump(x, y, (-4.4, 2.0), (2.4, 2.6))[..., None] * rgb(0.42, 0.38, 1.5)
    light += _bump(x, y, (4.6, 1.6), (2.2, 2.4))[..., None] * rgb(1.7, 0.85, 0.25)
    return light


def _solid(colour: Array) -> Array:
    return np.concatenate([colour, np.ones_like(colour[..., :1])], axis=-1)


def _curtain(seed: int) -> Flat:
    x, y = _grid(-7.5, 7.5, 0.0, 5.5)
    drift = cloud(seed, "folds", x.shape, stretch=5.0, slope=1.5)
    phase = 2 * np.pi * 1.75 * x + 1.1 * drift
    fold = np.sin(phase) + 0.35 * np.sin(2.3 * phase + 1.0)
    slope = np.gradient(ndimage.gaussian_filter(fold, (0, 1.5)), axis=1) * 6.0
    shade = 0.16 + 0.84 * (0.5 + 0.5 * np.tanh(0.7 * slope + 0.9 * fold)) ** 1.4
    nap = 1.0 + 0.07 * cloud(seed, "velvet", x.shape, stretch=0.4, slope=0.6)
    colour = rgb(0.46, 0.047, 0.036) * np.ones((*x.shape, 1), np.float32)
    band = _band(y, 0.95, 1.12) + _band(y, 1.2, 1.24) + _band(y, 0.84, 0.88)
    colour += (rgb(0.62, 0.36, 0.12) - colour) * (band * _braid(x, y))[..., None]
    sheen = 0.05 * np.clip(slope, 0, None)[..., None] * rgb(1.0, 0.45, 0.4)
    lit = _lit(x, y) * (colour + sheen) * (shade * nap)[..., None]
    return Flat(_with_bulbs(x, y, lit, colour), -7.5, 0.0, ACROSS, CURTAIN_Z)


def _band(y: Array, low: float, high: float) -> Array:
    return _inside(y - (low + high) / 2, (high - low) / 2)


def _braid(x: Array, y: Array) -> Array:
    """The gold thread of the bands: lozenges."""
    weave = np.cos(2 * np.pi * (x + y) / 0.16) * np.cos(2 * np.pi * (x - y) / 0.16)
    thread: Array = 0.72 + 0.28 * np.tanh(3 * weave)
    return thread


def _with_bulbs(x: Array, y: Array, lit: Array, colour: Array) -> Array:
    """Hangs strings of bulbs before the curtain: cable, glow on the cloth, and the bulbs themselves."""
    hang = np.abs(((x + 9.1) % 2.6) / 2.6 - 0.5) * 2
    cable = 2.52 + 0.62 * hang**2
    lit = lit * (1 - 0.85 * np.clip(1.3 - np.abs(y - cable) * ACROSS, 0, 1))[..., None]
    bulbs = np.zeros_like(x)
    for at in np.arange(-7.2, 7.3, 0.325).tolist():
        height = 2.52 + 0.62 * abs(((at + 9.1) % 2.6) / 2.6 - 0.5) ** 2 * 4 - 0.07
        distance = np.hypot(x - at, y - height) * ACROSS
        bulbs = np.maximum(bulbs, np.clip(3.4 - distance, 0, 1))
    warm = rgb(9.5, 5.2, 1.9)
    glow = ndimage.gaussian_filter(bulbs, 12.0) * 1.5 + ndimage.gaussian_filter(bulbs, 40.0) * 1.2
    return lit + (glow[..., None] * colour + bulbs[..., None]) * warm


def _moon(seed: int) -> Flat:
    """A moon of painted boards, lit by a ring of its own."""
    x, y = _grid(-0.2, 2.2, 1.1, 3.5)
    distance = np.hypot(x - 1.0, y - 2.3)
    inside = np.clip((0.98 - distance) * ACROSS, 0, 1)
    craters = np.tanh(1.4 * cloud(seed, "craters", x.shape, slope=1.5))
    gold = rgb(0.64, 0.33, 0.12) * (1 + 0.24 * craters)[..., None]
    gaps = 1 - 0.5 * np.clip(1.2 - np.abs(((y + 0.13) % 0.3) - 0.15) * ACROSS, 0, 1)
    grain = 1 + 0.08 * cloud(seed, "moon", x.shape, stretch=0.12, slope=0.9)
    rim = np.exp(-(((distance - 0.95) / 0.05) ** 2))
    colour = gold * (gaps * grain * (0.6 + 0.5 * distance**2))[..., None]
    colour += rim[..., None] * rgb(2.4, 1.35, 0.45)
    texels = np.concatenate([colour, np.ones_like(colour[..., :1])], axis=-1) * inside[..., None]
    return Flat(texels.astype(np.float32), -0.2, 1.1, ACROSS, 3.6)


def _waves(seed: int, z: float, height: float, shift: float) -> Flat:
    """A row of wooden waves, painted long ago."""
    x, y = _grid(-7.5, 7.5, 0.0, 1.3)
    crest = height * (0.66 + 0.34 * np.abs(np.sin(np.pi * (x + shift) / 1.1)) ** 0.8)
    below = crest - y
    inside = np.clip(below * ACROSS, 0, 1)
    worn = cloud(seed, f"waves {z}", x.shape, stretch=0.2, slope=1.1)
    paint = rgb(0.035, 0.17, 0.19) + np.zeros_like(x)[..., None]
    foam = np.clip(1.5 - np.abs(below - 0.07) / 0.022, 0, 1) + 0.6 * np.clip(
        1.2 - np.abs(below - 0.17) / 0.015, 0, 1
    )
    wood = rgb(0.48, 0.28, 0.13)
    bare = np.clip(foam + np.clip(0.8 * worn - 1.0, 0, 0.8), 0, 1)[..., None]
    colour = (paint * (1 - bare) + wood * bare) * (1 + 0.1 * worn)[..., None]
    foot = (0.45 + 0.55 * np.clip(y / 0.4, 0, 1))[..., None]
    texels = _solid(_lit(x, y) * colour * foot) * inside[..., None]
    return Flat(texels.astype(np.float32), -7.5, 0.0, ACROSS, z)


def _floor(seed: int) -> Flat:
    """Boards that run towards the curtain, in the light of two lamps."""
    density = 20.0
    x, z = _grid(-7.5, 7.5, -2.5, CURTAIN_Z, density)
    board = np.floor(x / 0.19).astype(int)
    tone = 1 + 0.22 * np.tanh(cloud(seed, "boards", (1, 128), slope=0.0)[0])[board % 128]
    grain = 1 + 0.16 * cloud(seed, "grain", x.shape, stretch=6.0, slope=0.8)
    seam = 1 - 0.75 * np.clip(1.4 - np.abs((x % 0.19) - 0.095 + 0.085) * ACROSS, 0, 1)
    colour = rgb(0.40, 0.22, 0.10) * (tone * grain * seam)[..., None]
    light = np.full((*x.shape, 3), 0.07, np.float32)
    pool = np.clip(1.6 * _bump(x, z, (0.1, 0.4), (1.9, 1.6)), 0, 1.1)
    light += pool[..., None] * rgb(1.7, 1.4, 1.05)
    light += _bump(x, z, (-4.0, 1.6), (2.0, 2.4))[..., None] * rgb(0.3, 0.28, 1.1)
    light += _bump(x, z, (4.4, 1.6), (2.0, 2.4))[..., None] * rgb(1.2, 0.6, 0.18)
    return Flat(light * np.clip(colour, 0, None), -7.5, -2.5, density, None)


def _tape(flat: Flat, rows: tuple[float, ...], step: float) -> None:
    """Sticks crosses of green tape on a flat, in rows, `step` metres apart."""
    height, width = flat.texels.shape[:2]
    x, y = _grid(
        flat.left, flat.left + width / ACROSS, flat.first, flat.first + height / flat.density, flat.density
    )
    for index, row in enumerate(rows):
        offset = (x + 0.37 * index * step) % step - step / 2
        long = 0.075 if flat.z is not None else 0.11
        deep = long if flat.z is not None else 0.3
        one = _inside(offset, long) * _inside(y - row, 0.25 * deep)
        other = _inside(offset, 0.25 * long) * _inside(y - row, deep)
        cross = np.maximum(one, other)[..., None]
        flat.texels[..., :3] += (rgb(0.10, 0.62, 0.16) - flat.texels[..., :3]) * cross


def _inside(offset: Array, half: float) -> Array:
    return np.clip((half - np.abs(offset)) * ACROSS + 0.5, 0, 1)
