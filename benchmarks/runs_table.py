"""How long a table of 200 runs takes, against reading and checking every record of each.

    python benchmarks/runs_table.py [--runs 200] [--steps 4000]

The runs have a row for each step and a held-out measurement every hundred; a fifth went on after a crash. The
files are read once before, so that the disk has no part in it. CPU seconds, and the same table by
`read_summary`, in one process.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.runtime.runs.folder import create_run
from understudy.runtime.runs.manifest import Manifest
from understudy.runtime.runs.packing import pack
from understudy.runtime.runs.summary import read_summary
from understudy.runtime.runs.table import rows, run_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def records(steps: int, *, crashed: bool) -> Iterator[dict[str, Any]]:
    """What a training writes."""
    yield {"summary": 1}
    for step in range(1, steps + 1):
        seconds = 0.05 * (step - steps // 2 if crashed and step > steps // 2 else step)
        yield {"step": step, "loss": 1 / step, "rate": 0.002, "time": seconds}
        if step % 100 == 0:
            yield {"step": step, "validation": 2 / step, "figures": {"IoU": 0.9}}


def write_summary(path: Path, steps: int, *, crashed: bool) -> None:
    """A `.summary` as its writer lays it out, without waiting for the disk."""
    check, chunks = 0, []
    for record in records(steps, crashed=crashed):
        body = b"\x92" + pack(record)
        check = zlib.crc32(body, check)
        chunks.append(body + b"\xce" + check.to_bytes(4, "big"))
    path.write_bytes(b"".join(chunks))


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds, the least of three times."""
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def main() -> None:
    """Makes the runs, measures, and removes them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=4000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        for number in range(asked.runs):
            made = Manifest(name="", number=0, node="learn", job="j", lineage="l", state="finished")
            directory = folder / f"shot_{number // 20:02d}" / "training"
            run = create_run(directory, made, b"understudy = 1\n", f"run_{number:03d}")
            write_summary(run.summary, asked.steps, crashed=number % 5 == 0)
        files = [next(path.glob("*.summary")) for path in run_folders(folder)]
        whole = cpu(lambda: [read_summary(path) for path in files])
        table = cpu(lambda: rows([folder]))
        call = [sys.executable, "-c", "from understudy.cli.main import main; main()", "runs", str(folder)]
        began = time.perf_counter()
        subprocess.run(call, check=True, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - began
    finally:
        shutil.rmtree(folder)
    print(f"{asked.runs} runs of {asked.steps:,} steps            CPU s   ratio")
    print(f"every record read and checked   {whole:6.2f}    1.00")
    print(f"the table                       {table:6.2f}    {table / whole:.2f}")
    print(f"understudy runs, as called      {wall:6.2f} s on the clock, with the start of Python")


if __name__ == "__main__":
    main()
