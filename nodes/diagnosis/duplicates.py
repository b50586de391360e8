"""Frames that show the same picture, however they are encoded, scaled or exposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.reducing import slopes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from understudy.nodes.diagnosis.measures import Measures

SAME = 0.0145
"""How much the 1 % of areas that differ most may differ in two copies of a picture.

Encoded as JPEG of quality 40 or scaled by 5 %, they differ by up to 0.012; neighbouring frames of a talking
head before a still background by 0.018 or more, those of a moving camera by more than 0.07.
"""

SAME_RANKS = 0.3
"""How much the order of areas by brightness may differ in two exposures, over the order's own gradient.

One stop brighter and clipped makes up to 0.25; neighbouring frames of a moving camera 0.31 or more.
"""

EXPOSED_APART = 1.12
"""The ratio of brightness from which two frames count as exposed differently."""

NEAR_BITS = 14
"""Bits of the 64 in which the hashes of two copies may differ; only such pairs are looked at closely."""


def duplicates(frames: Mapping[int, Measures], same: float = SAME) -> dict[int, int]:
    """For each frame that shows what an earlier one shows, that earlier one.

    What counts is the picture: two frames are the same where nothing in them moved that a thumbnail of
    32 x 32 areas shows, though one be encoded again, scaled or exposed otherwise. A frame is held against the
    first of each group of duplicates.

    Args:
        frames: Measures by frame number.
        same: The most that the areas which differ most may differ, the peak at 1.
    """
    numbers = sorted(frames)
    hashes = np.array([int(frames[number].hash, 16) for number in numbers], np.uint64)
    pictures = np.array([frames[number].picture() for number in numbers], np.float32)
    firsts: list[int] = []
    found: dict[int, int] = {}
    for place, number in enumerate(numbers):
        known = np.array(firsts, np.intp)
        near = known[_bits_apart(hashes[known], hashes[place]) <= NEAR_BITS]
        match = _same_picture(pictures, near, place, same)
        if match is None:
            firsts.append(place)
        else:
            found[number] = numbers[match]
    return found


def groups_of(found: Mapping[int, int], numbers: Sequence[int]) -> list[list[int]]:
    """Groups of frames that show the same, in the order of their first frames; most have one frame."""
    groups: dict[int, list[int]] = {}
    for number in sorted(numbers):
        groups.setdefault(found.get(number, number), []).append(number)
    return list(groups.values())


def _bits_apart(hashes: NDArray[np.uint64], one: np.uint64) -> NDArray[np.intp]:
    """In how many bits hashes differ from one."""
    octets = (hashes ^ one).reshape(-1, 1).view(np.uint8)
    return np.asarray(_BITS[octets].sum(1), np.intp)


_BITS = np.array([value.bit_count() for value in range(256)], np.uint8)


def _same_picture(
    pictures: NDArray[np.float32], near: NDArray[np.intp], place: int, same: float
) -> int | None:
    if not len(near):
        return None
    one, others = pictures[place], pictures[near]
    apart = _apart(one, others)
    best = int(apart.argmin())
    if apart[best] < same:
        return int(near[best])
    exposed = [other for other in near if _exposed_apart(one, pictures[other])]
    ranked = [ranks_apart(one, pictures[other]) for other in exposed]
    return int(exposed[np.argmin(ranked)]) if min(ranked, default=1.0) < SAME_RANKS else None


def _apart(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much the areas that differ most do, all brought to the brightness of a usual picture."""
    gain = 0.8 / np.clip(np.quantile(one, 0.95), 0.1, 0.8)  # dark frames differ by little
    differences = np.abs(others - one).reshape(len(others), -1) * gain
    return np.partition(differences, -10, axis=1)[:, -10]


def _exposed_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    first, second = float(one.mean()) + 1e-3, float(other.mean()) + 1e-3
    return max(first / second, second / first) > EXPOSED_APART


def ranks_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How differently two pictures order their areas by brightness, over the gradient of that order.

    An exposure, a grade or a transfer curve changes no order; clipped areas are left out.

    Args:
        one: A thumbnail, from 0 to 1.
        other: Another one.
    """
    usable = (one < 0.93) & (other < 0.93) & (one > 0.01) & (other > 0.01)
    inner = usable.copy()
    for axis in (0, 1):
        for step in (1, -1):
            inner &= np.roll(usable, step, axis)
    if np.count_nonzero(inner) < 100:
        return float("inf")
    first, second = (_ranks(plain, usable) for plain in (one, other))
    down, right = slopes(first)
    off = (first - second)[inner]
    gradient = down[inner] ** 2 + right[inner] ** 2
    return float(np.sqrt((off**2).mean() / (gradient.mean() + 1e-12)))


def _ranks(plain: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Where each usable area stands in the order by brightness, from 0 to 1."""
    values = plain[usable]
    ranks = np.zeros_like(plain)
    places = np.empty(len(values), np.float32)
    places[np.argsort(values, kind="stable")] = np.linspace(0, 1, len(values), dtype=np.float32)
    ranks[usable] = places
    return ranks
