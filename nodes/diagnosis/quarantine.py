"""A list of frames to leave out, with reasons: a text file that a person may edit. Nothing is deleted.

# What training leaves out. A line is a frame or a range, and why; "keep" before it protects it from rules.
1007  blurred: sharpness is 0.12, that of the others about 0.45
1020-1024  duplicate: they show what frame 1019 shows
keep 1033
walk_1:12  outlier: by hand, of a clip
"range of motion":3-5  of a clip whose name has spaces
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import MediaError, NodeError
from understudy.graph.ranges import compact, parse
from understudy.nodes.diagnosis.naming import entry, listed_rows, row_names
from understudy.nodes.media.images.some_frames import SomeFrames

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from understudy.graph.report import Report
    from understudy.nodes.diagnosis.naming import Row
    from understudy.nodes.media.images.sequence import Frames

HEADING = (
    "# What is left out. A line is a frame or a range of frames, and why. Take a line away to use its frame\n"
    '# again, or write "keep" before it so that no rule leaves it out anew.\n'
)

_LINE = re.compile(r'(?:"(?P<quoted>.+?)":|(?P<plain>\S+):)?(?P<numbers>\S*)\s*(?P<reason>.*)')


@dataclass(slots=True)
class Quarantine:
    """What such a list says.

    Attributes:
        reasons: Why each frame is left out, by its number.
        kept: Frames that no rule may leave out.
        of_clips: What the list says of each clip, by the clip's name: of rows and poses of several clips.
    """

    reasons: dict[int, str] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)
    of_clips: dict[str, Quarantine] = field(default_factory=dict)

    def rows(self) -> dict[Row, str]:
        """All that is left out, as clip and frame, and why; the clip is empty where the list names none."""
        alone = {("", frame): reason for frame, reason in self.reasons.items()}
        clips = self.of_clips.items()
        return alone | {(clip, frame): why for clip, part in clips for frame, why in part.reasons.items()}

    def decided(self) -> set[Row]:
        """All that the list speaks of, left out or kept."""
        named = {(clip, frame) for clip, part in self.of_clips.items() for frame in part.kept}
        return set(self.rows()) | named | {("", frame) for frame in self.kept}


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
        entry = _LINE.fullmatch(words)
        assert entry is not None, "every part may be empty"
        try:
            frames = parse(entry["numbers"])
        except ValueError:
            raise MediaError(
                path, f'line {place} begins with no frame; expected such as "1007  blurred"'
            ) from None
        clip = entry["quoted"] or entry["plain"]
        part = found.of_clips.setdefault(clip, Quarantine()) if clip else found
        if kept:
            part.kept.update(frames)
        else:
            part.reasons.update(dict.fromkeys(frames, entry["reason"].strip() or "no reason given"))
    return found


def add_to_quarantine(path: Path, reasons: Mapping[Row, str]) -> list[Row]:
    """Adds frames to a list; what a person wrote there stays. Gives those that are new in it.

    Args:
        path: The list; it is made where there is none.
        reasons: Why each frame is left out, in a line each, by clip and frame; the clip is empty where
            frames are of one.

    Raises:
        MediaError: The list that is there can't be understood.
        StorageError: It can't be written; the old one is untouched.
    """
    from understudy.runtime.durable import make_folder, replace_bytes

    known = read_quarantine(path) if path.exists() else Quarantine()
    new = sorted(set(reasons) - known.decided())
    if new:
        text = path.read_text(encoding="utf-8") if path.exists() else HEADING
        text = text if text.endswith("\n") else text + "\n"
        text += "".join(f"{entry(row)}  {' '.join(reasons[row].split())}\n" for row in new)
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
    unknown = quarantine.rows().keys() - {("", number) for number in present}
    if unknown:
        report.fault(
            f"{name} names {'frames that do' if len(unknown) > 1 else 'a frame that does'} not exist",
            knob="exclude",
            found=listed_rows(unknown),
            expected=f"among {compact(present)}" if present else "none, for there are no frames",
            suggestion="Take these lines out of the list, or name the list of this sequence.",
        )
    there = set(present)
    return left_out({row: why for row, why in quarantine.rows().items() if row[1] in there}, name, "frame")


def left_out(reasons: Mapping[Row, str], name: str, what: str) -> str:
    """A sentence that says what is left out and why.

    Args:
        reasons: Why, by what is left out.
        name: The list's name.
        what: "frame" or "row".
    """
    if not reasons:
        return f"{name} leaves out none of the {what}s"
    rows: dict[str, list[Row]] = {}
    for row in sorted(reasons):
        rows.setdefault(reasons[row].partition(":")[0], []).append(row)
    told = "; ".join(f"{reason}: {listed_rows(some)}" for reason, some in list(rows.items())[:4])
    more = "; ..." if len(rows) > 4 else ""
    return f"{name} leaves out {len(reasons)} {what}{'s' if len(reasons) > 1 else ''} ({told}{more})"


def without(value: Any, quarantine: Quarantine, node: str) -> tuple[Any, set[Row]]:
    """What a wire carries without the frames of a list, and what of the list it has not.

    Motion stays whole, for a window needs its neighbours: its labels say which frames are learned from.

    Args:
        value: A sequence of frames, posed meshes, a table or motion.
        quarantine: The list.
        node: The DataSource's name.

    Raises:
        NodeError: Rows or poses are of several clips, and the list does not say of which a frame is; or it
            leaves out every row.
    """
    if hasattr(value, "numbers"):
        kept = KeptFrames(value, set(quarantine.reasons))
        return kept, quarantine.rows().keys() - {("", number) for number in value.numbers}
    out = set(quarantine.rows())
    if not hasattr(value, "frames"):
        return value, out
    names = row_names(value)
    if len({clip for clip, _ in names}) == 1:
        names = [row if row in out else ("", row[1]) for row in names]
    elif quarantine.reasons:
        raise NodeError(
            node, f"what is there is of several clips, so that {min(quarantine.reasons)} in the list does "
            f"not say which is meant; write such as {entry(names[0])}", knob="exclude",
        )  # fmt: skip
    rows = [place for place, row in enumerate(names) if row not in out]
    if not rows:
        raise NodeError(node, "the list leaves out every row", knob="exclude")
    return value.select(rows), out - set(names)


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
