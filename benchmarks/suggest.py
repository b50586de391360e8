"""What suggested frames teach, against evenly spaced and random ones: IoU on frames that nobody may paint.

    python benchmarks/suggest.py                      three clips, three seeds: some 40 minutes of one core
    python benchmarks/suggest.py libby --seeds 1      one clip, one seed: some 5 minutes
    python benchmarks/suggest.py --steps 1200         longer trainings: the noise is smaller

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Clips are halved in size, so that a training takes
ten seconds and every row can be made with several seeds: the same frames trained on with another seed give
another IoU, and that noise is printed. Every third frame is judged and painted by no row; where a row would
paint one of them, it takes the nearest that is left.

"suggested" asks as a user would: two suggestions when nothing is painted, then it trains, takes two more,
paints them, trains anew, and so on. "after ends" begins with the first and the last frame instead. "even"
spaces frames evenly with first and last among them, "blocks" in the middles of equal blocks; "random" adds
others to first and last, drawn anew for each seed. A frame is saved where suggested frames do as well as
evenly spaced ones with one more.
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
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIPS = ("blackswan", "car-shadow", "libby")
PAINTED = (2, 4, 6, 8)
"""Two to begin with, and two, four and six more."""
CROP = 128
SMALLER = 2
JUDGED = 3
"""Every third frame is judged."""


class Clip:
    """A clip whose mattes are all known, smaller.

    Args:
        name: Of the clip.
        folder: For frames, graphs and runs.
        steps: Of each training.
    """

    def __init__(self, name: str, folder: Path, steps: int) -> None:
        self.folder, self.steps = folder, steps
        base = SHARED / "video_masks_davis" / name
        for kind, mode in (("frames", "RGB"), ("masks", "L")):
            (folder / kind).mkdir()
            for path in sorted((base / kind).iterdir()):
                Image.open(path).convert(mode).reduce(SMALLER).save(folder / kind / f"{path.stem}.png")
        self.count = len(list((folder / "masks").iterdir()))
        self.judged = list(range(1, self.count - 1, JUDGED))

    def plate(self) -> Graph:
        """A graph in a folder of its own that reads the clip."""
        graph = Graph(Path(tempfile.mkdtemp(dir=self.folder)) / "graph.toml")
        graph.add("DataSource", "plate", path=f"{self.folder}/frames/#####.png")
        return graph

    def learned(self, painted: Sequence[int], seed: int) -> dict[str, Any]:
        """The wires of an Inference of a model that was trained on these frames."""
        graph = self.plate()
        frames = ",".join(map(str, painted))
        graph.add("DataSource", "painted", path=f"{self.folder}/masks/#####.png", frames=frames)
        knobs = {"crop_size": CROP, "batch_size": 1, "hold_out": 0.0, "contact_sheet_interval": self.steps}
        epochs = math.ceil(self.steps / len(painted))
        inputs = {"input": "plate", "groundtruth": "painted"}
        graph.add("Trainer", "learn", inputs=inputs, epochs=epochs, seed=seed, **knobs)
        graph.add("Checkpoint", "last", inputs={"run": "learn"}, pick="last")
        graph.add("Inference", "result", inputs={"input": "plate", "model": "last"})
        outcome = run(graph, settings=Settings(device="cpu", threads=1))
        assert not outcome.failed, outcome.failed
        return outcome.values["result"]

    def iou(self, wires: dict[str, Any]) -> float:
        """The mean IoU at 0.5 over the frames that are judged."""
        found = []
        for number in self.judged:
            matte = wires["result"].read(number).pixels[..., 0] > 0.5
            truth = np.asarray(Image.open(self.folder / "masks" / f"{number:05d}.png")) > 127
            found.append((matte & truth).sum() / max(1, (matte | truth).sum()))
        return float(np.mean(found))

    def near(self, wanted: Iterable[float], painted: Sequence[int] = ()) -> list[int]:
        """The painted frames, and for each that is wanted the nearest that may still be painted."""
        taken = list(painted)
        for place in wanted:
            free = set(range(self.count)) - set(self.judged) - set(taken)
            taken.append(min(free, key=lambda one: (abs(one - place), one)))
        return sorted(taken)

    def even(self, count: int) -> list[int]:
        """Evenly spaced frames, first and last among them."""
        return self.near(np.linspace(0, self.count - 1, count))

    def blocks(self, count: int) -> list[int]:
        """The middles of equal blocks."""
        return self.near((np.arange(count) + 0.5) * self.count / count - 0.5)

    def random(self, count: int, seed: int) -> list[int]:
        """First and last, and others drawn by the seed."""
        drawn = [int(one) for one in permutation(seed, "random choice", 0, self.count)]
        ends = [0, self.count - 1]
        return self.near([one for one in drawn if one not in {*ends, *self.judged}][: count - 2], ends)

    def first(self) -> list[int]:
        """Two frames that are suggested when nothing is painted."""
        (frames,) = run(self.plate(), settings=Settings(device="cpu", threads=1)).values["plate"].values()
        return self.near(one.frame for one in frames_to_paint(shot_of(frames, []), 2))

    def more(self, painted: list[int], wires: dict[str, Any]) -> list[int]:
        """The painted frames and two that are suggested after training on them."""
        matte, unsure = wires["result"], wires["uncertainty"]

        def error(number: int) -> float:
            return expected_error(unsure.read(number).pixels, matte.read(number).pixels)

        told = frames_to_paint(shot_of(unsure.source, painted, error), 2)
        return self.near([one.frame for one in told], painted)


def rows(clip: Clip, seed: int) -> dict[str, dict[int, float]]:
    """For each way to choose frames and each number of them the IoU."""
    table: dict[str, dict[int, float]] = {}
    known: dict[tuple[int, ...], dict[str, Any]] = {}

    def measured(way: str, frames: list[int]) -> dict[str, Any]:
        wires = known[tuple(frames)] = known.get(tuple(frames)) or clip.learned(frames, seed)
        table.setdefault(way, {})[len(frames)] = clip.iou(wires)
        print(f"    seed {seed} {way} {frames}: {table[way][len(frames)]:.4f}", flush=True)
        return wires

    for way, two in (("suggested", clip.first()), ("after ends", [0, clip.count - 1])):
        painted, wires = two, measured(way, two)
        for _ in PAINTED[1:]:
            painted = clip.more(painted, wires)
            wires = measured(way, painted)
    for count in range(min(PAINTED), max(PAINTED) + 2):
        measured("even", clip.even(count))
    for count in PAINTED:
        measured("blocks", clip.blocks(count))
        measured("random", clip.random(count, seed))
    return table


def report(name: str, tables: list[dict[str, dict[int, float]]]) -> None:
    """Prints means over seeds with their standard errors, and the noise between seeds."""
    for way in tables[0]:
        values = {count: np.array([table[way][count] for table in tables]) for count in tables[0][way]}
        print(f"{name:12}{way:12}", "  ".join(f"{count}: {_mean(one)}" for count, one in values.items()))
    if len(tables) > 1:
        spread = [np.var([table["even"][count] for table in tables], ddof=1) for count in tables[0]["even"]]
        print(f"{name:12}deviation between seeds, the same frames: {np.sqrt(np.mean(spread)):.4f}")
    for count in PAINTED:
        peers = {f"even {count}": ("even", count), f"even {count + 1}": ("even", count + 1)}
        peers |= {f"{way} {count}": (way, count) for way in ("after ends", "blocks", "random")}
        less = {
            peer: np.array([table["suggested"][count] - table[way][other] for table in tables])
            for peer, (way, other) in peers.items()
        }
        told = ", ".join(f"{peer} {_mean(values, '+')}" for peer, values in less.items())
        print(f"{name:12}suggested {count} less {told}", flush=True)


def _mean(values: NDArray[np.float64], sign: str = "") -> str:
    """The mean and its standard error over seeds."""
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{values.mean():{sign}.3f} ±{error:.3f}"


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", nargs="*", default=CLIPS)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    for name in given.clips:
        with tempfile.TemporaryDirectory() as folder:
            clip = Clip(name, Path(folder), given.steps)
            report(name, [rows(clip, seed) for seed in range(given.seeds)])


if __name__ == "__main__":
    main()
