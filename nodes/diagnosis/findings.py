"""What is wrong with frames, seen from all frames together: sentences with their evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.diagnosis.duplicates import SAME, duplicates, groups_of
from understudy.nodes.diagnosis.finding import Finding
from understudy.nodes.diagnosis.kinds import OF_FRAMES
from understudy.nodes.diagnosis.sets import faults_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.nodes.diagnosis.examination import Examined
    from understudy.nodes.diagnosis.measures import Measures

BLURRED = 0.6
"""A frame is blurred where it has less than this part of the sharpness that the sharper quarter has,"""

SHARP_ENOUGH = 0.3
"""and less than this: a blur of one pixel is hardly seen."""

NOISY = 3.0
"""A frame is noisy where it has this many times the noise of the others,"""

LEAST_NOISE = 0.015
"""and at least this much, the peak at 1."""

CLIPPED = 0.25
"""The share of white pixels from which a frame is overexposed, where the others have less than half of it."""

JUMP = 1.6
"""The ratio of brightness to the frames before and after from which the exposure jumps."""

CUT = 0.02
"""The share of grey rows at the bottom from which a frame counts as cut short."""

FLAT = 0.004
"""The standard deviation of luminance below which a frame shows nothing."""


@dataclass(slots=True)
class Diagnosis:
    """What was found in a set of frames.

    Attributes:
        values: The measures of each frame as numbers, by its number: what rules and orderings go by.
        findings: What is wrong with each frame that something is wrong with.
        groups: Groups of frames that show the same; the first of each is the sharpest.
    """

    values: dict[int, dict[str, float]] = field(default_factory=dict)
    findings: dict[int, list[Finding]] = field(default_factory=dict)
    groups: list[list[int]] = field(default_factory=list)

    def add(self, number: int, finding: Finding) -> None:
        """One more finding about a frame."""
        self.findings.setdefault(number, []).append(finding)

    def worst(self) -> list[int]:
        """The frames with findings, the worst kinds and the most findings first."""
        rank = {kind: place for place, kind in enumerate(OF_FRAMES)}
        return sorted(
            self.findings,
            key=lambda number: (
                min(rank[one.kind] for one in self.findings[number]),
                -len(self.findings[number]),
                self.values.get(number, {}).get("sharpness", 0.0),
                number,
            ),
        )


def diagnose(examined: Mapping[int, Examined], unpaired: Sequence[int] = (), same: float = SAME) -> Diagnosis:
    """What is wrong with each frame, held against the others.

    Args:
        examined: What is known of each frame, by its number.
        unpaired: Frames of the ground truth that have no input.
        same: How much frames that count as duplicates may differ, as `duplicates` takes it.
    """
    found = Diagnosis()
    measured = {number: one.measures for number, one in sorted(examined.items()) if one.measures is not None}
    found.values = _values(measured)
    for number, one in examined.items():
        if one.error:
            found.add(number, Finding("unreadable", f"{one.error}. Render it anew, or leave it out"))
    for number, one_measured in measured.items():
        _add_by_itself(found, number, one_measured)
    _add_unlike_others(found, measured)
    _add_jumps(found, measured)
    _add_duplicates(found, measured, same)
    pairs = {number: one.pair for number, one in sorted(examined.items()) if one.pair is not None}
    for number, faults in zip(pairs, faults_of(list(pairs.values())), strict=True):
        for fault in faults:
            found.add(number, fault)
    for number in unpaired:
        found.add(number, Finding("unpaired", "the ground truth has this frame, and the input does not"))
    return found


def _values(measured: Mapping[int, Measures]) -> dict[int, dict[str, float]]:
    values: dict[int, dict[str, float]] = {}
    before = None
    for number, one in measured.items():
        picture = one.picture()
        motion = 0.0 if before is None else float(np.abs(picture - before).mean())
        before = picture
        values[number] = {
            "frame": float(number),
            "sharpness": one.sharpness,
            "noise": one.noise,
            "brightness": one.brightness,
            "contrast": one.contrast,
            "white": one.white,
            "black": one.black,
            "bad": float(one.bad),
            "motion": round(motion, 5),
            "width": float(one.width),
            "height": float(one.height),
        }
    return values


def _add_by_itself(found: Diagnosis, number: int, one: Measures) -> None:
    if one.bad:
        sentence = f"{one.bad:,} values are NaN or infinite; render the frame anew, or leave it out"
        found.add(number, Finding("NaN", sentence, {"values": float(one.bad)}))
    if one.cut > CUT:
        sentence = f"the lowest {one.cut:.0%} of it is one grey: the file is cut short; copy it anew"
        found.add(number, Finding("cut short", sentence, {"rows": one.cut}))
    if one.contrast < FLAT:
        sentence = f"the frame shows nothing: all of it is about {one.brightness:.2f}"
        found.add(number, Finding("flat", sentence, {"contrast": one.contrast, "brightness": one.brightness}))


def _add_unlike_others(found: Diagnosis, measured: Mapping[int, Measures]) -> None:
    """Blur, noise and clipping, against what is usual in the set."""
    if len(measured) < 3:
        return
    sharpness, noise, white = (
        float(np.quantile([getattr(one, name) for one in measured.values()], share))
        for name, share in (("sharpness", 0.75), ("noise", 0.5), ("white", 0.5))
    )
    for number, one in measured.items():
        if one.contrast >= FLAT and one.sharpness < min(SHARP_ENOUGH, BLURRED * sharpness):
            sentence = f"its sharpness is {one.sharpness:.2f}, that of the sharper ones {sharpness:.2f}"
            evidence: dict[str, float | str] = {"sharpness": one.sharpness, "usual": sharpness}
            found.add(number, Finding("blurred", sentence, evidence))
        if one.noise > max(LEAST_NOISE, NOISY * noise):
            sentence = f"its noise is {one.noise:.3f}, that of the others about {noise:.3f}"
            found.add(number, Finding("noisy", sentence, {"noise": one.noise, "usual": noise}))
        if one.white > max(CLIPPED, 2 * white):
            sentence = f"{one.white:.0%} of it is white, of the others about {white:.0%}"
            found.add(number, Finding("overexposed", sentence, {"white": one.white, "usual": white}))


def _add_jumps(found: Diagnosis, measured: Mapping[int, Measures]) -> None:
    """Frames that are much brighter or darker than both neighbours, as a flash or a missed exposure is."""
    numbers = list(measured)
    for before, number, after in zip(numbers, numbers[1:], numbers[2:], strict=False):
        if number - before > 1 or after - number > 1:
            continue
        here, *there = (measured[one].brightness + 0.01 for one in (number, before, after))
        low, high = min(there), max(there)
        if high / low < 1.2 and (here / high > JUMP or low / here > JUMP):
            word = "brighter" if here > high else "darker"
            sentence = f"it is much {word} than the frames before and after: {here:.2f} against {low:.2f}"
            found.add(number, Finding("exposure jump", sentence, {"brightness": here, "usual": low}))


def _add_duplicates(found: Diagnosis, measured: Mapping[int, Measures], same: float) -> None:
    """All but the sharpest of each group of frames that show the same."""
    shown = {number: one for number, one in measured.items() if one.contrast >= FLAT}
    for group in groups_of(duplicates(shown, same), list(shown)):
        best = max(group, key=lambda number: (shown[number].sharpness, -number))
        found.groups.append([best, *(number for number in group if number != best)])
        for number in group:
            if number != best:
                sentence = f"it shows what frame {best} shows, which is as sharp or sharper"
                found.add(number, Finding("duplicate", sentence, {"of_frame": float(best)}))
