"""Frames that show the same picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from understudy.nodes.diagnosis.duplicates import duplicates, groups_of
from understudy.nodes.diagnosis.measures import measure

from .pictures_made import moved, photo

if TYPE_CHECKING:
    from numpy.typing import NDArray


def eight_bits(picture: NDArray[np.float32]) -> Image.Image:
    """As a file of eight bits has it."""
    return Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8))


def found_in(*pictures: NDArray[np.float32]) -> dict[int, int]:
    """The duplicates among pictures, numbered from 0."""
    return duplicates({number: measure(one, linear=False) for number, one in enumerate(pictures)})


def test_a_copy_is_found_however_it_was_encoded_scaled_or_exposed() -> None:
    """Among other pictures, and it names the one that it is a copy of."""
    pictures = [photo(seed) for seed in range(4)]
    file = io.BytesIO()
    eight_bits(pictures[1]).save(file, "JPEG", quality=50)
    encoded = np.asarray(Image.open(file), np.float32) / 255
    scaled = np.asarray(eight_bits(pictures[2]).resize((228, 171)), np.float32) / 255
    brighter = np.clip(1.35 * pictures[3], 0, 1)  # a stop, on a display
    assert found_in(*pictures, encoded, scaled, brighter) == {4: 1, 5: 2, 6: 3}


def test_a_frame_in_which_something_moved_is_no_duplicate() -> None:
    """A small part of the picture is elsewhere, as in neighbouring frames of a shot."""
    first = photo(5)
    second = first.copy()
    second[60:100, 80:130] = moved(first, 6, 0)[60:100, 80:130]
    assert found_in(first, second) == {}


def test_noise_alone_makes_no_new_picture() -> None:
    """A frame that is held shows new grain only."""
    first = photo(6)
    grain = np.random.default_rng(6).normal(0, 0.02, first.shape).astype(np.float32)
    assert found_in(first, first + grain) == {1: 0}


def test_dark_frames_are_held_to_their_own_contrast() -> None:
    """Two pictures at a tenth of the brightness differ by little, and are different all the same."""
    assert found_in(photo(1) * 0.12, photo(2) * 0.12) == {}
    assert found_in() == {}


def test_groups_follow_their_first_frames() -> None:
    """A frame without a duplicate is a group by itself."""
    assert groups_of({5: 2, 7: 2}, [7, 2, 3, 5]) == [[2, 5, 7], [3]]
