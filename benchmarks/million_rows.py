"""How long a `.summary` of a million rows takes to write and to open, beside JSON lines of the same rows.

    python benchmarks/million_rows.py

CPU seconds of one process; the aim is to open it in under 3.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 1_000_000


def rows() -> list[tuple[int, float, float, float]]:
    """Step, loss, rate and seconds of each step."""
    return [(step, 0.1 + 1 / step, 2e-3, 0.025 * step) for step in range(1, ROWS + 1)]


def seconds(do: Callable[[], object]) -> float:
    """The CPU seconds that something takes."""
    began = time.process_time()
    do()
    return time.process_time() - began


def write_summary(path: Path) -> None:
    """Appends row by row, each readable at once, and syncs at the end."""
    with SummaryWriter(path) as summary:
        for row in rows():
            summary.row(*row)
        summary.sync()


def write_lines(path: Path) -> None:
    """Appends row by row, each readable at once."""
    with path.open("w", encoding="utf-8") as file:
        for step, loss, rate, spent in rows():
            file.write(json.dumps({"step": step, "loss": loss, "rate": rate, "time": spent}) + "\n")
            file.flush()


def read_lines(path: Path) -> object:
    """Reads columns."""
    with path.open(encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return [np.array([row[name] for row in found]) for name in ("step", "loss", "rate", "time")]


def main() -> None:
    """Prints the table."""
    with tempfile.TemporaryDirectory() as folder:
        ours, lines = Path(folder) / "a.summary", Path(folder) / "a.jsonl"
        written = seconds(lambda: write_summary(ours)), seconds(lambda: write_lines(lines))
        opened = seconds(lambda: read_summary(ours)), seconds(lambda: read_lines(lines))
        print(f"{ROWS:,} rows      .summary   JSON lines   ratio")
        for name, (one, other) in {"write": written, "open": opened}.items():
            print(f"{name:10} {one:10.2f} s {other:10.2f} s {one / other:7.2f}")


if __name__ == "__main__":
    main()
