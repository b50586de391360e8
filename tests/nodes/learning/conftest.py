"""Small pairs to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.nodes.learning.images.augmentation import edge_pixels
from understudy.nodes.learning.images.crops import Pair, Settings
from understudy.nodes.learning.images.subject import ImageSubject
from understudy.nodes.losses.matte_loss import MatteLoss
from understudy.nodes.networks.u_net import UNet

if TYPE_CHECKING:
    from collections.abc import Callable


def disc_pair(number: int, *, height: int = 96, width: int = 128) -> Pair:
    """A bright disc on a dark slope, and its matte; the disc moves with the frame number."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    matte = np.clip(20.5 - np.hypot(x - 30 - 9 * number, y - 48), 0, 1)[..., None]
    slope = np.stack([x / width, y / height, 0.3 + 0 * x], axis=-1) * 0.5
    plate = slope * (1 - matte) + matte * np.array([0.9, 0.4, 0.2])
    return Pair(
        number, plate.astype(np.float32), matte.astype(np.float32), edge_pixels(matte[..., 0]), linear=False
    )


def disc_subject(pairs: int = 5, held_out: int = 0, seed: int = 0, crop_size: int = 64) -> ImageSubject:
    """Discs to learn mattes of, with a small network in float32 on the CPU."""
    made = [disc_pair(number) for number in range(pairs + held_out)]
    settings = Settings(
        seed=seed, crop_size=crop_size, augmentation=("flip",), precision="float32", device="cpu"
    )
    recipe = UNet("network", {"model_size": "small"})
    channels = (("R", "G", "B"), ("A",))
    return ImageSubject(made[:pairs], made[pairs:], channels, recipe, MatteLoss("loss"), settings)


@pytest.fixture
def make_subject() -> Callable[..., ImageSubject]:
    """Makes discs to learn mattes of: `make_subject(pairs=5, held_out=0, seed=0)`."""
    return disc_subject


@pytest.fixture
def subject() -> ImageSubject:
    """Five discs."""
    return disc_subject()
