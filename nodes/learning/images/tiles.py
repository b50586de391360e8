"""Applying a network to frames of any size: tiles overlap by what it sees, so that no seam shows.

A tiled frame equals the whole one within rounding, because the part of a tile that is kept is computed from
all pixels that it depends on, and all tiles begin on the network's grid. With 64 pixels of overlap where 144
are due, a trained matte was off by 0.075; with origins off the grid by 0.88.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

from understudy.nodes.learning.networks.geometry import padded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from understudy.nodes.learning.networks.geometry import Geometry

MEMORY_BUDGET = 640 * 2**20
"""Bytes that a network's features may take during a tile: enough for HD frames whole in the medium U-Net."""


@dataclass(frozen=True, slots=True)
class Span:
    """What is computed at once along one axis, and what of it is kept; in pixels of the padded frame.

    Attributes:
        start: Where the pixels given to the network begin.
        stop: Where they end.
        first: Where the part that is kept begins.
        last: Where it ends.
    """

    start: int
    stop: int
    first: int
    last: int

    @property
    def given(self) -> slice:
        """What the network is given, in the frame."""
        return slice(self.start, self.stop)

    @property
    def kept(self) -> slice:
        """What is kept, in the frame."""
        return slice(self.first, self.last)

    @property
    def inner(self) -> slice:
        """What is kept, in the tile."""
        return slice(self.first - self.start, self.last - self.start)

    def within(self, length: int, scale: int) -> Span:
        """The same span in a frame of `length` pixels before padding, each of which became `scale` pixels."""
        bounds = (self.start, self.stop, self.first, min(self.last, length))
        return Span(*(scale * bound for bound in bounds))


Plan = tuple[list[Span], list[Span]]


def apply_tiled(
    predict: Callable[[Tensor], Tensor],
    pixels_CHW: Tensor,
    *,
    tile: int | str,
    geometry: Geometry,
    budget: int = MEMORY_BUDGET,
) -> Tensor:
    """A function of pixels, computed tile by tile.

    Args:
        predict: Takes `(1, C, h, w)` and gives `(1, K, S h, S w)` with the geometry's scale S; h and w are
            multiples of the stride.
        pixels_CHW: A frame of any height and width.
        tile: About the largest height and width given to `predict`, in pixels; "auto" takes the whole
            frame where it fits the budget, else the tiles that cost least; "whole" never cuts.
        geometry: What tiling has to know of `predict`.
        budget: Memory for "auto", in bytes.

    Returns:
        `(K, S H, S W)`, on the device and of the type of `predict`'s output.
    """
    height, width = pixels_CHW.shape[1:]
    tall, wide = (-(-side // geometry.stride) * geometry.stride for side in (height, width))
    result: Tensor | None = None
    for down, across in product(*plan(tall, wide, tile=tile, geometry=geometry, budget=budget)):
        given = padded(pixels_CHW[None, :, down.given, across.given], geometry.stride)
        piece = predict(given)[0]
        if result is None:
            sides = (geometry.scale * height, geometry.scale * width)
            result = piece.new_empty((*sides, len(piece))).permute(2, 0, 1)  # as frames lie in memory
        rows, columns = down.within(height, geometry.scale), across.within(width, geometry.scale)
        result[:, rows.kept, columns.kept] = piece[:, rows.inner, columns.inner]
    assert result is not None
    return result


def plan(
    height: int, width: int, *, tile: int | str, geometry: Geometry, budget: int = MEMORY_BUDGET
) -> Plan:
    """How a frame is cut: spans of rows and spans of columns, of which every pair is a tile.

    Args:
        height: Of the padded frame, in pixels.
        width: Of the padded frame, in pixels.
        tile: As `apply_tiled` takes it.
        geometry: Of the network.
        budget: Memory for "auto", in bytes.
    """
    if tile == "whole":
        return cut_axis(height, 1, geometry), cut_axis(width, 1, geometry)
    if tile != "auto":
        rows, columns = (_parts(length, int(tile), geometry) for length in (height, width))
        return cut_axis(height, rows, geometry), cut_axis(width, columns, geometry)
    return _cheapest(height, width, geometry, budget)


def cut_axis(length: int, parts: int, geometry: Geometry) -> list[Span]:
    """An axis in spans whose kept parts touch and are of even size; all bounds lie on the network's grid.

    Args:
        length: Pixels along the axis, a multiple of the stride.
        parts: How many spans are wanted; there are never more than the grid has cells.
        geometry: Of the network.
    """
    stride = geometry.stride
    cells, overlap = length // stride, -(-geometry.reach // stride) * stride
    parts = min(parts, cells)
    bounds = [cells * part // parts * stride for part in range(parts + 1)]
    return [
        Span(max(0, first - overlap), min(length, last + overlap), first, last)
        for first, last in pairwise(bounds)
    ]


def _parts(length: int, tile: int, geometry: Geometry) -> int:
    """How many parts keep the tiles within `tile` pixels, or nearly so where the overlap eats them up."""
    if length <= tile:
        return 1
    kept = max(tile - 2 * geometry.reach - geometry.stride, 2 * geometry.stride)
    return math.ceil(length / kept)


def _cheapest(height: int, width: int, geometry: Geometry, budget: int) -> Plan:
    """Of all plans that fit the budget the one that computes fewest pixels; else the smallest tiles."""
    most = [max(1, length // max(geometry.stride, 64)) for length in (height, width)]
    rows = [cut_axis(height, parts, geometry) for parts in range(1, most[0] + 1)]
    columns = [cut_axis(width, parts, geometry) for parts in range(1, most[1] + 1)]
    plans = list(product(rows, columns))
    fitting = [each for each in plans if _largest(each) * geometry.bytes_per_pixel <= budget]
    return min(fitting, key=_computed) if fitting else min(plans, key=_largest)


def _largest(plan: Plan) -> int:
    """Pixels of the largest tile."""
    return math.prod(max(span.stop - span.start for span in spans) for spans in plan)


def _computed(plan: Plan) -> int:
    """Pixels of all tiles together."""
    return math.prod(sum(span.stop - span.start for span in spans) for spans in plan)
