"""What a person looks at: a matte's outline over the plate, what a pair differs by, frames in a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from understudy.nodes.diagnosis.mattes import is_matte
from understudy.nodes.diagnosis.reducing import grey
from understudy.nodes.media.images.sheet import BACKGROUND, TEXT, to_display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LINE = (255, 40, 160)
"""The colour of outlines: hardly any footage has it."""

GAP = 6
CAPTION = 34


def pair_picture(
    source_HWC: NDArray[np.float32], truth_HWK: NDArray[np.float32], *, linear: bool, title: str
) -> Image.Image:
    """A pair in one picture: a matte's outline over the input; or input, truth and their difference.

    Args:
        source_HWC: The input.
        truth_HWK: The truth, of the same size.
        linear: Whether the values are scene-linear.
        title: A line above input, truth and difference.
    """
    shown = to_display(source_HWC, linear=linear)
    alike = truth_HWK.shape[-1] == source_HWC.shape[-1]
    if not alike or (is_matte(truth_HWK) and not is_matte(source_HWC)):
        return Image.fromarray(outlined(shown, grey(truth_HWK)))
    truth = to_display(truth_HWK, linear=linear)
    between, times = difference(shown, truth)
    told = (
        f"brightness, {times} times as strong: light where the truth is brighter, grey where both are alike"
    )
    captions = [("input", ""), ("truth", ""), ("difference", told)]
    return grid([shown, truth, between], captions, title=title, width=480, columns=3)


def difference(one_HW3: NDArray[np.uint8], other_HW3: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
    """By how much the other picture is brighter, around a grey of 128; shape (H, W, 3), 0 to 255.

    Returns:
        The difference, and by how much it is strengthened: 4, 2 or 1, so that at most a fiftieth is clipped.
    """
    one, other = (picture.astype(np.float32) @ (0.2126, 0.7152, 0.0722) for picture in (one_HW3, other_HW3))
    far = float(np.quantile(np.abs(other - one), 0.98))
    times = next((times for times in (4, 2) if times * far < 127), 1)
    grey_HW = np.clip(128 + times * (other - one), 0, 255).astype(np.uint8)
    return np.repeat(grey_HW[..., None], 3, axis=-1), times


def outlined(picture_HW3: NDArray[np.uint8], matte_HW: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A picture with the outline of a matte at 0.5, two pixels wide for each 500 of the picture."""
    from scipy import ndimage

    inside = matte_HW > 0.5
    width = max(1, round(max(matte_HW.shape) / 500))
    grown = ndimage.binary_dilation(inside, iterations=width)
    shrunk = ndimage.binary_erosion(inside, iterations=width, border_value=1)
    drawn = picture_HW3.copy()
    drawn[grown & ~shrunk] = LINE
    return drawn


def fitted(picture: NDArray[np.uint8], width: int, height: int) -> Image.Image:
    """A picture as large as it gets in a field, on the background."""
    image = Image.fromarray(picture)
    image.thumbnail((width, height), Image.Resampling.BOX)
    field = Image.new("RGB", (width, height), BACKGROUND)
    field.paste(image, ((width - image.width) // 2, (height - image.height) // 2))
    return field


def grid(
    pictures: Sequence[NDArray[np.uint8]],
    captions: Sequence[tuple[str, str]],
    *,
    title: str,
    width: int = 220,
    columns: int = 6,
) -> Image.Image:
    """Pictures in rows, each with two lines below it.

    Args:
        pictures: Each of shape (H, W, 3).
        captions: Two lines for each; they are cut where they are longer than the picture is wide.
        title: A line above everything.
        width: Of each picture, in pixels.
        columns: Pictures in a row.
    """
    font, small = ImageFont.load_default(13), ImageFont.load_default(11)
    shapes = [(one.shape[0] * width) // one.shape[1] for one in pictures]
    height = min(max(shapes, default=width), 2 * width)
    columns = min(columns, max(1, len(pictures)))
    rows = -(-len(pictures) // columns)
    least = int(font.getlength(title)) + 2 * GAP
    size = (max(columns * (width + GAP) + GAP, least), 28 + rows * (height + CAPTION + GAP))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 6), title, TEXT, font)
    for place, (picture, (first, second)) in enumerate(zip(pictures, captions, strict=True)):
        left = GAP + place % columns * (width + GAP)
        top = 28 + place // columns * (height + CAPTION + GAP)
        sheet.paste(fitted(picture, width, height), (left, top))
        draw.text((left, top + height + 2), _cut(first, font, width), TEXT, font)
        draw.text((left, top + height + 18), _cut(second, small, width), (170, 170, 170), small)
    return sheet


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A text as far as it fits."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text.rstrip() + "..."
