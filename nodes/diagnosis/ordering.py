"""Frames in the order of a measure, or so that frames that look alike stand together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from understudy.nodes.diagnosis.measures import Measures

_DESCENDING = ("noise", "motion")


def ordered(
    by: str, values: Mapping[int, Mapping[str, float]], measured: Mapping[int, Measures]
) -> dict[int, float]:
    """The frames in order, each with the number that it is there for.

    Args:
        by: One of `kinds.ORDERS`, or the name of a value that every frame has.
        values: The values of each frame, by its number.
        measured: The measures of each frame.

    Returns:
        Frame numbers in order. The number is the value; along a chain of similar frames it is the distance
        to the frame before, and for dissimilarity the mean distance to the others.
    """
    numbers = sorted(measured)
    if by in ("similarity", "dissimilarity", "hash"):
        vectors = _hashes(measured) if by == "hash" else _histograms(measured)
        return _unlike(numbers, vectors) if by == "dissimilarity" else _chain(numbers, vectors)
    name = "frame" if by == "time" else by
    found = {number: values[number][name] for number in numbers}
    sign = -1 if by in _DESCENDING else 1
    return dict(sorted(found.items(), key=lambda item: (sign * item[1], item[0])))


def _histograms(measured: Mapping[int, Measures]) -> NDArray[np.float32]:
    """Cumulative histograms: their distance (the earth mover's) also knows which classes are neighbours."""
    most = max(len(one.histogram) for one in measured.values())
    found = np.zeros((len(measured), most), np.float32)
    for place, number in enumerate(sorted(measured)):
        shares = np.array(measured[number].histogram, np.float32).reshape(-1, 16) / 1000
        cumulative = np.cumsum(shares, axis=1).ravel()
        found[place] = np.resize(cumulative, most)  # a single channel stands for all three
    return found


def _hashes(measured: Mapping[int, Measures]) -> NDArray[np.float32]:
    octets = np.array([list(bytes.fromhex(measured[number].hash)) for number in sorted(measured)], np.uint8)
    return np.unpackbits(octets, axis=1).astype(np.float32)


def _chain(numbers: list[int], vectors: NDArray[np.float32]) -> dict[int, float]:
    """From the first frame to the nearest that is left, and so on."""
    left = np.ones(len(numbers), bool)
    here, found = 0, {}
    far = 0.0
    for _ in numbers:
        found[numbers[here]] = far
        left[here] = False
        if not left.any():
            break
        distances = np.where(left, np.abs(vectors - vectors[here]).mean(axis=1), np.inf)
        here = int(distances.argmin())
        far = round(float(distances[here]), 5)
    return found


def _unlike(numbers: list[int], vectors: NDArray[np.float32]) -> dict[int, float]:
    means = [float(np.abs(vectors - one).mean()) for one in vectors]
    order = sorted(range(len(numbers)), key=lambda place: (-means[place], place))
    return {numbers[place]: round(means[place], 5) for place in order}
