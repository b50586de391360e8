"""Frame ranges as compositors and farms write them: `1001-1100x2, 1150`."""

from __future__ import annotations

import re

MOST_FRAMES = 1_000_000
"""A range of more frames is refused; the longest films have 300,000."""

_PART = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,9}))?)?")


def parse(text: str) -> tuple[int, ...]:
    """The frame numbers of a range, sorted, each once.

    Parts are separated by commas or spaces; each is a number, `first-last` or `first-lastxstep`.

    >>> parse("1-5x2, 9 3")
    (1, 3, 5, 9)

    Raises:
        ValueError: It is no such range; the message says what was found and expected.
    """
    from fileseq import FrameSet

    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if not parts:
        raise ValueError('the range is empty; expected a range such as "1001-1100x2,1150"')
    count = 0
    for part in parts:
        count += _length(part)
        if count > MOST_FRAMES:
            raise ValueError(f'"{text}" has more than {MOST_FRAMES:,} frames')
    return tuple(sorted(set(FrameSet(",".join(parts)))))


def _length(part: str) -> int:
    form = _PART.fullmatch(part)
    if form is None:
        hint = ' (":" has another meaning elsewhere; a step is written "1-10x2")' if ":" in part else ""
        raise ValueError(f'"{part}" is no frame range{hint}; expected a range such as "1001-1100x2,1150"')
    first, last, step = int(form[1]), int(form[2] or form[1]), int(form[3] or 1)
    if step == 0:
        raise ValueError(f'"{part}" has a step of 0; expected at least 1')
    return abs(last - first) // step + 1
