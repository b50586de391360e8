"""A list of frames to leave out, with reasons: a text file that a person may edit. Nothing is deleted.

# What training leaves out. A line is a frame or a range, and why; "keep" before it protects it from rules.
1007  blurred: sharpness is 0.12, that of the others about 0.45
1020-1024  duplicate: they show what frame 1019 shows
keep 1033
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, NodeError
from understudy.graph.ranges import compact, parse
from understudy.nodes.media.images.some_frames import SomeFrames

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from understudy.graph.report import Report
    from understudy.nodes.media.images.sequence import Frames

HEADING = (
    "# What is left out. A line is a frame or a range of frames, and why. Take a line away to use its frame\n"
    '# again, or write "keep" before it so that no rule leaves it out anew.\n'
)


@dataclass(slots=True)
class Quarantine:
    """What such a list says.

    Attributes:
        reasons: Why each frame is left out, by its number.
        kept: Frames that no rule may leave out.
    """

    reasons: dict[int, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)


def read_quarantine(path: Path) -> Quarantine:
    """Reads a list.

    Raises:
        MediaError: There is no such file, or a line, which it names, begins with no frame and no range.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise MediaError(path, "there is no such list; understudy clinic --drop RULE writes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(path, f"the list can't be read: {error}") from error
    found = Quarantine()
    for place, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        kept, words = text.startswith("keep "), text.removeprefix("keep ").strip()
        numbers, _, reason = words.partition(" ")
        try:
            frames = parse(numbers)
        except ValueError as error:
            raise MediaError(
                path, f'line {place} begins with no frame: {error}; expected such as "1007  blurred"'
            ) from None
        if kept:
            found.kept.update(frames)
        else:
            found.reasons.update(dict.fromkeys(frames, reason.strip() or "no reason given"))
    return found


def add_to_quarantine(path: Path, reasons: Mapping[int, str]) -> list[int]:
    """Adds frames to a list; what a person wrote there stays. Gives the frames that are new in it.

    Args:
        path: The list; it is made where there is none.
        reasons: Why each frame is left out, by its number, in a line each.

    Raises:
        MediaError: The list that is there can't be understood.
        StorageError: It can't be written; the old one is untouched.
    """
    from understudy.runtime.durable import make_folder, replace_bytes

    known = read_quarantine(path) if path.exists() else Quarantine()
    new = sorted(set(reasons) - set(known.reasons) - known.kept)
    if new:
        text = path.read_text(encoding="utf-8") if path.exists() else HEADING
        text = text if text.endswith("\n") else text + "\n"
        text += "".join(f"{number}  {' '.join(reasons[number].split())}\n" for number in new)
        make_folder(path.parent)
        replace_bytes(path, [text.encode()])
    return new


def checked_note(quarantine: Quarantine, present: Collection[int], name: str, report: Report) -> str:
    """Says what is left out; frames that are not there are a fault.

    Args:
        quarantine: The list.
        present: The frames that there are without it.
        name: The list's name.
        report: Takes the fault.
    """
    unknown = sorted(set(quarantine.reasons) - set(present))
    if unknown:
        report.fault(
            f"{name} names {len(unknown)} frame{'s' if len(unknown) > 1 else ''} that do not exist",
            knob="exclude",
            found=compact(unknown),
            expected=f"among {compact(present)}" if present else "none, for there are no frames",
            suggestion="Take these lines out of the list, or name the list of this sequence.",
        )
    return left_out(quarantine, present, name)


def left_out(quarantine: Quarantine, present: Iterable[int], name: str) -> str:
    """A sentence that says what is left out and why.

    Args:
        quarantine: The list.
        present: The frames that there are.
        name: The list's name.
    """
    frames = sorted(set(quarantine.reasons) & set(present))
    if not frames:
        return f"{name} leaves out none of the frames"
    reasons: dict[str, list[int]] = {}
    for number in frames:
        reasons.setdefault(quarantine.reasons[number].partition(":")[0], []).append(number)
    told = "; ".join(f"{reason}: {compact(numbers)}" for reason, numbers in list(reasons.items())[:4])
    more = "; ..." if len(reasons) > 4 else ""
    return f"{name} leaves out {len(frames)} frame{'s' if len(frames) > 1 else ''} ({told}{more})"


def without(value: Any, quarantine: Quarantine, node: str) -> tuple[Any, list[int]]:
    """What a wire carries without the frames of a list, and which of them there are not.

    Args:
        value: A sequence of frames, posed meshes or a table.
        quarantine: The list.
        node: The DataSource's name.

    Raises:
        NodeError: The table has rows of several clips, so that a frame's number does not say which row.
    """
    out = set(quarantine.reasons)
    if hasattr(value, "numbers"):
        return KeptFrames(value, out), sorted(out - set(value.numbers))
    if getattr(value, "grouped", False):
        raise NodeError(
            node, "the rows are of several clips, so that a frame's number does not say which row is meant; "
            "read each clip by its own DataSource (knob groups)", knob="exclude",
        )  # fmt: skip
    numbers = value.frames.tolist()
    rows = [row for row, number in enumerate(numbers) if number not in out]
    if not rows:
        raise NodeError(node, "the list leaves out every row", knob="exclude")
    return value.select(rows), sorted(out - set(numbers))


class KeptFrames(SomeFrames):
    """A sequence without some of its frames.

    Args:
        frames: The sequence.
        left_out: The numbers of the frames that it no longer has.
    """

    def __init__(self, frames: Frames, left_out: Collection[int]) -> None:
        super().__init__(frames)
        self.numbers = tuple(number for number in frames.numbers if number not in left_out)
        self.files = getattr(frames, "files", {})
