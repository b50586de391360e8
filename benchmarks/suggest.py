"""What suggested frames teach, against evenly spaced and random ones: IoU on frames never painted.

    python benchmarks/suggest.py                  three clips, some 15 minutes of one core
    python benchmarks/suggest.py libby            one clip
    python benchmarks/suggest.py --steps 1200 --seed 1

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Each row begins with the first and the last frame
painted and adds two, four and six. "suggested" asks as a user would: it trains, takes two suggestions, paints
them, and trains again. "even" spaces all painted frames evenly, first and last among them; "random" draws the
added ones. Every training makes as many steps, anew. The IoU is the mean over all frames of the clip but
those that any row of the table painted with so many frames, so that all three are measured on the same ones.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image

from understudy import Graph, run
from understudy.nodes.learning.suggesting import expected_error, frames_to_paint, shot_of
from understudy.runtime.context import Settings
from understudy.runtime.randomness import permutation

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIPS = ("blackswan", "car-shadow", "libby")
ADDED = (2, 4, 6)
CROP = 192
"""Smaller than the default, so that thirty trainings end within the half hour."""


class Clip:
    """A clip whose mattes are all known, and what was learned of it so far.

    Args:
        name: Of the clip.
        folder: For graph and runs.
        steps: Of each training.
        seed: Of every draw.
    """

    def __init__(self, name: str, folder: Path, steps: int, seed: int) -> None:
        self.base, self.folder, self.steps, self.seed = (
            SHARED / "video_masks_davis" / name,
            folder,
            steps,
            seed,
        )
        self.count = len(list((self.base / "frames").iterdir()))
        self._known: dict[tuple[int, ...], dict[str, Any]] = {}

    def learned(self, painted: list[int]) -> dict[str, Any]:
        """The wires of a graph that was trained on these frames, lazily."""
        key = tuple(sorted(painted))
        if key not in self._known:
            graph = Graph(self.folder / "graph.toml")
            graph.add("DataSource", "plate", path=f"{self.base}/frames/#####.jpg")
            frames = ",".join(map(str, key))
            graph.add("DataSource", "painted", path=f"{self.base}/masks/#####.png", frames=frames)
            inputs = {"input": "plate", "groundtruth": "painted"}
            epochs = math.ceil(self.steps / len(key))
            graph.add(
                "Trainer", "learn", inputs=inputs, epochs=epochs, crop_size=CROP, batch_size=1, seed=self.seed
            )
            graph.add("Checkpoint", "last", inputs={"run": "learn"}, pick="last")
            graph.add("Inference", "result", inputs={"input": "plate", "model": "last"})
            outcome = run(graph, settings=Settings(device="cpu", threads=1))
            assert not outcome.failed, outcome.failed
            self._known[key] = outcome.values["result"] | outcome.values.get("plate", {})
        return self._known[key]

    def ious(self, painted: list[int]) -> NDArray[np.float64]:
        """The IoU of each frame at 0.5."""
        frames = self.learned(painted)["result"]
        found = []
        for number in range(self.count):
            matte = frames.read(number).pixels[..., 0] > 0.5
            truth = np.asarray(Image.open(self.base / "masks" / f"{number:05d}.png").convert("L")) > 127
            found.append((matte & truth).sum() / max(1, (matte | truth).sum()))
        return np.array(found)

    def suggested(self, painted: list[int], count: int) -> list[int]:
        """The painted frames and those that are suggested after training on them."""
        wires = self.learned(painted)
        matte, unsure = wires["result"], wires["uncertainty"]

        def error(number: int) -> float:
            return expected_error(unsure.read(number).pixels, matte.read(number).pixels)

        shot = shot_of(unsure.source, painted, error)
        return [*painted, *(one.frame for one in frames_to_paint(shot, count))]

    def even(self, count: int) -> list[int]:
        """Evenly spaced frames, first and last among them."""
        return [round(index * (self.count - 1) / (count - 1)) for index in range(count)]

    def random(self, painted: list[int], count: int) -> list[int]:
        """The painted frames and as many others, drawn by the seed."""
        drawn = [int(one) for one in permutation(self.seed, "random choice", 0, self.count)]
        return [*painted, *[one for one in drawn if one not in painted][:count]]


def rows(clip: Clip) -> list[tuple[int, dict[str, float]]]:
    """For each number of added frames the mean IoU of each way to choose them."""
    start = [0, clip.count - 1]
    suggested, table = start, []
    for added in ADDED:
        suggested = clip.suggested(suggested, added - (len(suggested) - len(start)))
        ways = {
            "suggested": suggested,
            "even": clip.even(len(start) + added),
            "random": clip.random(start, added),
        }
        table.append((added, measured(clip, ways)))
        for name, frames in ways.items():
            print(f"    {added} {name}: {sorted(frames)}", flush=True)
    return table


def measured(clip: Clip, ways: dict[str, list[int]]) -> dict[str, float]:
    """The mean IoU of each way over the frames that none of them painted."""
    unseen = np.setdiff1d(np.arange(clip.count), np.concatenate(list(ways.values())))
    return {name: float(clip.ious(frames)[unseen].mean()) for name, frames in ways.items()}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", default=CLIPS)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, help="A folder to keep the runs in.")
    given = parser.parse_args()
    for name in given.clips:
        with tempfile.TemporaryDirectory() as temporary:
            folder = (given.work or Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            clip = Clip(name, folder, given.steps, given.seed)
            start = clip.ious([0, clip.count - 1])
            print(f"{name:12} 2 painted: IoU {start[1:-1].mean():.3f}", flush=True)
            for added, means in rows(clip):
                print(
                    f"{name:12} + {added} ",
                    "  ".join(f"{way} {mean:.3f}" for way, mean in means.items()),
                    flush=True,
                )


if __name__ == "__main__":
    main()
