"""Frame ranges as compositors and farms write them, `1001-1100x2, 1150`, and paths with padding."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_FRAMES = 1_000_000
"""A range of more frames is refused; the longest films have 300,000."""

_PART = re.compile(r"(-?\d{1,9})(?:-(-?\d{1,9})(?:x(\d{1,9}))?)?")
_PADDING = re.compile(r"#+|@+|%0?\d*d|\$F\d*")
_STILL = re.compile(r"[._](-?\d{1,9})\.[^.]*$")


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


def compact(numbers: Iterable[int]) -> str:
    """Numbers as a range, as short as it gets.

    >>> compact([1, 2, 3, 4, 5, 7])
    '1-5,7'
    """
    from fileseq import FrameSet

    return str(FrameSet.framesToFrameRange(numbers, sort=True, compress=True))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path whose name has a place for the frame number, or that of a single file.

    Attributes:
        folder: Where the files lie.
        before: What comes before the number; the whole name where there is none.
        after: What comes after the number.
        digits: The number's digits at least, filled with zeros; 0 where the name has no number.
    """

    folder: Path
    before: str
    after: str
    digits: int

    def path(self, number: int) -> Path:
        """The file of a frame.

        >>> Pattern(Path("a"), "b.", ".exr", 4).path(7).name
        'b.0007.exr'
        """
        text = f"{number:0{self.digits}d}" if self.digits else ""
        return self.folder / f"{self.before}{text}{self.after}"

    def number(self, name: str) -> int | None:
        """The frame that a file of this name in the folder is, None where it is none."""
        first, last = len(self.before), len(name) - len(self.after)
        if last <= first or not (name.startswith(self.before) and name.endswith(self.after)):
            return None
        text = name[first:last]
        if not text.lstrip("-").isdecimal() or not text.isascii():
            return None
        number = int(text)
        return number if f"{number:0{self.digits}d}" == text else None


def pattern(path: Path | str) -> Pattern:
    """Understands `####`, `%04d` and `$F4` in a path's name; each `#` is one digit at least, as in Nuke.

    Raises:
        ValueError: A folder has padding, or the name a range; the message says what to write instead.
    """
    from fileseq import FileSequence
    from fileseq.constants import PAD_STYLE_HASH1
    from fileseq.exceptions import ParseException

    path = Path(path)
    if _PADDING.search(str(path.parent)):
        raise ValueError(f'padding stands in the folder "{path.parent}"; only the file name takes it')
    if not _PADDING.search(path.name):
        return Pattern(path.parent, path.name, "", 0)
    try:
        found = FileSequence(path.name, pad_style=PAD_STYLE_HASH1)
    except ParseException:
        found = None
    if found is None or found.basename() + found.padding() + found.extension() != path.name:
        raise ValueError(f'"{path.name}" has a range or two paddings; expected one, as in "plate.####.exr"')
    return Pattern(path.parent, found.basename(), found.extension(), max(1, found.zfill()))


def find_frames(path: Path | str) -> dict[int, Path]:
    """The files of a sequence by frame number, sorted; empty where there are none.

    A single file without padding is one frame: the number that stands alone at the end of its name, as in
    `plate.1001.exr`, else 1.

    Raises:
        ValueError: The path is no pattern that `pattern` understands.
        OSError: The folder can't be listed, other than because there is none.
    """
    sought = pattern(path)
    if not sought.digits:
        return {still_number(path): Path(path)} if Path(path).is_file() else {}
    try:
        with os.scandir(sought.folder) as entries:
            names = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    found = {number: name for name in names if (number := sought.number(name)) is not None}
    return {number: sought.folder / found[number] for number in sorted(found)}


def still_number(path: Path | str) -> int:
    """The frame number of a single file.

    >>> still_number("plate.1001.exr"), still_number("photo.png")
    (1001, 1)
    """
    found = _STILL.search(Path(path).name)
    return int(found[1]) if found else 1


def frame_path(path: Path | str, number: int) -> Path:
    """The file of a frame of a sequence; a path without padding is that of every frame.

    Raises:
        ValueError: The path is no pattern that `pattern` understands.
    """
    return pattern(path).path(number)
