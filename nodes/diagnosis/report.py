"""What a clinic writes: a table of all frames, an ordering, and a summary that says what to do."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from understudy.graph.ranges import compact
from understudy.runtime.durable import replace_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from understudy.nodes.diagnosis.finding import Finding

ADVICE = {
    "unreadable": "render them anew, or leave them out",
    "NaN": "render them anew, or leave them out",
    "cut short": "copy or render them anew, or leave them out",
    "flat": "leave them out",
    "blurred": "leave them out, unless the blur is what is to be learned",
    "noisy": "look at them",
    "overexposed": "look at them",
    "exposure jump": "look at them",
    "duplicate": "they teach nothing new; leave them out",
    "misaligned": "mend them, or leave them out",
    "scale": "mend them, or leave them out",
    "gamma": "mend the colour space, or leave them out",
    "swapped": "exchange them, or leave them out",
    "empty matte": "leave them out, unless nothing is to be seen there",
    "inverted matte": "invert them, or leave them out",
    "unpaired": "they are not learned from",
    "missing": "see the knob missing of the DataSource",
    "contradiction": "one of each is wrong",
    "outlier": "look at them",
    "constant": "they tell nothing",
}
"""What to do about each kind of finding."""

MOST_SHOWN = 60


def write_table(folder: Path, rows: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Writes `table.csv` and `table.jsonl`: a line for each frame or row, and its findings as sentences.

    Args:
        folder: Where they are written.
        rows: The columns by name; `findings` holds a list of findings.
    """
    names = [name for name in rows[0] if name != "findings"] if rows else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "kinds", "findings"])
    lines = []
    for row in rows:
        found: list[Finding] = row["findings"]
        kinds = " ".join(sorted({one.kind.replace(" ", "_") for one in found}))
        sentences = "; ".join(f"{one.kind}: {one.sentence}" for one in found)
        writer.writerow([*(row[name] for name in names), kinds, sentences])
        told = [{"kind": one.kind, "sentence": one.sentence, "evidence": dict(one.evidence)} for one in found]
        lines.append(json.dumps({**{name: row[name] for name in names}, "findings": told}))
    paths = [folder / "table.csv", folder / "table.jsonl"]
    replace_bytes(paths[0], [text.getvalue().encode()])
    replace_bytes(paths[1], ["".join(line + "\n" for line in lines).encode()])
    return paths


def write_order(folder: Path, order: Mapping[int, float], groups: Mapping[int, int]) -> Path:
    """Writes `order.csv`: the frames in order, what each is there for, and its group of alike frames."""
    text = "frame,value,group\n"
    text += "".join(f"{number},{value:g},{groups.get(number, '')}\n" for number, value in order.items())
    path = folder / "order.csv"
    replace_bytes(path, [text.encode()])
    return path


def summary(
    count: int,
    what: str,
    findings: Mapping[int, Sequence[Finding]],
    kinds: Sequence[str],
    shown: Callable[[Sequence[int]], str] = compact,
) -> list[str]:
    """A few lines for a person: what was found, where, and what to do.

    Args:
        count: How many frames or rows were looked at.
        what: What they are called, such as "frames".
        findings: The findings of each that has some.
        kinds: The kinds of findings, the worst first.
        shown: Writes some of them down; frames as ranges.
    """
    if not findings:
        return [f"{count:,} {what}; nothing is wrong with them."]
    lines = [f"{count:,} {what}; something is wrong with {len(findings):,} of them:"]
    for kind in kinds:
        numbers = sorted(n for n, found in findings.items() if any(one.kind == kind for one in found))
        if not numbers:
            continue
        lines.append(f"  {len(numbers):,} {kind} ({shortened(shown(numbers))}): {ADVICE[kind]}")
        if len(numbers) == 1:
            one = next(one for one in findings[numbers[0]] if one.kind == kind)
            lines.append(f"      {one.sentence}")
    return lines


def shortened(text: str) -> str:
    """A list whose parts are separated by commas, as far as it fits in a line."""
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN].rpartition(",")[0] + ", ..."


def reasons_of(findings: Sequence[Finding], rule: str, values: Mapping[str, float]) -> str:
    """Why a rule leaves a frame out, in a line: its findings, else the values that the rule names."""
    words = rule.replace("(", " ").replace(")", " ").split()
    named = [one for one in findings if one.kind.replace(" ", "_") in words]
    if named:
        return "; ".join(f"{one.kind}: {one.sentence}" for one in named)
    told = ", ".join(f"{name} {values[name]:.4g}" for name in dict.fromkeys(words) if name in values)
    return f"{rule}: {told}" if told else rule
