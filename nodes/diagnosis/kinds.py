"""The words of the clinic: measures, kinds of findings, and orders. Checking a graph reads them."""

from __future__ import annotations

MEASURES = ("frame", "sharpness", "noise", "brightness", "contrast", "white", "black", "bad", "motion",
            "width", "height")  # fmt: skip
"""The measures of frames that rules and orders go by; `motion` is the mean change since the frame before."""

OF_FRAMES = (
    "unreadable",
    "NaN",
    "cut short",
    "flat",
    "blurred",
    "noisy",
    "overexposed",
    "exposure jump",
    "misaligned",
    "scale",
    "gamma",
    "swapped",
    "empty matte",
    "inverted matte",
    "duplicate",
    "unpaired",
)
"""The kinds of findings about frames, the worst first."""

OF_ROWS = ("missing", "contradiction", "outlier", "duplicate")
"""The kinds of findings about rows and poses."""

ORDERS = {
    "time": "by frame number",
    "sharpness": "the most blurred first",
    "noise": "the noisiest first",
    "brightness": "the darkest first",
    "motion": "the most changed since the frame before first",
    "similarity": "each followed by the frame with the most similar histogram",
    "dissimilarity": "those whose histograms are most unlike all others first",
    "hash": "each followed by the frame with the most similar perceptual hash",
}
"""What frames can be sorted by, and what comes first."""

TRUTHS = {"frames": "frames", "controls": "shapes", "shapes": "shapes", "features": "labels"}
"""The kind of ground truth that each kind of input has."""


def words_of(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The measures and the kinds of findings that a rule about this kind of input may name."""
    return (MEASURES, OF_FRAMES) if kind == "frames" else (("frame",), OF_ROWS)
