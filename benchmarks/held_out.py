"""Which held-out error of a few painted frames tells most about the frames that nobody painted.

    python benchmarks/held_out.py                       three clips, five painted frames, some 9 minutes
    python benchmarks/held_out.py libby --painted 3     one clip, three frames
    python benchmarks/held_out.py --cost                what measuring costs of a training, some 2 minutes

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Each clip is learned from evenly spaced frames with
default knobs. Columns: the IoU of regions that are held out until the learning rate falls; what it is on all
unpainted frames at that step; what it is on these at the end; then leave-one-out by a short training for each
painted frame: the mean IoU of the frames left out. CPU seconds of each stand beside it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image
from quality import CLIPS, SHARED

from understudy import Graph, run
from understudy.nodes.learning import judging
from understudy.nodes.learning.images import metrics
from understudy.nodes.learning.images.subject import ImageSubject
from understudy.runtime.context import Settings
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Iterable

CPU = Settings(device="cpu", threads=1)
SHORT = 300
"""Steps of a leave-one-out training."""


def evenly(count: int, painted: int) -> list[int]:
    """First, last, and the others evenly between."""
    return [round(index * (count - 1) / (painted - 1)) for index in range(painted)]


def learning(folder: Path, clip: str, painted: Iterable[int], **knobs: Any) -> Graph:
    """A graph that learns the mattes of some frames, with default knobs but for those that are given."""
    base = SHARED / "video_masks_davis" / clip
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path=f"{base}/frames/#####.jpg")
    graph.add("DataSource", "painted", path=f"{base}/masks/#####.png", frames=",".join(map(str, painted)))
    inputs = {"input": "plate", "groundtruth": "painted"}
    graph.add("Trainer", "learn", inputs=inputs, **({"run_name": "run"} | knobs))
    return graph


def iou(clip: str, graph: Graph, pick: str, frames: Iterable[int]) -> float:
    """The mean IoU of a checkpoint on frames."""
    graph.add("Checkpoint", f"at_{pick}", inputs={"run": "learn"}, pick=pick)
    graph.add("Inference", f"result_{pick}", inputs={"input": "plate", "model": f"at_{pick}"})
    outcome = run(graph, to=[f"result_{pick}"], settings=CPU)
    assert not outcome.failed, outcome.failed
    result = outcome.values[f"result_{pick}"]["result"]
    masks = SHARED / "video_masks_davis" / clip / "masks"
    found = []
    for number in frames:
        truth = np.asarray(Image.open(masks / f"{number:05d}.png").convert("L")) / 255.0
        found.append(metrics.iou([metrics.overlap(result.read(number).pixels[..., 0], truth)]))
    return float(np.mean(found))


def regions(clip: str, painted: list[int], unpainted: list[int]) -> str:
    """The row's part for regions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        graph = learning(folder, clip, painted)
        began = time.process_time()
        outcome = run(graph, to=["learn"], settings=CPU)
        assert not outcome.failed, outcome.failed
        seconds = time.process_time() - began
        made = RunFolder(folder / "training" / "run")
        summary = read_summary(made.summary)
        release = int(summary.validation_steps[-1])
        then = iou(clip, graph, str(release), unpainted)
        end = iou(clip, graph, str(read_manifest(made.manifest).steps), unpainted)
    held = summary.figures["IoU"][-1]
    words = f"regions {held:.3f} at step {release:,}, unpainted {then:.3f}, at the end {end:.3f}"
    return f"{words} ({seconds:.0f} s)"


def one_out(clip: str, painted: list[int]) -> str:
    """The row's part for leave-one-out."""
    found, seconds = [], 0.0
    for left_out in painted:
        with tempfile.TemporaryDirectory() as name:
            rest = [number for number in painted if number != left_out]
            graph = learning(Path(name), clip, rest, epochs=SHORT // len(rest), hold_out=0.0)
            began = time.process_time()
            found.append(iou(clip, graph, "last", [left_out]))
            seconds += time.process_time() - began
    return f"leave-one-out {np.mean(found):.3f}, {min(found):.3f} to {max(found):.3f} ({seconds:.0f} s more)"


def cost() -> None:
    """Prints the share of a default training that measuring and the verdict take, by CPU seconds."""
    spent = {"measuring": 0.0, "faults": 0.0, "verdict": 0.0}

    def timed(owner: Any, method: str, name: str) -> None:
        plain = getattr(owner, method)

        def wrapped(*arguments: Any, **more: Any) -> Any:
            began = time.thread_time()
            try:
                return plain(*arguments, **more)
            finally:
                spent[name] += time.thread_time() - began

        setattr(owner, method, wrapped)

    timed(judging.Judge, "measure", "measuring")
    timed(ImageSubject, "faults", "faults")
    timed(judging.Judge, "verdict", "verdict")
    with tempfile.TemporaryDirectory() as name:
        for held_out in ("auto", "regions", 0.4):
            spent.update(dict.fromkeys(spent, 0.0))
            folder = Path(name) / str(held_out)
            folder.mkdir()
            graph = learning(folder, "blackswan", evenly(50, 5), hold_out=held_out, epochs=200)
            began = time.process_time()
            outcome = run(graph, to=["learn"], settings=CPU)
            assert not outcome.failed, outcome.failed
            seconds = time.process_time() - began
            shares = "  ".join(f"{what} {100 * one / seconds:.2f} %" for what, one in spent.items())
            print(f"hold_out = {held_out!s:8} of {seconds:.0f} CPU s: {shares}", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", default=CLIPS)
    parser.add_argument("--painted", type=int, default=5)
    parser.add_argument("--cost", action="store_true")
    given = parser.parse_args()
    if given.cost:
        cost()
        return
    for clip in given.clips:
        count = len(list((SHARED / "video_masks_davis" / clip / "frames").iterdir()))
        painted = evenly(count, given.painted)
        unpainted = [number for number in range(count) if number not in painted][::3]
        print(f"{clip:12}{regions(clip, painted, unpainted)}; {one_out(clip, painted)}", flush=True)


if __name__ == "__main__":
    main()
