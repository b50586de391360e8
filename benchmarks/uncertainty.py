"""Whether the uncertainty finds the errors: what share of the squared error the most uncertain pixels hold.

    python benchmarks/uncertainty.py                      three clips and deblur, some 10 minutes
    python benchmarks/uncertainty.py roto/libby           rows whose names begin so
    python benchmarks/uncertainty.py --ensemble 3         beside an ensemble: three times as long

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Each row is trained on five frames with default knobs
and measured on frames never painted, every fourth of them. The share is over all pixels of all these frames,
ranked together. Peers: p (1 - p) of the matte itself, what costs nothing; the local change for a colour
effect; the spread of an ensemble, trained on other seeds; and the errors themselves, which no ranking beats.
The last column is what fitting the uncertainty took, as a share of the training's CPU time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import quality
from PIL import Image
from scipy import ndimage

from understudy import Graph, run
from understudy.nodes.learning.images import subject as image_subject
from understudy.nodes.learning.images.uncertainty import fit_uncertainty
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TOP = 0.10
EVERY = 4


class Clock:
    """Counts the CPU seconds that fits take, by standing in for the function."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """The fit itself."""
        began = time.thread_time()
        try:
            return fit_uncertainty(*arguments, **named)
        finally:
            self.seconds += time.thread_time() - began


@dataclass(frozen=True)
class Task:
    """A clip to learn.

    Attributes:
        source: The pattern of the frames.
        truth: The pattern of the groundtruth.
        numbers: All frame numbers.
        matte: Whether the groundtruth is a matte.
        read: Reads the groundtruth of a frame, `(H, W, C)`.
    """

    source: str
    truth: str
    numbers: list[int]
    matte: bool
    read: Callable[[int], NDArray[np.float32]]


def roto(clip: str) -> Task:
    """Mattes of a clip."""
    base = quality.SHARED / "video_masks_davis" / clip

    def read(number: int) -> NDArray[np.float32]:
        mask = Image.open(base / "masks" / f"{number:05d}.png").convert("L")
        return (np.asarray(mask, np.float32) / 255)[..., None]

    numbers = list(range(len(list((base / "frames").iterdir()))))
    return Task(f"{base}/frames/#####.jpg", f"{base}/masks/#####.png", numbers, matte=True, read=read)


def deblur(folder: Path) -> Task:
    """A Gaussian blur of 1.2 pixels, to be undone."""
    frames = sorted((quality.SHARED / "video_masks_davis" / "libby" / "frames").iterdir())
    for side in ("before", "after"):
        (folder / side).mkdir(exist_ok=True)
    for number, path in enumerate(frames):
        plain = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
        quality.write_tiff(folder / "after" / f"{number:04d}.tif", plain)
        blurred = ndimage.gaussian_filter(plain, (1.2, 1.2, 0))
        quality.write_tiff(folder / "before" / f"{number:04d}.tif", blurred)

    def read(number: int) -> NDArray[np.float32]:
        return quality.read_tiff(folder / "after" / f"{number:04d}.tif")

    numbers = list(range(len(frames)))
    return Task("before/####.tif", "after/####.tif", numbers, matte=False, read=read)


def learned(folder: Path, task: Task, seed: int) -> tuple[dict[str, Any], float]:
    """The wires of an Inference, and the CPU seconds of the training."""
    graph = Graph(folder / f"graph{seed}.toml")
    painted = [task.numbers[place] for place in quality.five(len(task.numbers))]
    graph.add("DataSource", "plate", path=task.source)
    graph.add("DataSource", "painted", path=task.truth, frames=",".join(map(str, painted)))
    wires = {"input": "plate", "groundtruth": "painted"}
    graph.add("Trainer", "learn", inputs=wires, seed=seed, data_directory=f"training{seed}")
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "result", inputs={"input": "plate", "model": "best"})
    began = time.process_time()
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    return outcome.values["result"], time.process_time() - began


def shares(task: Task, members: list[dict[str, Any]]) -> dict[str, float]:
    """For each ranking the share of the squared error that the most uncertain pixels hold."""
    painted = set(quality.five(len(task.numbers)))
    ranked: dict[str, list[NDArray[Any]]] = {}
    errors = []
    for number in [one for one in task.numbers if one not in painted][::EVERY]:
        results = np.stack([wires["result"].read(number).pixels for wires in members])
        missed = ((results[0] - task.read(number)) ** 2).mean(axis=-1)
        errors.append(missed.ravel())
        ranked.setdefault("ours", []).append(members[0]["uncertainty"].read(number).pixels.ravel())
        for name, values in peers(task, members[0]["uncertainty"].source.read(number).pixels, results):
            ranked.setdefault(name, []).append(values.ravel())
        ranked.setdefault("perfect", []).append(missed.ravel())
    return {name: held(np.concatenate(parts), np.concatenate(errors)) for name, parts in ranked.items()}


def peers(
    task: Task, source: NDArray[np.float32], results: NDArray[np.float32]
) -> list[tuple[str, NDArray[Any]]]:
    """What else could rank the pixels of a frame."""
    if task.matte:
        found = [("p(1-p)", -np.abs(results[0] - 0.5))]
        mean = results.mean(axis=0)
        return [*found, ("ensemble", mean * (1 - mean))] if len(results) > 1 else found
    changed = ((results[0] - source) ** 2).mean(axis=-1)
    found = [("change", ndimage.gaussian_filter(changed, 4))]
    spread = ndimage.gaussian_filter(results.var(axis=0).mean(axis=-1), 2)
    return [*found, ("ensemble", spread)] if len(results) > 1 else found


def held(uncertain: NDArray[Any], errors: NDArray[Any]) -> float:
    """The share of all errors in the most uncertain pixels."""
    count = round(TOP * len(errors))
    return float(errors[np.argpartition(-uncertain, count)[:count]].sum() / errors.sum())


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--ensemble", type=int, default=1)
    given = parser.parse_args()
    rows = [*(f"roto/{clip}" for clip in quality.CLIPS), "deblur"]
    for row in (one for one in rows if not given.rows or any(one.startswith(name) for name in given.rows)):
        clock = Clock()
        image_subject.fit_uncertainty = clock
        with tempfile.TemporaryDirectory() as folder:
            task = roto(row.removeprefix("roto/")) if row != "deblur" else deblur(Path(folder))
            trained = [learned(Path(folder), task, seed) for seed in range(given.ensemble)]
            spent = clock.seconds / sum(seconds for _, seconds in trained)
            found = shares(task, [wires for wires, _ in trained])
        figures = "  ".join(f"{name} {share:.3f}" for name, share in found.items())
        print(f"{row:16} {figures}  fitting {100 * spent:.1f} %", flush=True)


if __name__ == "__main__":
    main()
