"""What is wrong with a pair of input and ground truth, seen in the pair alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis import alignment, mattes, transfer
from understudy.nodes.diagnosis.character import character
from understudy.nodes.diagnosis.finding import Finding
from understudy.nodes.diagnosis.reducing import block_means, factor_for, grey

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_SHIFT = 0.75
"""A shift of fewer pixels is no fault: filters of both sides differ by half a pixel at times."""

LEAST_OUTLINE = 2.0
"""A drawn outline that is off by up to this many pixels is the artist's business."""

MOST_PIXELS = 1 << 21
"""A larger pair is reduced by a whole number first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What is known of a pair: plain data, so that it can be kept and held against its set.

    Attributes:
        findings: What is wrong with the pair by itself.
        matte: Whether the truth is a matte.
        curve: What becomes of values, where input and truth have the same channels; else empty.
        character: How the truth differs from the input, as `character.character` says it; empty for mattes.
    """

    findings: list[Finding]
    matte: bool = False
    curve: transfer.Curve = field(default_factory=list)
    character: list[float] = field(default_factory=list)


def pair_faults(source: NDArray[np.float32], truth: NDArray[np.float32]) -> list[Finding]:
    """What is wrong with a pair by itself; an empty list for a healthy one.

    The kinds are "misaligned", "scale", "gamma", "swapped", "empty matte" and "inverted matte". Whether a
    restoration or a grade is swapped, and whether one pair's gamma differs from a grade that all pairs have,
    only several pairs tell: `sets.set_faults`.

    Args:
        source: The input, (H, W, C), as the file holds it; NaN and infinity may occur.
        truth: The ground truth, (H, W, K).
    """
    return describe_pair(source, truth).findings


def describe_pair(source: NDArray[np.float32], truth: NDArray[np.float32]) -> Pair:
    """The same with what `set_faults` needs to know of the pair.

    Args:
        source: The input, (H, W, C).
        truth: The ground truth, (H, W, K).
    """
    if source.shape[:2] != truth.shape[:2]:
        return Pair([_sizes(source.shape, truth.shape)])
    shrink = 1
    while source.shape[0] * source.shape[1] > MOST_PIXELS * shrink * shrink:
        shrink += 1
    source, truth = (
        block_means(np.nan_to_num(plain, nan=0.0, posinf=1.0, neginf=0.0), shrink)
        for plain in (source, truth)
    )
    source_matte, truth_matte = mattes.is_matte(source), mattes.is_matte(truth)
    if source_matte and not truth_matte and not mattes.cover(grey(source)).is_empty:
        return Pair([_swapped_matte(source)])
    if truth_matte and not source_matte and not _pages(source, truth):
        return Pair(_matte_faults(source, grey(truth), shrink), matte=True)
    if source.shape[-1] != truth.shape[-1]:
        return Pair(_placement(source, truth, shrink), matte=truth.shape[-1] == 1)
    curve = transfer.curve(source[..., :3], truth[..., :3])
    findings = _placement(source, truth, shrink) + _gamma(curve)
    return Pair(findings, curve=curve, character=character(source, truth))


def _pages(source: NDArray[np.float32], truth: NDArray[np.float32]) -> bool:
    """Whether a truth of black and white shows what the input shows, as a cleaned page does."""
    if source.shape[-1] != truth.shape[-1]:
        return False
    factor = factor_for(source.shape, alignment.SMALL)
    one, two = (block_means(grey(plain), factor) for plain in (source, truth))
    return alignment.correlation(one, two) > 0.5


def _sizes(source: tuple[int, ...], truth: tuple[int, ...]) -> Finding:
    scale = truth[1] / source[1]
    return Finding(
        "scale",
        f"the input is {source[1]} x {source[0]} and the truth {truth[1]} x {truth[0]} pixels; "
        "Reformat makes one of them fit",
        {"scale": scale, "scale_y": truth[0] / source[0]},
    )


