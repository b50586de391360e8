"""What labels are learned of: rows of features, or frames, as a network and as ridge see them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch.nn import functional

from understudy.nodes.learning.encoding import Encoding, choose_encoding
from understudy.nodes.learning.tables.encoding import RowEncoding

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.media.tables.table import Table

    Rows = NDArray[np.int64]

DRAWS = 6
"""Random numbers that a sample takes."""

SHIFT, ZOOM = 0.08, 0.1
"""By how much of its size a training frame is moved and scaled at most."""

JITTER = 0.3
"""By how many deviations a training frame is made brighter or darker at most, where that is asked for."""

SURROUNDINGS = 0.09
"""Deviation of the Gaussian that says what surrounds a pixel, of the size of a shrunk frame."""

EVEN = 0.02
"""Variance around a pixel, of that of its frame, at which a surface counts as even and noise for little."""

SUMMARY_SIZE = 12
"""Width and height at which ridge sees a frame."""


class Samples(Protocol):
    """Inputs, as many as there are rows with labels.

    Attributes:
        takes: "features" or "frames".
        shape: Of one input.
    """

    takes: str
    shape: tuple[int, ...]

    def __len__(self) -> int:
        """How many there are."""

    def plain(self, rows: Rows) -> Tensor:
        """Encoded inputs `(n, *shape)`."""

    def drawn(self, rows: Rows, draws: NDArray[np.float64]) -> tuple[Tensor, NDArray[np.bool_]]:
        """The same, changed at random for a training, and which of them are mirrored.

        Args:
            rows: Which.
            draws: `(n, DRAWS)` in [0, 1).
        """

    def summary(self) -> NDArray[np.float64]:
        """What ridge or logistic regression sees of each, `(N, F)`."""

    def select(self, rows: Rows) -> Samples:
        """Some of them."""

    def header(self) -> dict[str, Any]:
        """How inputs are encoded, as plain data."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers of that."""


