"""Small pictures of a mesh: shaded, or coloured from green to red by a value at each vertex.

Triangles are cut into as many points as they cover pixels, and a z-buffer keeps the nearest: all of it as
whole arrays, which draws 13,000 vertices in a fraction of a second without a graphics library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from understudy.nodes.media.meshes import topology

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Rows = NDArray[np.int64]

VIEWS = {"front": (0.0, 0.0), "side": (90.0, 0.0), "three-quarter": (35.0, 10.0), "back": (180.0, 0.0)}
"""Azimuth and elevation of the camera, in degrees; y is up, z towards the viewer."""

RED = 0.005
"""Lengths of this share of the rest shape's diagonal and more are red."""

_GREY = np.array([0.78, 0.77, 0.75])
_BACKGROUND = np.array([0.13, 0.13, 0.14])
_LIGHTS = ((np.array([-0.45, 0.65, 0.62]), 0.80), (np.array([0.75, 0.15, 0.30]), 0.22))
_AMBIENT = 0.16
_SMOOTHING = 2
_HEAT = np.array([[0.10, 0.55, 0.20], [0.65, 0.75, 0.15], [0.95, 0.75, 0.10], [0.85, 0.12, 0.08]])


def heat_colours(values: Floats, largest: float) -> NDArray[np.float64]:
    """Green at 0 over yellow to red at `largest` and above, `(V,)` to linear RGB `(V, 3)` in [0, 1]."""
    place = np.clip(np.asarray(values, np.float64) / max(largest, 1e-30), 0.0, 1.0) * (len(_HEAT) - 1)
    stops = np.arange(len(_HEAT))
    return np.stack([np.interp(place, stops, _HEAT[:, channel]) for channel in range(3)], axis=1)


def shaded(
    vertices: Floats,
    faces: NDArray[np.integer[Any]],
    *,
    size: int = 256,
    view: str = "three-quarter",
    colours: Floats | None = None,
    framed: Floats | None = None,
) -> NDArray[np.uint8]:
    """One view of a mesh, `(size, size, 3)` sRGB bytes.

    Args:
        vertices: `(V, 3)`.
        faces: `(F, 4)`, -1 pads a triangle.
        size: In pixels.
        view: One of `VIEWS`.
        colours: `(V, 3)` linear RGB; grey where None.
        framed: The points `(P, 3)` that must fit into the picture; the vertices where None.
    """
    fine = size * _SMOOTHING
    turn = _camera(*VIEWS[view])
    seen = np.asarray(vertices, np.float64) @ turn.T
    frame = seen if framed is None else np.asarray(framed, np.float64) @ turn.T
    low, high = frame.min(axis=0), frame.max(axis=0)
    scale = 0.92 * fine / max(float((high - low)[:2].max()), 1e-12)
    pixels = (seen[:, :2] - 0.5 * (low + high)[:2]) * scale * [1.0, -1.0] + 0.5 * fine
    base = np.tile(_GREY, (len(vertices), 1)) if colours is None else np.asarray(colours, np.float64)
    lit = base * _light(topology.vertex_normals(seen, faces))[:, None]
    picture = _drawn(pixels, seen[:, 2], lit, topology.triangles(faces), fine)
    small = picture.reshape(size, _SMOOTHING, size, _SMOOTHING, 3).mean(axis=(1, 3))
    return _to_bytes(small)


def views(
    vertices: Floats,
    faces: NDArray[np.integer[Any]],
    *,
    size: int = 256,
    names: Sequence[str] = ("front", "side", "three-quarter"),
    colours: Floats | None = None,
    framed: Floats | None = None,
) -> NDArray[np.uint8]:
    """Several views side by side, `(size, size * len(names), 3)`; see `shaded`."""
    drawn = [shaded(vertices, faces, size=size, view=name, colours=colours, framed=framed) for name in names]
    return np.concatenate(drawn, axis=1)


