"""A process that makes a run grow as a training does, without learning anything; tests kill and watch it.

python growing_run.py DATA_DIRECTORY STEPS PAUSE
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from understudy.runtime.runs.folder import create_run
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter


def main(directory: Path, steps: int, pause: float) -> None:
    """Makes a run, and adds a row after each pause; it ends as one that is done."""
    made = Manifest(name="", number=0, node="learn", job="j", lineage="l", steps=steps)
    folder = create_run(directory, made, b"understudy = 1\n", "grows")
    with folder.lock(), SummaryWriter(folder.summary) as summary:
        for step in range(1, steps + 1):
            summary.row(step, 1 / step, 0.002, step * pause)
            time.sleep(pause)
        manifest = read_manifest(folder.manifest)
        write_manifest(folder.manifest, replace(manifest, state="finished", step=steps, verdict="converged"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
