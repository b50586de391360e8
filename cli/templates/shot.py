"""Films the mannequin on the stage: shutter, lens and grain; a plate and a true matte for every frame."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from understudy.cli.templates import dancer, stage
from understudy.cli.templates.arrays import rgb
from understudy.cli.templates.camera import Camera
from understudy.cli.templates.chance import cloud, generator
from understudy.nodes.media.images.frame import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from understudy.cli.templates.arrays import Array


DISPLAY = Window(0, 0, 480, 270)
"""What the audience sees, in pixels."""

OVERSCAN = 12
"""Pixels that the data window has beyond the display window on each side, give or take `_WEAVE`."""

_RATE = 24.0
_WEAVE = 6
_SHUTTER = 0.5
_BODY_SAMPLES = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A shot: what moves, how the camera moves, and the chance in it.

    Attributes:
        seed: Of everything drawn by chance.
        first: The number of its first frame.
        count: How many frames it has.
        camera: The camera at a time, in seconds from the first frame.
        action: The mannequin's place in its dance at a time.
        markers: Whether the set wears tracking markers.
    """

    seed: int
    first: int
    count: int
    camera: Callable[[float], Camera]
    action: Callable[[float], dancer.Stride]
    markers: bool = False

    @property
    def numbers(self) -> range:
        """Its frame numbers."""
        return range(self.first, self.first + self.count)

    def window(self, number: int) -> Window:
        """The data window of a frame: overscan that wanders, as after a stabilisation."""
        time = (number - self.first) / _RATE
        x = round(_WEAVE * np.sin(2.9 * time + self.seed)) - OVERSCAN
        y = round(_WEAVE * np.cos(4.3 * time + self.seed)) - OVERSCAN
        return Window(x, y, DISPLAY.width + 2 * OVERSCAN, DISPLAY.height + 2 * OVERSCAN)


@dataclass(frozen=True, slots=True)
class Take:
    """A frame of a shot, in its data window.

    Attributes:
        plate: Scene-linear, (height, width, 3).
        clean: The plate without tracking markers; the plate itself where the set wears none.
        matte: The mannequin's true coverage in [0, 1], (height, width, 1).
    """

    plate: Array
    clean: Array
    matte: Array


def film(shot: Shot, number: int) -> Take:
    """Films a frame of a shot."""
    window = shot.window(number)
    opens = (number - shot.first) / _RATE
    times = [opens + _SHUTTER / _RATE * (i + 0.5) / _BODY_SAMPLES for i in range(_BODY_SAMPLES)]
    body = np.mean([_body(shot, time, window) for time in times], axis=0, dtype=np.float32)
    body = ndimage.gaussian_filter(body, (0.45, 0.45, 0))

    def take(*, markers: bool) -> Array:
        scene = _set(shot, opens + _SHUTTER / _RATE / 2, window, markers=markers)
        # The camera moves by less than two pixels while the shutter is open: a blur across stands for it.
        scene = ndimage.gaussian_filter(scene, (0.9, 1.1, 0))
        plate = scene * (1 - body[..., 3:]) + body[..., :3]
        return _exposed(plate, window, generator(shot.seed, "grain", number))

    plate = take(markers=shot.markers)
    return Take(plate, take(markers=False) if shot.markers else plate, body[..., 3:])


@cache
def _stage(seed: int, *, markers: bool) -> stage.Stage:
    return stage.build(seed, markers=markers)


@cache
def _grain(seed: int) -> Array:
    return cloud(seed, "body", (256, 256), stretch=0.25, slope=0.9)


def _body(shot: Shot, time: float, window: Window) -> Array:
    return dancer.draw(dancer.limbs(shot.action(time)), shot.camera(time), window, _grain(shot.seed))


def _set(shot: Shot, time: float, window: Window, *, markers: bool) -> Array:
    """The set without the mannequin, but with its shadow and its reflection, (height, width, 3)."""
    camera, body = shot.camera(time), dancer.limbs(shot.action(time))
    built = _stage(shot.seed, markers=markers)
    rays = camera.rays(window)
    image = np.zeros((*rays.shape[:2], 3), np.float32)
    top = int(np.argmax((_wall(camera, rays)[1] < 0).any(axis=1)))
    _lay_flats(image, built, camera, rays)
    _lay_floor(image[top:], built, camera, rays[top:], body)
    return image + _haze(camera, rays)


