"""A training of no use that makes and resumes its run as the real one does, for tests of faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.runtime.durable import replacing
from understudy.runtime.runs.folder import Contents, RunFolder, create_run, data_lock, find_runs
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

STEPS = 12
INTERVAL = 3


class Killed(BaseException):
    """The process ends here."""


def loss_at(step: int, life: int) -> float:
    """The loss of a step; it tells the life in which the step was made."""
    return step + 1000.0 * life


def weights_at(step: int) -> NDArray[np.float32]:
    """The weights after a step, from all before."""
    weights = np.zeros(24, np.float32)
    for one in range(1, step + 1):
        weights = step_from(weights, one)
    return weights


def step_from(weights: NDArray[Any], step: int) -> NDArray[np.float32]:
    """The weights after one more step."""
    return (weights * np.float32(0.9) + np.float32(step)).astype(np.float32)


def train(
    directory: Path, life: int = 0, until: int = 0, saved: Callable[[int], None] = lambda _: None
) -> RunFolder:
    """Goes on with the run, or makes it; `saved` is told each safe step; killed after the rows of `until`."""
    with data_lock(directory):
        runs = find_runs(directory)
        made = Manifest(name="", number=0, node="learn", job="j", lineage="l", steps=STEPS)
        folder = runs[0].folder if runs else create_run(directory, made, b"understudy = 1\n", "run")
        lock = folder.lock()
        lock.acquire()
    try:
        saved(0)
        folder.clean()
        _steps(folder, life, until, saved)
        done = read_manifest(folder.manifest)
        done.state, done.step = "finished", STEPS
        write_manifest(folder.manifest, done)
    finally:
        lock.release()
    return folder


def _steps(folder: RunFolder, life: int, until: int, saved: Callable[[int], None]) -> None:
    step, state, _ = folder.newest_state()
    weights = np.zeros(24, np.float32) if state is None else state.tensors["weights"]
    folder.prune_osts(upto=step)
    with SummaryWriter(folder.summary, step) as summary:
        while step < STEPS:
            step += 1
            weights = step_from(weights, step)
            summary.row(step, loss_at(step, life), 0.1, 0.0)
            if step == until:
                summary.sync()
                raise Killed
            if step % INTERVAL == 0:
                with replacing(folder.preview(step)) as partial:
                    partial.write_bytes(f"picture of step {step}".encode())
                contents = Contents({"step": step}, {"weights": weights})
                folder.save(step, summary, contents, contents)
                saved(step)


def results(folder: RunFolder) -> dict[str, bytes]:
    """What a finished run consists of, without what times and hosts stand in."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.path.iterdir())
        if path.name not in ("manifest.json", ".lock")
    }
