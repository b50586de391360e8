"""Real pictures of the shared data, and what is done to them: for benchmarks of the clinic.

The data is looked for in UNDERSTUDY_SHARED_DATA, or in ../shared/data beside the repository.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from scipy import ndimage

from understudy.nodes.media.images.reading import read_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]
    Pairs = list[tuple[Pixels, Pixels]]

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
DAVIS = SHARED / "video_masks_davis"
CLIPS = ("blackswan", "car-shadow", "libby")


def pixels_of(path: Path) -> Pixels:
    """A picture, (H, W, 1 or 3)."""
    found = read_frame(path).pixels
    return found[..., :3] if found.shape[-1] >= 3 else found[..., :1]


def movie(path: Path) -> list[Pixels]:
    """The frames of a movie, (H, W, 3)."""
    import av

    with av.open(str(path)) as file:
        return [one.to_ndarray(format="rgb24").astype(np.float32) / 255 for one in file.decode(video=0)]


def photos() -> list[Pixels]:
    """Photographs of different things."""
    folders = ("photos_kodak", "photos_skimage", "photos_blur_triplets")
    paths = [path for folder in folders for path in sorted((SHARED / folder).iterdir())]
    pictures = [pixels_of(path) for path in paths if path.suffix in (".png", ".jpg")]
    return [np.repeat(one, 3, -1) if one.shape[-1] == 1 else one for one in pictures]


def look() -> Callable[[Pixels], Pixels]:
    """A film look, from a Hald CLUT: a legitimate grade."""
    path = next((SHARED / "looks_haldclut").glob("*.[pj][np]g"))
    flat = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    level = round(flat.shape[0] ** (2 / 3))
    cube = flat.reshape(level, level, level, 3)  # blue, green, red

    def graded(plain: Pixels) -> Pixels:
        places = plain.reshape(-1, 3)[:, ::-1].T * (level - 1)
        channels = np.moveaxis(cube, -1, 0)
        planes = [ndimage.map_coordinates(one, places, order=1, mode="nearest") for one in channels]
        return np.stack(planes, -1).reshape(plain.shape).astype(np.float32)

    return graded


def moved(truth: Pixels, x: int, y: int) -> Pixels:
    """The truth of another place; what comes in at the border is the border."""
    return np.asarray(ndimage.shift(truth, (y, x, 0), order=0, mode="nearest"), np.float32)


def eight_bits(plain: Pixels) -> Image.Image:
    """As a file of eight bits holds it."""
    return Image.fromarray(np.rint(np.clip(plain, 0, 1) * 255).astype(np.uint8))


def encoded(plain: Pixels, quality: int) -> Pixels:
    """Encoded as JPEG once more."""
    file = io.BytesIO()
    eight_bits(plain).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(io.BytesIO(file.getvalue())), np.float32) / 255


def scaled(plain: Pixels, scale: float) -> Pixels:
    """Larger or smaller."""
    height, width = (round(side * scale) for side in plain.shape[:2])
    return np.asarray(eight_bits(plain).resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
