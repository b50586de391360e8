"""What is measured and never trained on, decided from frame numbers alone, so that `plan` can tell it too."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from understudy.nodes.learning.schedules import SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 8
"""Frames that follow each other are held out in blocks of so many: a frame whose neighbour is trained on is
nearly trained on itself."""

REGIONS = 2
"""Regions of each painted frame that are held out where no frame is."""


@dataclass(frozen=True, slots=True)
class Split:
    """Which pairs are trained on, and what is measured.

    Attributes:
        training: Frame numbers trained on, sorted.
        held_out: Frame numbers whose groundtruth is measured instead, sorted.
        validation: Frame numbers of the validation input that are measured, sorted.
        regions: How many regions of each frame that is trained on are measured instead.
        passing: Whether these are trained on too once the learning rate falls.
    """

    training: tuple[int, ...]
    held_out: tuple[int, ...] = ()
    validation: tuple[int, ...] = ()
    regions: int = 0
    passing: bool = False

    def __str__(self) -> str:
        """What is measured, as a sentence part."""
        if self.validation:
            return f"{_counted(self.validation)} of validation"
        if self.held_out:
            return _counted(self.held_out)
        if self.regions:
            until = ", until the learning rate falls" if self.passing else ""
            return f"{self.regions} regions of each of {len(self.training)} painted frames{until}"
        return "nothing"

    @property
    def note(self) -> str:
        """A sentence for `plan` and the log."""
        if not (self.validation or self.held_out or self.regions):
            return "nothing is held out, so nothing will say how it does on frames that it never saw"
        return f"measured and not trained on: {self}"


def split(
    source: Sequence[int],
    truth: Sequence[int],
    validation: Sequence[int],
    hold_out: float | str,
    schedule: str,
) -> Split:
    """What a Trainer of frames trains on, and what it measures.

    Args:
        source: Frame numbers of the input.
        truth: Frame numbers of the groundtruth.
        validation: Frame numbers of the validation input. They are never trained on, though the groundtruth
            may have them too.
        hold_out: The knob: a share of the pairs, "regions" of each of them, or "auto": regions until the
            learning rate falls, which costs the result nothing.
        schedule: The knob: how the rate runs; under another one than the default, auto holds nothing out.
    """
    have = set(source)
    measured = tuple(sorted(have & set(validation)))
    pairs = sorted((have & set(truth)) - set(measured))
    if isinstance(hold_out, str):
        passing = hold_out == "auto" and not measured and schedule == SCHEDULES[0]
        regions = REGIONS if passing or hold_out == "regions" else 0
        return Split(tuple(pairs), validation=measured, regions=regions, passing=passing)
    chosen = set(held_out(pairs, hold_out))
    kept = tuple(number for number in pairs if number not in chosen)
    return Split(kept, tuple(sorted(chosen)), measured)


def held_out(numbers: Sequence[int], share: float) -> list[int]:
    """The frames to hold out: blocks of neighbours, spread evenly.

    Where painted frames lie far apart, a block is a single frame.

    Args:
        numbers: Frame numbers, sorted.
        share: Of them, from 0 to 1; at least one frame above 0, and one is always left to train on.

    Example:
        >>> held_out([1, 13, 25, 37, 49], 0.4)
        [13, 37]
        >>> held_out(list(range(1, 101)), 0.1)
        [46, 47, 48, 49, 50, 51, 52, 53, 54, 55]
    """
    if not share or len(numbers) < 2:
        return []
    count = min(max(1, round(share * len(numbers))), len(numbers) - 1)
    gaps = sorted(after - before for before, after in pairwise(numbers))
    length = max(1, BLOCK // gaps[len(gaps) // 2])
    blocks = max(1, round(count / length))
    chosen: list[int] = []
    for block in range(blocks):
        size = count * (block + 1) // blocks - count * block // blocks
        first = round((block + 0.5) * len(numbers) / blocks - size / 2)
        chosen += numbers[first : first + size]
    return chosen


def _counted(numbers: Sequence[int]) -> str:
    """Frame numbers in words.

    >>> _counted([7]), _counted([1, 2, 3, 9])
    ('frame 7', '4 frames, 1-3 and 9')
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    if len(numbers) == 1:
        return f"frame {shown[0]}"
    if len(shown) > 6:
        shown = [*shown[:5], f"{len(shown) - 5} more blocks"]
    listed = " and ".join((", ".join(shown[:-1]), shown[-1])) if len(shown) > 1 else shown[0]
    return f"{len(numbers)} frames, {listed}"
