"""Contact sheets: labelled rows and columns of pictures, as one PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP = 6
LABEL = 22
SIDE = 64
BACKGROUND = (24, 24, 26)
TEXT = (225, 225, 225)


def to_display(pixels: NDArray[np.float32], *, linear: bool) -> NDArray[np.uint8]:
    """Pixels as a person sees them on an sRGB screen.

    Args:
        pixels: Values of shape (H, W, C); one channel is shown as grey, of more than three the first three.
        linear: Whether the values are scene-linear, and the sRGB curve (IEC 61966-2-1) is due. A single
            channel is a matte and is shown as it is.

    Returns:
        Shape (H, W, 3), 0 to 255. Values beyond white are shown white, NaN as magenta.
    """
    colour = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    bad = ~np.isfinite(colour).all(axis=-1)
    shown = np.clip(np.nan_to_num(colour, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0)
    if linear and pixels.shape[-1] >= 3:
        shown = np.where(shown <= 0.0031308, shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055)
    picture = np.rint(shown * 255).astype(np.uint8)
    picture[bad] = (255, 0, 255)
    return picture


def is_linear(dtype: str) -> bool:
    """Whether values of files of this type are taken as scene-linear: those of float files are."""
    return dtype in ("half", "float", "double")


def contact_sheet(
    rows: Sequence[Sequence[NDArray[np.uint8]]],
    columns: Sequence[str],
    labels: Sequence[str],
    title: str = "",
) -> Image.Image:
    """A sheet of pictures, each column headed by its name and each row by its own.

    Args:
        rows: For each row its pictures, each of shape (H, W, 3).
        columns: A heading for each column.
        labels: A label for each row.
        title: A line above everything.
    """
    widths = [max(row[column].shape[1] for row in rows) for column in range(len(columns))]
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    font = ImageFont.load_default(13)
    side = max(SIDE, *(int(font.getlength(label)) + 2 * GAP for label in labels))
    top = LABEL * (2 if title else 1) + GAP
    size = (side + sum(widths) + GAP * len(widths), top + sum(heights) + GAP * len(heights))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((GAP, 4), title, TEXT, font)
    left = side
    for column, name in enumerate(columns):
        draw.text((left, top - LABEL), name, TEXT, font)
        y = top
        for row, label in enumerate(labels):
            if column == 0:
                draw.text((GAP, y + 4), label, TEXT, font)
            sheet.paste(Image.fromarray(rows[row][column]), (left, y))
            y += heights[row] + GAP
        left += widths[column] + GAP
    return sheet