def _swapped_matte(source: NDArray[np.float32]) -> Finding:
    covered = mattes.cover(grey(source)).whole
    return Finding(
        "swapped",
        "the input is a matte and the truth a picture; exchange them",
        {"input_covered": covered},
    )


def _matte_faults(source: NDArray[np.float32], matte: NDArray[np.float32], shrink: int) -> list[Finding]:
    covered = mattes.cover(matte)
    if covered.is_empty or covered.is_full:
        what = "empty: all of it is 0" if covered.is_empty else "full: all of it is 1"
        sentence = f"the matte is {what}; leave the frame out unless that is meant"
        return [Finding("empty matte", sentence, {"covered": covered.whole})]
    found = _outline_faults(source, matte, shrink)
    if covered.is_inverted:
        found.append(
            Finding(
                "inverted matte",
                f"the matte covers {covered.border:.0%} of the frame's border and leaves a hole; "
                "invert it if the hole is what is wanted",
                {"covered": covered.whole, "border_covered": covered.border},
            )
        )
    return found


def _outline_faults(source: NDArray[np.float32], matte: NDArray[np.float32], shrink: int) -> list[Finding]:
    met = mattes.outline(source, matte)
    if met.off <= LEAST_OUTLINE or met.best < 4 or met.best - met.here < max(1.5, 0.25 * met.best):
        return []
    x, y = met.x * shrink, met.y * shrink
    return [
        Finding(
            "misaligned",
            f"the matte's outline lies {_said(x, y)} of the edges in the input; "
            "is it of another frame or another window?",
            {"shift_x_px": x, "shift_y_px": y, "edges_here": met.here, "edges_best": met.best},
        )
    ]


def _placement(source: NDArray[np.float32], truth: NDArray[np.float32], shrink: int) -> list[Finding]:
    """A shift or a scale between two pictures."""
    found = alignment.align(grey(source), grey(truth))
    if not found.is_better or found.moved(source.shape) < LEAST_SHIFT:
        return []
    x, y = found.x * shrink, found.y * shrink
    evidence: dict[str, float | str] = {
        "shift_x_px": x,
        "shift_y_px": y,
        "scale": found.scale,
        "match_unmoved": found.match_unmoved,
        "match": found.match,
    }
    if abs(found.scale - 1) * max(source.shape[:2]) / 2 > 1.0:
        sentence = f"the truth shows the input {found.scale:.3f} times as large; Reformat makes it fit"
        return [Finding("scale", sentence, evidence)]
    if np.hypot(found.x, found.y) < LEAST_SHIFT:
        return []
    sentence = f"the truth lies {_said(x, y)} of the input; Crop or render one of them anew"
    return [Finding("misaligned", sentence, evidence)]


def _said(x: float, y: float) -> str:
    """A shift in words.

    >>> _said(12.0, 0.2), _said(-3.25, 4.0)
    ('12 pixels to the right', '3.2 pixels to the left and 4 below')
    """
    parts = []
    if abs(x) >= 0.5:
        parts.append(f"{abs(round(x, 1)):g} pixels to the {'right' if x > 0 else 'left'}")
    if abs(y) >= 0.5:
        unit = "" if parts else " pixels"
        parts.append(f"{abs(round(y, 1)):g}{unit} {'below' if y > 0 else 'above'}")
    return " and ".join(parts) or "less than a pixel beside"


def _gamma(curve: transfer.Curve) -> list[Finding]:
    known = transfer.known_transfer(curve)
    return [gamma_finding(known, "the input")] if known is not None else []


def gamma_finding(known: tuple[str, float, float], than: str) -> Finding:
    """The finding for a transfer curve that is a wrong setting's.

    Args:
        known: What `known_transfer` gives.
        than: What the truth is held against.
    """
    name, off, unchanged = known
    return Finding(
        "gamma",
        f"the truth is like {than} through one curve, {name}: one of both is in the wrong colour space; "
        "set colorspace_in and colorspace_out of its DataSource",
        {"curve": name, "off": off, "off_without": unchanged},
    )
