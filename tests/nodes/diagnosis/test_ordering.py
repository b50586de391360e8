"""Frames in the order of a measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.diagnosis.examination import Examined
from understudy.nodes.diagnosis.findings import diagnose
from understudy.nodes.diagnosis.kinds import ORDERS
from understudy.nodes.diagnosis.measures import measure
from understudy.nodes.diagnosis.ordering import ordered

from .pictures_made import blurred, photo

if TYPE_CHECKING:
    from numpy.typing import NDArray


def order_of(by: str, *pictures: NDArray[np.float32]) -> list[int]:
    """The numbers of the pictures, from 0, in order."""
    measured = {number: measure(one, linear=False) for number, one in enumerate(pictures)}
    values = diagnose({number: Examined(one) for number, one in measured.items()}).values
    return list(ordered(by, values, measured))


def test_measures_order_frames_the_worst_first() -> None:
    """Blur, noise, darkness and motion come first; equals stay in the order of time."""
    first = photo(1)
    noise = np.random.default_rng(1).normal(0, 0.1, first.shape).astype(np.float32)
    assert order_of("sharpness", first, blurred(first, 3), blurred(first, 1)) == [1, 2, 0]
    assert order_of("noise", first, first + noise, first + noise / 3) == [1, 2, 0]
    assert order_of("brightness", first, first * 0.3, first * 0.6) == [1, 2, 0]
    assert order_of("motion", first, first, photo(2), photo(2)) == [2, 0, 1, 3]
    assert order_of("time", first, first) == [0, 1]


def test_similar_frames_stand_together() -> None:
    """Frames of two scenes that take turns are taken apart, by their colours and by their hashes."""
    red, blue = np.float32((1, 0.3, 0.3)), np.float32((0.3, 0.3, 1))
    frames = [photo(1) * red, photo(9) * blue, photo(1) * red * 1.02, photo(9) * blue * 1.02]
    assert set(order_of("similarity", *frames)[:2]) == {0, 2}
    assert set(order_of("hash", *frames)[:2]) == {0, 2}


def test_what_is_unlike_all_others_comes_first() -> None:
    """A frame of another scene that slipped in."""
    frames = [photo(1), photo(1) * 0.98, 1 - 0.2 * photo(2), photo(1) * 1.02]
    assert order_of("dissimilarity", *frames)[0] == 2


@pytest.mark.parametrize("by", ORDERS)
def test_every_order_has_every_frame_once(by: str) -> None:
    """Grey frames among coloured ones too."""
    frames = [photo(1), photo(2)[..., :1], photo(3)]
    assert sorted(order_of(by, *frames)) == [0, 1, 2]
    assert order_of(by, frames[0]) == [0]