def _camera(azimuth: float, elevation: float) -> NDArray[np.float64]:
    a, e = np.radians([azimuth, elevation])
    around = np.array([[np.cos(a), 0.0, -np.sin(a)], [0.0, 1.0, 0.0], [np.sin(a), 0.0, np.cos(a)]])
    over = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(e), -np.sin(e)], [0.0, np.sin(e), np.cos(e)]])
    return np.asarray(over @ around)


def _light(normals: Floats) -> NDArray[np.float64]:
    facing = np.where(normals[:, 2:] < 0.0, -normals, normals)
    light = np.full(len(normals), _AMBIENT)
    for direction, strength in _LIGHTS:
        cosine = facing @ (direction / np.linalg.norm(direction))
        light += strength * np.maximum(cosine, 0.0)
    return light


def _drawn(
    pixels: Floats, depth: Floats, colours: Floats, triangles: NDArray[np.int32], size: int
) -> NDArray[np.float64]:
    corners = np.concatenate([pixels, depth[:, None]], axis=1)[triangles].astype(np.float32)
    longest = np.abs(corners - np.roll(corners, 1, axis=1))[..., :2].max(axis=(1, 2))
    steps = np.clip(np.ceil(longest * 1.5), 1, 2 * size).astype(np.int64)
    seen = _Seen(
        np.full(size * size, -np.inf, np.float32),
        np.zeros(size * size, np.int64),
        np.zeros((size * size, 3), np.float32),
    )
    for count in np.unique(steps):
        weights, mine = _barycentric(int(count)), np.flatnonzero(steps == count)
        for some in np.array_split(mine, max(1, len(mine) * len(weights) >> 18)):
            _splat(seen, weights, corners[some], some, size)
    picture = np.tile(_BACKGROUND, (size * size, 1))
    drawn = np.isfinite(seen.depth)
    shades = colours[triangles[seen.triangle[drawn]]]
    picture[drawn] = np.einsum("pc,pcx->px", seen.weights[drawn], shades)
    return picture.reshape(size, size, 3)


class _Seen(NamedTuple):
    """What each pixel `(P,)` shows: how near it is, of which triangle, and its corners' weights `(P, 3)`."""

    depth: NDArray[np.float32]
    triangle: NDArray[np.int64]
    weights: NDArray[np.float32]


def _splat(
    seen: _Seen, weights: NDArray[np.float32], corners: NDArray[np.float32], triangles: Rows, size: int
) -> None:
    """Draws triangles as points, the nearest point of each pixel winning."""
    points = corners.transpose(0, 2, 1).reshape(-1, 3) @ weights.T
    x, y, depths = points.reshape(-1, 3, len(weights)).transpose(1, 0, 2).reshape(3, -1)
    inside = (x >= 0) & (x < size) & (y >= 0) & (y < size)
    depths = np.where(inside, depths, -np.inf).astype(np.float32)
    index = np.where(inside, y, 0).astype(np.int32) * size + np.where(inside, x, 0).astype(np.int32)
    np.maximum.at(seen.depth, index, depths)
    won = np.flatnonzero(inside & (depths == seen.depth[index]))
    places, (triangle, point) = index[won], np.divmod(won, len(weights))
    seen.triangle[places] = triangles[triangle]
    seen.weights[places] = weights[point]


def _barycentric(steps: int) -> NDArray[np.float32]:
    """Weights of the corners at points spread evenly over a triangle, `(P, 3)`."""
    if steps == 1:
        return np.full((1, 3), 1.0 / 3.0, np.float32)
    a, b = np.meshgrid(np.arange(steps + 1), np.arange(steps + 1))
    inside = a + b <= steps
    first, second = a[inside] / steps, b[inside] / steps
    return np.stack([first, second, 1.0 - first - second], axis=1).astype(np.float32)


def _to_bytes(linear: NDArray[np.float64]) -> NDArray[np.uint8]:
    clipped = np.clip(linear, 0.0, 1.0)
    curve = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** (1.0 / 2.4) - 0.055)
    return np.asarray(np.round(255.0 * curve), np.uint8)
