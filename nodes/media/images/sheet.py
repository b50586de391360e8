"""Contact sheets: labelled rows and columns of pictures, as one PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GAP = 6
LABEL = 22
LINE = 17
"""Height of each further line of a heading, in pixels."""

SIDE = 64
SQUARE = 12
"""Side of a checkerboard's square, in pixels."""

SHOULDER = 0.9
"""Above this, scene-linear values are rolled off towards white instead of cut."""

HEAT = np.array([[26, 152, 80], [254, 224, 80], [215, 38, 38]], np.float64)
"""Green, yellow and red, as sRGB bytes."""

BACKGROUND = (24, 24, 26)
TEXT = (225, 225, 225)


def to_display(pixels: NDArray[np.float32], *, linear: bool, exposure: float = 0.0) -> NDArray[np.uint8]:
    """Pixels as a person sees them on an sRGB screen.

    Args:
        pixels: Values of shape (H, W, C); one channel is shown as grey, of more than three the first three.
        linear: Whether the values are scene-linear: exposed, rolled off above `SHOULDER`, and through the
            sRGB curve (IEC 61966-2-1). A single channel is a matte and is shown as it is.
        exposure: Stops by which scene-linear colour is shown brighter.

    Returns:
        Shape (H, W, 3), 0 to 255. NaN and infinity are shown as magenta.
    """
    colour = pixels[..., :3] if pixels.shape[-1] >= 3 else np.repeat(pixels[..., :1], 3, axis=-1)
    bad = ~np.isfinite(colour).all(axis=-1)
    shown = np.nan_to_num(colour, nan=0.0, posinf=0.0, neginf=0.0)
    if linear and pixels.shape[-1] >= 3:
        shown = rolled_off(shown * 2.0**exposure)
        shown = np.where(
            shown <= 0.0031308, shown * 12.92, 1.055 * np.maximum(shown, 0.0) ** (1 / 2.4) - 0.055
        )
    picture = np.rint(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8)
    picture[bad] = (255, 0, 255)
    return picture


def rolled_off(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values up to `SHOULDER` as they are; beyond it they near 1 and never pass it, smoothly."""
    room = 1.0 - SHOULDER
    above = np.maximum(values - SHOULDER, 0.0)
    return np.where(values > SHOULDER, SHOULDER + room * (1.0 - np.exp(-above / room)), values)


def exposure_for(pixels: NDArray[np.float32]) -> float:
    """Stops, in halves, that bring scene-linear colour into view; 0 where it is in view already.

    It is where the brightest percent of its pixels begins between a quarter of white and a stop above white;
    else that is brought to white, or to a quarter.
    """
    brightest = np.nan_to_num(pixels[..., :3], nan=0.0, posinf=0.0, neginf=0.0).max(axis=-1)
    high = float(np.percentile(brightest, 99.0))
    if high <= 0.0 or 0.25 <= high <= 2.0:
        return 0.0
    stops = -np.log2(high) if high > 2.0 else np.log2(0.25 / high)
    return float(np.ceil(2.0 * stops) / 2.0 if stops > 0.0 else np.floor(2.0 * stops) / 2.0)


def over_checkerboard(picture: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A picture where alpha `(H, W)` is 1, a grey checkerboard where it is 0; neither is premultiplied."""
    height, width = alpha.shape
    y, x = np.indices((height, width)) // SQUARE
    board = np.where((x + y) % 2, 105.0, 150.0)[..., None]
    share = np.clip(np.nan_to_num(alpha), 0.0, 1.0)[..., None]
    return np.asarray(np.rint(picture * share + board * (1.0 - share)), np.uint8)


def heat(values: NDArray[np.float32], red: float) -> NDArray[np.uint8]:
    """Green at 0 over yellow to red at `red` and above, `(H, W)` to `(H, W, 3)`; NaN is magenta."""
    place = np.clip(np.nan_to_num(values, nan=0.0) / max(red, 1e-30), 0.0, 1.0) * (len(HEAT) - 1)
    stops = np.arange(len(HEAT))
    shown = np.stack([np.interp(place, stops, HEAT[:, channel]) for channel in range(3)], axis=-1)
    shown[np.isnan(values)] = (255, 0, 255)
    return np.asarray(np.rint(shown), np.uint8)


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
    headings = [_wrapped(name, font, width) for name, width in zip(columns, widths, strict=True)]
    top = LABEL * (2 if title else 1) + LINE * (max(map(len, headings)) - 1) + GAP
    size = (side + sum(widths) + GAP * len(widths), top + sum(heights) + GAP * len(heights))
    sheet = Image.new("RGB", size, BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    if title:
        draw.text((GAP, 4), title, TEXT, font)
    left = side
    for column, heading in enumerate(headings):
        draw.multiline_text((left, top - 4), "\n".join(heading), TEXT, font, anchor="ld", spacing=3)
        y = top
        for row, label in enumerate(labels):
            if column == 0:
                draw.text((GAP, y + 4), label, TEXT, font)
            sheet.paste(Image.fromarray(rows[row][column]), (left, y))
            y += heights[row] + GAP
        left += widths[column] + GAP
    return sheet


def _wrapped(text: str, font: Any, width: int) -> list[str]:
    """The text in lines that fit the width, broken between words."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