def _wall(camera: Camera, rays: Array) -> tuple[Array, Array]:
    reach = (stage.CURTAIN_Z - camera.position[2]) / rays[..., 2]
    return camera.position[0] + reach * rays[..., 0], camera.position[1] + reach * rays[..., 1]


def _lay_flats(image: Array, built: stage.Stage, camera: Camera, rays: Array) -> None:
    """Lays the flats over an image from back to front, where the rays meet them."""
    for flat in built.flats:
        assert flat.z is not None
        reach = (flat.z - camera.position[2]) / rays[..., 2]
        x, y = camera.position[0] + reach * rays[..., 0], camera.position[1] + reach * rays[..., 1]
        height, width = flat.texels.shape[:2]
        right, top = flat.left + width / stage.ACROSS, flat.first + height / flat.density
        met = (x > flat.left) & (x < right) & (y > flat.first) & (y < top)
        rows, columns = np.flatnonzero(met.any(1)), np.flatnonzero(met.any(0))
        if not len(rows):
            continue
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        texels = flat.look_up(x[part], y[part])
        if texels.shape[2] == 4:
            texels = texels[..., :3] + image[part] * (1 - texels[..., 3:])
        image[part] = texels


def _lay_floor(
    image: Array, built: stage.Stage, camera: Camera, rays: Array, body: list[dancer.Limb]
) -> None:
    """Lays the polished floor over the lower rows of an image: boards, shadow and what they mirror."""
    down = np.minimum(rays[..., 1], -1e-4)
    reach = -camera.position[1] / down
    x, z = camera.position[0] + reach * rays[..., 0], camera.position[2] + reach * rays[..., 2]
    met = np.clip((stage.CURTAIN_Z - 0.7 - z) * 8, 0, 1)[..., None] * (rays[..., 1:2] < 0)
    boards = built.floor.look_up(x, z)
    boards *= 1 - 0.82 * dancer.shadow(body, x, z)[..., None]
    mirrored = np.zeros_like(boards)
    below = Camera(position=(camera.position[0], -camera.position[1], camera.position[2]))
    _lay_flats(mirrored, built, below, rays * rgb(1, -1, 1))
    grazing = (0.06 + 0.5 * (1 - np.clip(-rays[..., 1:2] * 3.2, 0, 1)) ** 3).astype(np.float32)
    boards += grazing * ndimage.gaussian_filter(mirrored, (2.5, 0.8, 0))
    image *= 1 - met
    image += boards * met


def _haze(camera: Camera, rays: Array) -> Array:
    """The lamp's beam in the dust: faint light along a cone from the upper left."""
    x, y = _wall(camera, rays)
    along = (4.2 - y) * 0.42
    beam = np.exp(-(((x + 1.6 - along) / (0.35 + 0.28 * along)) ** 2)) * np.clip(y / 3.0, 0, 1)
    haze: Array = (0.035 + 0.10 * beam)[..., None] * rgb(0.30, 0.25, 0.2)
    return haze


def _exposed(plate: Array, window: Window, chance: np.random.Generator) -> Array:
    """Through the lens on film: halation around the lights, darker corners, grain."""
    plate = plate + 0.05 * _spread(plate, 17) + 0.025 * _spread(plate, 63)
    x = (np.arange(window.x, window.x + window.width, dtype=np.float32) - 240) / 240
    y = (np.arange(window.y, window.y + window.height, dtype=np.float32) - 135) / 240
    plate *= (1 / (1 + 0.28 * (x[None, :] ** 2 + y[:, None] ** 2)) ** 2)[..., None]
    noise = chance.standard_normal(plate.shape, dtype=np.float32)
    noise = ndimage.gaussian_filter(noise, (0.55, 0.55, 0)) * 2.0
    exposed: Array = plate + noise * 0.018 * np.sqrt(np.maximum(plate, 0) + 0.004)
    return exposed


def _spread(image: Array, size: int) -> Array:
    """A wide, soft blur: two passes of a box of `size` pixels."""
    spread: Array = ndimage.uniform_filter(ndimage.uniform_filter(image, (size, size, 0)), (size, size, 0))
    return spread
