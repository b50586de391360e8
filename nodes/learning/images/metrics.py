"""How wrong a result is, in what a person sees: overlap and edge of a matte, noise and structure of colours.

Legend of shapes: H rows, W columns, C channels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SOLID = 0.5
"""A matte's pixel above this counts as inside."""

WINDOW = 8
"""Rows and columns of an SSIM window."""

LARGEST_EDGE_ERROR = 50.0
"""In pixels: what an edge counts that has no counterpart at all."""


def overlap(found_HW: NDArray[Any], truth_HW: NDArray[Any]) -> tuple[int, int]:
    """Pixels in both mattes, and pixels in any: the two parts of an intersection over union.

    They add up over crops and frames, and their quotient is then the IoU of all of them together: a crop with
    nothing in it counts for nothing, where a mean over crops would count it as perfect.

    Args:
        found_HW: The matte that was made, 0 to 1; inside is above 0.5.
        truth_HW: The groundtruth, of the same shape.

    Example:
        >>> overlap(np.array([[0.9, 0.8, 0.1]]), np.array([[1.0, 0.0, 0.0]]))
        (1, 2)
    """
    found, truth = found_HW > SOLID, truth_HW > SOLID
    return int(np.count_nonzero(found & truth)), int(np.count_nonzero(found | truth))


def iou(parts: Sequence[tuple[int, int]]) -> float:
    """Intersection over union, 0 to 1, of crops together; 1 where nothing is and nothing was found.

    It is the Jaccard index J of the DAVIS benchmark (Perazzi et al., CVPR 2016), over pixels of all crops.
    """
    both, either = (sum(part[place] for part in parts) for place in (0, 1))
    return both / either if either else 1.0


def edge_error(found_HW: NDArray[Any], truth_HW: NDArray[Any]) -> float | None:
    """How far a matte's edge lies from where it should be, in pixels; None where neither has an edge.

    The mean distance from each edge pixel of the one to the nearest of the other, both ways averaged: the
    symmetric mean surface distance of medical imaging (Heimann et al., IEEE TMI 2009, "ASD"). Distances count
    up to 50 pixels, and so does an edge without any counterpart.

    Args:
        found_HW: The matte that was made, 0 to 1.
        truth_HW: The groundtruth, of the same shape.
    """
    from scipy.spatial import cKDTree

    found, truth = _edge(found_HW), _edge(truth_HW)
    if not len(found) and not len(truth):
        return None
    if not len(found) or not len(truth):
        return LARGEST_EDGE_ERROR
    ways = (cKDTree(one).query(other)[0] for one, other in ((truth, found), (found, truth)))
    return float(np.mean([np.minimum(distance, LARGEST_EDGE_ERROR).mean() for distance in ways]))


def _edge(matte_HW: NDArray[Any]) -> NDArray[np.int64]:
    """Pixels (y, x) inside of a matte with one outside to the left or above, or the other way round."""
    solid = np.asarray(matte_HW) > SOLID
    edge = np.zeros_like(solid)
    edge[1:] |= solid[1:] != solid[:-1]
    edge[:, 1:] |= solid[:, 1:] != solid[:, :-1]
    return np.argwhere(edge)


def psnr(squared_error: float, peak: float) -> float:
    """Peak signal-to-noise ratio, in dB.

    Args:
        squared_error: The mean squared error of all values.
        peak: The value that counts as full signal, 1 for pixels from 0 to 1.

    Example:
        >>> round(psnr(0.01, 1.0), 6)
        20.0
    """
    return float(10.0 * np.log10(peak**2 / max(squared_error, 1e-12)))


def ssim(found_HWC: NDArray[Any], truth_HWC: NDArray[Any], peak: float) -> float:
    """Structural similarity, 1 for equal pictures (Wang et al., IEEE TIP 2004, equation 13).

    Statistics are of windows of 8 x 8 pixels side by side, as video encoders take them, instead of a Gaussian
    around each pixel: a fiftieth of the time. Rows and columns that fill no window are left out.

    Args:
        found_HWC: The picture that was made, at least 8 x 8.
        truth_HWC: The groundtruth, of the same shape.
        peak: The value that counts as full signal, 1 for pixels from 0 to 1.
    """
    x, y = _windows(found_HWC), _windows(truth_HWC)
    mean_x, mean_y = x.mean(axis=0), y.mean(axis=0)
    x, y = x - mean_x, y - mean_y
    small, smaller = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    light = (2 * mean_x * mean_y + small) / (mean_x**2 + mean_y**2 + small)
    both = 2 * (x * y).mean(axis=0) + smaller
    return float((light * both / ((x**2).mean(axis=0) + (y**2).mean(axis=0) + smaller)).mean())


def _windows(pixels_HWC: NDArray[Any]) -> NDArray[np.float32]:
    """The pixels of each window first: `(64, windows, C)`."""
    height, width, channels = pixels_HWC.shape
    rows, columns = height // WINDOW, width // WINDOW
    cut = np.asarray(pixels_HWC[: rows * WINDOW, : columns * WINDOW], np.float32)
    blocks = cut.reshape(rows, WINDOW, columns, WINDOW, channels).transpose(1, 3, 0, 2, 4)
    return np.ascontiguousarray(blocks.reshape(WINDOW * WINDOW, rows * columns, channels))
