"""What a fifth of spoilt pairs costs a training, and what the clinic's quarantine gives back.

    python benchmarks/clinic.py spoilt

Ten painted frames of a clip, two of them spoilt; each training is measured on the frames that it never saw.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from quality import psnr, write_tiff
from real_pictures import DAVIS, look, moved, pixels_of
from scipy import ndimage

from understudy import Graph, run
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.float32]

COUNT = 50
PAINTED = tuple(range(0, COUNT, 5))
SPOILT = (15, 35)
BATCH = 2
RULE = "misaligned or blurred or scale or swapped or gamma or empty_matte or inverted_matte"


def compare(steps: int) -> None:
    """Prints a line for each job and each set."""
    print(f"spoilt sets: {len(PAINTED)} painted frames of blackswan, {steps} steps each; frames never seen")
    for job, metric in (("matte", "IoU"), ("film look", "dB")):
        for kind in ("clean", "spoilt", "quarantined"):
            with tempfile.TemporaryDirectory() as text:
                folder = Path(text)
                write_job(folder, job, spoil=kind != "clean")
                told = quarantine(folder) if kind == "quarantined" else ""
                quality, seconds = trained(folder, job, steps, exclude=bool(told))
            print(f"  {job:10} {kind:12} {metric} {quality:.4f}  ({seconds:.0f} CPU s) {told}", flush=True)


def write_job(folder: Path, job: str, *, spoil: bool) -> None:
    """Plates, and truths of the painted frames; two of those are spoilt: one moved, one blurred or moved."""
    graded = look()
    for side in ("plate", "truth"):
        (folder / side).mkdir()
    for number in PAINTED:
        truth = truth_of(job, number, graded)
        if spoil and number == SPOILT[0]:
            truth = moved(truth, 24, -16)
        if spoil and number == SPOILT[1]:
            truth = moved(truth, -20, 20) if job == "matte" else ndimage.gaussian_filter(truth, (4, 4, 0))
        write_tiff(folder / "truth" / f"t.{number:04d}.tif", truth)
    for number in range(COUNT):
        (folder / "plate" / f"p.{number:04d}.jpg").symlink_to(DAVIS / f"blackswan/frames/{number:05d}.jpg")


def truth_of(job: str, number: int, graded: Any) -> Pixels:
    """A frame's matte, or its film look."""
    if job == "matte":
        return pixels_of(DAVIS / f"blackswan/masks/{number:05d}.png")
    found: Pixels = graded(pixels_of(DAVIS / f"blackswan/frames/{number:05d}.jpg"))
    return found


def quarantine(folder: Path) -> str:
    """Runs the clinic over the pairs, with a rule; gives the frames that it lists."""
    graph = Graph(folder / "clinic.toml")
    graph.add("DataSource", "plate", path="plate/p.####.jpg")
    graph.add("DataSource", "truth", path="truth/t.####.tif")
    graph.add("Clinic", "clinic", inputs={"input": "plate", "groundtruth": "truth"}, drop=RULE)
    outcome = run(graph)
    assert not outcome.failed, outcome.failed
    lines = (folder / "quarantine.txt").read_text().splitlines()
    return "left out: " + ", ".join(" ".join(line.split()[:2]) for line in lines if not line.startswith("#"))


def trained(folder: Path, job: str, steps: int, *, exclude: bool) -> tuple[float, float]:
    """The quality on frames that were not painted, and the CPU seconds of training."""
    graph = Graph(folder / "graph.toml")
    listed = {"exclude": "quarantine.txt"} if exclude else {}
    graph.add("DataSource", "plate", path="plate/p.####.jpg")
    graph.add("DataSource", "truth", path="truth/t.####.tif", **listed)
    pairs = len(list((folder / "truth").iterdir())) - (len(SPOILT) if exclude else 0)
    inputs = {"input": "plate", "groundtruth": "truth"}
    graph.add("Trainer", "learn", inputs=inputs, batch_size=BATCH, epochs=steps * BATCH // pairs)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "result", inputs={"input": "plate", "model": "best"})
    began = time.process_time()
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    seconds = time.process_time() - began
    result, graded = outcome.values["result"]["result"], look()
    found = []
    for number in range(2, COUNT, 5):
        made, truth = result.read(number).pixels, truth_of(job, number, graded)
        if job == "matte":
            inside, wanted = made[..., 0] > 0.5, truth[..., 0] > 0.5
            found.append(float((inside & wanted).sum() / max(1, (inside | wanted).sum())))
        else:
            found.append(psnr(made, truth))
    return float(np.mean(found)), seconds
