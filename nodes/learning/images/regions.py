"""Regions of painted frames that are measured and never trained on: what can be held out of a few frames.

The network sees the plate there, but nothing tells it what it should have become. Every choice is a pure
function of numbers drawn elsewhere, as in `augmentation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.images.augmentation import Crop, choose_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

REGION_DRAWS = 3
"""How many uniform numbers `choose_region` takes."""

SIDE = 4
"""A region's side is this part of the frame's shorter side: a quarter."""


@dataclass(frozen=True, slots=True)
class Region:
    """A square of a frame.

    Attributes:
        x: Its left column.
        y: Its top row.
        size: Width and height, in pixels.
    """

    x: int
    y: int
    size: int


def choose_region(
    draws: Sequence[float] | NDArray[np.float64],
    height: int,
    width: int,
    edges: NDArray[np.int32] | None,
) -> Region:
    """Where a region lies: around a pixel of the matte's edge, or anywhere where there is none.

    Args:
        draws: `REGION_DRAWS` uniform numbers.
        height: Of the frame, in pixels.
        width: Of the frame, in pixels.
        edges: What `edge_pixels` found; None or none for anywhere.
    """
    size = max(1, min(height, width) // SIDE)
    if edges is not None and len(edges):
        y, x = (int(place) for place in edges[choose_index(draws[0], len(edges))])
    else:
        y, x = choose_index(draws[1], height), choose_index(draws[2], width)
    left, top = (max(0, min(at - size // 2, most - size)) for at, most in ((x, width), (y, height)))
    return Region(left, top, size)


def outside(edges: NDArray[np.int32], regions: Sequence[Region]) -> NDArray[np.int32]:
    """The edge pixels (y, x) that lie in none of the regions."""
    kept = np.ones(len(edges), bool)
    for one in regions:
        y, x = edges[:, 0] - one.y, edges[:, 1] - one.x
        kept &= (y < 0) | (y >= one.size) | (x < 0) | (x >= one.size)
    return edges[kept]


def within(region: Region, crop: Crop) -> tuple[slice, slice]:
    """The rows and columns of a crop that a region covers; empty where they don't meet."""
    top, left = max(0, region.y - crop.y), max(0, region.x - crop.x)
    bottom = max(top, min(crop.size, region.y + region.size - crop.y))
    right = max(left, min(crop.size, region.x + region.size - crop.x))
    if crop.flip:
        left, right = crop.size - right, crop.size - left
    return slice(top, bottom), slice(left, right)


def around(region: Region, height: int, width: int, size: int) -> Crop:
    """The crop with a region in its middle, pushed into the frame, not mirrored."""
    x = max(0, min(region.x + region.size // 2 - size // 2, width - size))
    y = max(0, min(region.y + region.size // 2 - size // 2, height - size))
    return Crop(x, y, size, flip=False)
