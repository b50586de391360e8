"""The rendered shots: the same bytes every time, true mattes, light above 1."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.cli.templates import cleanup, roto
from understudy.cli.templates.shot import Take, film


@pytest.fixture(scope="module")
def take() -> Take:
    """A frame of the roto shot, in the middle of the leap."""
    return film(roto.SHOT, 1024)


def test_frame_is_the_same_whatever_was_filmed_before(take: Take) -> None:
    """A frame depends on the shot and its number, not on the frames before it."""
    film(roto.SHOT, 1002)
    again = film(roto.SHOT, 1024)

    assert np.array_equal(take.plate, again.plate)
    assert np.array_equal(take.matte, again.matte)


def test_matte_is_solid_soft_and_empty(take: Take) -> None:
    """The true matte is 1 inside, 0 outside, and soft between."""
    solid, soft = (take.matte > 0.999).mean(), ((take.matte > 0.01) & (take.matte < 0.99)).mean()

    assert take.matte.min() == 0.0
    assert take.matte.max() <= 1.0
    assert 0.01 < solid < 0.2
    assert 0.002 < soft < solid


def test_plate_is_scene_linear(take: Take) -> None:
    """Lights reach far above 1, and most of the picture lies below."""
    assert take.plate.max() > 4.0
    assert 0.02 < np.median(take.plate) < 0.5


def test_colour_alone_can_not_key_the_mannequin(take: Take) -> None:
    """Most pixels of the mannequin have a colour that the background has as well."""
    cells = np.floor(6 * np.log2(np.maximum(take.plate, 0.001))).astype(int)
    inside, outside = take.matte[..., 0] > 0.99, take.matte[..., 0] == 0
    elsewhere = {tuple(cell) for cell in cells[outside]}

    assert np.mean([tuple(cell) in elsewhere for cell in cells[inside]]) > 0.5


def test_clean_plate_differs_at_the_markers_only() -> None:
    """Without markers the plate has the same grain and the same dancer."""
    frame = film(cleanup.SHOT, 1005)
    changed = np.abs(frame.plate - frame.clean).max(-1) > 0.05

    assert 0.002 < changed.mean() < 0.06
    assert not changed[frame.matte[..., 0] > 0.999].any()