class RowSamples:
    """Rows of a table.

    Args:
        table: The rows.
        encoding: How values become numbers.
        flip: Whether a training sees half of the rows in a mirror, where the table knows how they look there.
    """

    takes = "features"

    def __init__(self, table: Table, encoding: RowEncoding, *, flip: bool = False) -> None:
        self.table, self.encoding = table, encoding
        self.shape: tuple[int, ...] = (table.length, encoding.size)
        self._lines = encoding.encode(table.values)
        self._mirrored = None
        if flip and table.mirror is not None:
            values = table.values[:, table.mirror.places] * table.mirror.signs
            self._mirrored = encoding.encode(values)

    def __len__(self) -> int:
        return len(self.table)

    def plain(self, rows: Rows) -> Tensor:
        """`(n, T, D)`."""
        return torch.from_numpy(self._lines[self._places(rows)])

    def drawn(self, rows: Rows, draws: NDArray[np.float64]) -> tuple[Tensor, NDArray[np.bool_]]:
        """`(n, T, D)`, half of them mirrored where that is asked for, and which are."""
        found = self._lines[self._places(rows)]
        turned = np.zeros(len(rows), bool)
        if self._mirrored is not None:
            turned = draws[:, 0] < 0.5
            found[turned] = self._mirrored[self._places(rows[turned])]
        return torch.from_numpy(found), turned

    def _places(self, rows: Rows) -> Rows:
        places: Rows = self.table.starts[rows][:, None] + np.arange(self.table.length)
        return places

    def summary(self) -> NDArray[np.float64]:
        """Single lines as they are; of windows mean and deviation over time."""
        parts = []
        for start in range(0, len(self), 1024):
            lines = self.plain(np.arange(start, min(start + 1024, len(self)))).numpy().astype(np.float64)
            if self.table.length == 1:
                parts.append(lines[:, 0])
            else:
                parts.append(np.concatenate([lines.mean(axis=1), lines.std(axis=1)], axis=1))
        return np.concatenate(parts)

    def select(self, rows: Rows) -> RowSamples:
        """Some of the rows, encoded as these are."""
        return RowSamples(self.table.select(rows), self.encoding, flip=self._mirrored is not None)

    def header(self) -> dict[str, Any]:
        """Columns and window."""
        return {"takes": self.takes} | self.encoding.header()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Means and deviations."""
        return self.encoding.arrays()


class FrameSamples:
    """Frames, shrunk to a square.

    Args:
        pixels: `(N, C, S, S)`, as `shrunk` gives them.
        channels: Their names.
        encoding: How pixels become numbers.
        sees: "colours", "brightness", "contrast" or "edges".
        flip: Whether a training sees half of them flipped.
        jitter: Whether a training sees them brighter and darker.
    """

    takes = "frames"

    def __init__(
        self,
        pixels: NDArray[np.float32],
        channels: tuple[str, ...],
        encoding: Encoding,
        sees: str,
        *,
        flip: bool = False,
        jitter: bool = False,
    ) -> None:
        self.channels, self.encoding, self.sees = channels, encoding, sees
        self.shape: tuple[int, ...] = pixels.shape[1:]
        self._pixels, self._flip, self._jitter = pixels, flip, jitter

    def __len__(self) -> int:
        return len(self._pixels)

    def plain(self, rows: Rows) -> Tensor:
        """`(n, C, S, S)`."""
        return self.encoding.encode(torch.from_numpy(self._pixels[rows]))

    def drawn(self, rows: Rows, draws: NDArray[np.float64]) -> tuple[Tensor, NDArray[np.bool_]]:
        """`(n, C, S, S)`, a little moved and scaled, half of them flipped where that is asked for."""
        pixels = self.plain(rows)
        turned = (draws[:, 0] < 0.5) & self._flip
        pixels[turned] = pixels[turned].flip(3)
        change = torch.from_numpy(2.0 * draws[:, 1:] - 1.0).float()
        affine = torch.zeros(len(rows), 2, 3)
        affine[:, 0, 0] = affine[:, 1, 1] = 1.0 + ZOOM * change[:, 2]
        affine[:, :, 2] = 2.0 * SHIFT * change[:, :2]
        grid = functional.affine_grid(affine, list(pixels.shape), align_corners=False)
        moved = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
        if self._jitter:
            moved = moved * (1.0 + JITTER * change[:, 3, None, None, None])
            moved = moved + JITTER * change[:, 4, None, None, None]
        return moved, turned

    def summary(self) -> NDArray[np.float64]:
        """The frames still smaller, a number for each pixel and channel."""
        small = functional.adaptive_avg_pool2d(self.plain(np.arange(len(self))), SUMMARY_SIZE)
        return small.flatten(1).double().numpy()

    def select(self, rows: Rows) -> FrameSamples:
        """Some of the frames, encoded as these are."""
        some = self._pixels[rows]
        return FrameSamples(
            some, self.channels, self.encoding, self.sees, flip=self._flip, jitter=self._jitter
        )

    def header(self) -> dict[str, Any]:
        """Channels, size and encoding."""
        size = int(self.shape[-1])
        return {"takes": self.takes, "channels": list(self.channels), "resolution": size,
                "sees": self.sees, "encoding": self.encoding.as_dict()}  # fmt: skip

    def arrays(self) -> dict[str, NDArray[Any]]:
        """None: the encoding is plain data."""
        return {}


def row_samples(table: Table, trained: Rows, *, flip: bool) -> RowSamples:
    """Rows, encoded as suits those that are trained on."""
    return RowSamples(table, RowEncoding.of(table.select(trained)), flip=flip)


def frame_samples(
    pixels: NDArray[np.float32],
    channels: tuple[str, ...],
    trained: Rows,
    sees: str,
    *,
    flip: bool,
    jitter: bool,
) -> FrameSamples:
    """Shrunk frames as the network sees them, encoded as suits those that are trained on."""
    seen = as_seen(pixels, sees)
    encoding = choose_encoding([frame.transpose(1, 2, 0) for frame in seen[trained]])
    return FrameSamples(seen, channels, encoding, sees, flip=flip, jitter=jitter)


def as_seen(pixels: NDArray[np.float32], sees: str) -> NDArray[np.float32]:
    """Shrunk frames `(N, C, S, S)` as `seen` gives them."""
    found: NDArray[np.float32] = seen(torch.from_numpy(pixels), sees).numpy()
    return found


def seen(pixels_NCSS: Tensor, sees: str) -> Tensor:
    """Shrunk frames as they are, or their brightness, contrast or edges `(N, 1, S, S)`.

    Brightness is the mean channel; contrast is that held against its surroundings; edges are the root of the
    length of its gradient (Sobel). Each frame of these is brought to mean 0 and deviation 1, so that the
    exposure does not matter.
    """
    if sees == "colours":
        return pixels_NCSS
    grey = pixels_NCSS.mean(dim=1, keepdim=True)
    return _standardised({"brightness": _same, "contrast": _contrast, "edges": _edges}[sees](grey))


def _same(grey_N1SS: Tensor) -> Tensor:
    return grey_N1SS


def _contrast(grey_N1SS: Tensor) -> Tensor:
    """Each pixel less the mean of its surroundings, in units of their deviation.

    Jarrett et al. 2009, "What is the best multi-stage architecture for object recognition?", section 3.1.
    """
    grey = _standardised(grey_N1SS)
    off = grey - _surroundings(grey)
    return off / torch.sqrt(_surroundings(off * off) + EVEN)


def _surroundings(grey_N1SS: Tensor) -> Tensor:
    """The mean around each pixel, weighed by a Gaussian."""
    sigma = SURROUNDINGS * grey_N1SS.shape[-1]
    reach = math.ceil(3.0 * sigma)
    weights = [math.exp(-0.5 * (place / sigma) ** 2) for place in range(-reach, reach + 1)]
    kernel = torch.tensor(weights) / sum(weights)
    padded = functional.pad(grey_N1SS, (reach,) * 4, mode="replicate")
    return functional.conv2d(functional.conv2d(padded, kernel[None, None, None]), kernel[None, None, :, None])


def _edges(grey_N1SS: Tensor) -> Tensor:
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    padded = functional.pad(grey_N1SS, (1, 1, 1, 1), mode="replicate")
    slopes = functional.conv2d(padded, torch.stack([across, across.T])[:, None])
    return torch.sqrt(torch.sqrt((slopes * slopes).sum(dim=1, keepdim=True)))


def _standardised(grey_N1SS: Tensor) -> Tensor:
    """Each frame brought to mean 0 and deviation 1."""
    off = grey_N1SS - grey_N1SS.mean(dim=(2, 3), keepdim=True)
    return off / torch.sqrt((off * off).mean(dim=(2, 3), keepdim=True)).clamp(min=1e-6)


def shrunk(
    frames: Frames, numbers: Sequence[int], channels: Sequence[str], size: int, told: Callable[[int], None]
) -> NDArray[np.float32]:
    """Frames `(N, C, size, size)`, each averaged over its display window whatever its shape.

    Args:
        frames: Where they are read.
        numbers: Their numbers.
        channels: The channels to take.
        size: Width and height, in pixels.
        told: Called with how many are done.

    Raises:
        ChannelError: A frame lacks one of the channels.
        NodeError: A frame can't be read.
    """
    from PIL import Image

    found = np.empty((len(numbers), len(channels), size, size), np.float32)
    for place, number in enumerate(numbers):
        frame = frames.read(number)
        pixels = frame.select(channels).fitted(frame.display).pixels
        for channel in range(len(channels)):
            finite = np.nan_to_num(pixels[..., channel].astype(np.float32), posinf=65504.0, neginf=-65504.0)
            small = Image.fromarray(finite).resize((size, size), Image.Resampling.BOX)
            found[place, channel] = np.asarray(small)
        told(place + 1)
    return found
