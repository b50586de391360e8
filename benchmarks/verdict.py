"""Whether the verdict is right: trainings made to suffer from each fault, and healthy ones.

    python benchmarks/verdict.py                    30 trainings, some 10 minutes
    python benchmarks/verdict.py overfitting        those whose fault or name begins so
    python benchmarks/verdict.py --seed 1           other frames, other weights

Every case is a real training of real data (UNDERSTUDY_SHARED_DATA), run as `understudy run` would run it,
small and short: clips at a quarter of their size, small networks. A faulty case is right when its verdict is
the word that it was made for; a healthy one is a false alarm unless it is "learning" or "converged".
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PIL import Image
from scipy import ndimage

from understudy import Graph, run
from understudy.nodes.media.meshes import converting
from understudy.runtime.context import Settings
from understudy.runtime.events import Judged
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
HEALTHY = ("learning", "converged")
REDUCED = 4
"""Clips are reduced by so much."""


@dataclass(frozen=True)
class Shot:
    """Pairs of pixels, 0 to 1, by frame number.

    Attributes:
        plates: `(H, W, 3)` or `(H, W, 1)` each.
        truths: `(H, W, K)` each.
    """

    plates: dict[int, NDArray[np.float32]]
    truths: dict[int, NDArray[np.float32]]


def clip(name: str) -> Shot:
    """A clip and its mattes, reduced; a frame's number is that of its file."""
    base = SHARED / "video_masks_davis" / name
    plates, truths = {}, {}
    for path in sorted((base / "frames").iterdir()):
        plates[int(path.stem)] = reduced(Image.open(path).convert("RGB"))
        truths[int(path.stem)] = reduced(Image.open(base / "masks" / f"{path.stem}.png").convert("L"))
    return Shot(plates, truths)


def reduced(picture: Image.Image) -> NDArray[np.float32]:
    """Pixels of a picture at a quarter of its size, `(H, W, C)`."""
    small = np.asarray(picture.reduce(REDUCED), np.float32) / 255
    return small if small.ndim == 3 else small[..., None]


def changed(shot: Shot, change: Callable[[NDArray[np.float32]], NDArray[np.float32]], *, undo: bool) -> Shot:
    """The plates of a shot and what a change makes of them; the other way round to undo it."""
    made = {number: change(plate).astype(np.float32) for number, plate in shot.plates.items()}
    return Shot(made, shot.plates) if undo else Shot(shot.plates, made)


def look(plate: NDArray[np.float32]) -> NDArray[np.float32]:
    """A film look, by a Hald CLUT."""
    path = next((SHARED / "looks_haldclut").glob("*.[pj][np]g"))
    flat = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    level = round(flat.shape[0] ** (2 / 3))
    cube = flat.reshape(level, level, level, 3)  # blue, green, red
    places = plate.reshape(-1, 3)[:, ::-1].T * (level - 1)
    planes = [ndimage.map_coordinates(cube[..., one], places, order=1, mode="nearest") for one in range(3)]
    return np.stack(planes, -1).reshape(plate.shape)


def blurred(plate: NDArray[np.float32]) -> NDArray[np.float32]:
    """Out of focus, by a Gaussian of 1.2 pixels."""
    return ndimage.gaussian_filter(plate, (1.2, 1.2, 0))


def pages() -> tuple[Shot, list[int], list[int]]:
    """Dirty pages and clean ones, and their numbers by text: four texts, and two others."""
    base = SHARED / "paired_cleanup_noisyoffice"
    with (base / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    texts = sorted({row["text_page"] for row in rows})
    plates, truths = {}, {}
    for number, row in enumerate(rows):
        for side, found in (("input", plates), ("target", truths)):
            page = Image.open(base / side / row["file"]).convert("L")
            found[number] = np.asarray(page.reduce(2), np.float32)[..., None][:120, :260] / 255
    other = [number for number, row in enumerate(rows) if row["text_page"] in texts[-2:]]
    return Shot(plates, truths), [number for number in plates if number not in other], other


def five(shot: Shot, seed: int, count: int = 5) -> list[int]:
    """Evenly spaced frames, from another one on for each seed."""
    numbers = sorted(shot.plates)[seed * 2 :]
    return [numbers[round(index * (len(numbers) - 1) / max(1, count - 1))] for index in range(count)]


def images(
    folder: Path, shot: Shot, painted: Sequence[int], measured: Sequence[int] = (), **knobs: Any
) -> Graph:
    """A graph that learns a shot from painted frames, and measures others where that is asked for."""
    from quality import write_tiff

    for name, pixels, numbers in (
        ("plate", shot.plates, [*painted, *measured]),
        ("truth", shot.truths, painted),
        ("other", shot.truths, measured),
    ):
        (folder / name).mkdir()
        for number in numbers:
            write_tiff(folder / name / f"{number:04d}.tif", pixels[number])
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path="plate/####.tif")
    graph.add("DataSource", "truth", path="truth/####.tif")
    inputs = {"input": "plate", "groundtruth": "truth"}
    if measured:
        graph.add("DataSource", "other", path="other/####.tif")
        inputs["validation"] = "other"
    usual = {"crop_size": 96, "model_size": "small", "run_name": "run", "epochs": 800 // len(painted)}
    graph.add("Trainer", "learn", inputs=inputs, **(usual | knobs))
    return graph


def arm(folder: Path, rows: slice, deformer: str = "LocalDeformer", **knobs: Any) -> Graph:
    """A graph that learns some poses of an arm, and measures others."""
    made = folder / "made"
    made.mkdir()
    train, test = converting.convert_bench(SHARED / "mesh_deform_bench", "arm", ["train", "test"], made)
    part = dict(np.load(train))
    count = len(part["deltas"])
    part |= {name: array[rows] for name, array in part.items() if array.ndim and len(array) == count}
    np.savez(folder / "train.npz", **part)
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rig", path="train.npz")
    graph.add("DataSource", "other", path=f"made/{test.name}")
    graph.add(deformer, "deformer")
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "network": "deformer"}
    graph.add(
        "Trainer", "learn", inputs=inputs | {"validation": "other.shapes"}, **({"run_name": "run"} | knobs)
    )
    return graph


@dataclass(frozen=True)
class Case:
    """A training whose verdict is known beforehand.

    Attributes:
        name: What it is.
        word: What the verdict should be; "" for a healthy one.
        build: Makes its graph in a folder, for a seed.
    """

    name: str
    word: str
    build: Callable[[Path, int], Graph]


def moved(shot: Shot, x: int, y: int) -> Shot:
    """A shot whose groundtruth lies off."""
    return Shot(shot.plates, {n: np.roll(one, (y, x), (0, 1)) for n, one in shot.truths.items()})


def late(shot: Shot, frames: int) -> Shot:
    """A shot whose groundtruth is that of other frames."""
    numbers = sorted(shot.plates)
    return Shot(
        shot.plates,
        {n: shot.truths[numbers[min(at + frames, len(numbers) - 1)]] for at, n in enumerate(numbers)},
    )


def exchanged(shot: Shot) -> Shot:
    """A shot with input and groundtruth in the wrong order."""
    return Shot(shot.truths, shot.plates)


def roto(
    name: str, count: int = 5, others: int = 0, change: Callable[[Shot], Shot] = lambda one: one, **knobs: Any
) -> Any:
    """A case that learns a matte."""

    def build(folder: Path, seed: int) -> Graph:
        shot = change(clip(name))
        painted = five(shot, seed, count)
        rest = [number for number in shot.plates if number not in painted]
        measured = rest[:: max(1, len(rest) // others)] if others else []
        return images(folder, shot, painted, measured, **({"seed": seed} | knobs))

    return build


def colour(
    name: str, change: Any, *, undo: bool, others: int = 0, count: int = 5, move: int = 0, **knobs: Any
) -> Any:
    """A case that learns a change of colours."""

    def build(folder: Path, seed: int) -> Graph:
        shot = moved(changed(clip(name), change, undo=undo), move, move)
        painted = five(shot, seed, count)
        rest = [number for number in shot.plates if number not in painted]
        measured = rest[:: max(1, len(rest) // others)] if others else []
        return images(folder, shot, painted, measured, **({"seed": seed} | knobs))

    return build


def cleanup(count: int, **knobs: Any) -> Any:
    """A case that learns to clean pages, measured on other texts."""

    def build(folder: Path, seed: int) -> Graph:
        shot, painted, others = pages()
        return images(folder, shot, painted[seed::][:count], others[seed::2], **({"seed": seed} | knobs))

    return build


def poses(rows: slice, deformer: str = "LocalDeformer", **knobs: Any) -> Any:
    """A case that learns the arm."""
    return lambda folder, seed: arm(
        folder, slice(rows.start + seed * 7, rows.stop + seed * 7), deformer, **({"seed": seed} | knobs)
    )


def motions(wrong: float = 0.0, only: Sequence[str] = (), **knobs: Any) -> Any:
    """A case that learns what somebody does, from means and deviations of joints over half a second.

    The last clip of each motion is measured; of the others, a share of the labels is wrong.
    """

    def build(folder: Path, seed: int) -> Graph:
        chance = np.random.Generator(np.random.Philox(seed))
        trained: list[list[Any]] = []
        measured: list[list[Any]] = []
        base = SHARED / "motion_cmu_labelled"
        labels = sorted(path.name for path in base.iterdir() if len(list(path.glob("*.npz"))) > 3)
        labels = [label for label in labels if label in (only or labels)]
        for label in labels:
            clips = sorted((base / label).glob("*.npz"))
            for path in clips:
                poses = np.load(path)["expmap"][:, 1:].reshape(-1, 38 * 3)
                rows = trained if path != clips[-1] else measured
                for start in range(seed, len(poses) - 30, 30):
                    part = poses[start : start + 30]
                    name = chance.choice(labels) if rows is trained and chance.random() < wrong else label
                    rows.append([path.stem, start, name, *part.mean(axis=0), *part.std(axis=0)])
        graph = Graph(folder / "graph.toml")
        heading = ["clip", "frame", "motion", *(f"f{number}" for number in range(38 * 6))]
        columns = {"labels": ["motion"], "group_column": "clip", "frame_column": "frame"}
        for node, rows in (("all", trained + measured), ("taken", trained), ("other", measured)):
            with (folder / f"{node}.csv").open("w", newline="") as file:
                csv.writer(file).writerows([heading, *rows])
            graph.add("DataSource", node, path=f"{node}.csv", **columns)
        inputs = {"input": "all.features", "groundtruth": "taken.labels", "validation": "other.labels"}
        graph.add("Trainer", "learn", inputs=inputs, **({"run_name": "run", "seed": seed} | knobs))
        return graph

    return build


CASES = (
    Case("matte, five frames, blackswan", "", roto("blackswan")),
    Case("matte, five frames, car-shadow", "", roto("car-shadow")),
    Case("matte, sixteen frames, libby", "", roto("libby", 16, epochs=200)),
    Case("matte, validation input, blackswan", "", roto("blackswan", 5, 8)),
    Case("matte, a share held out, car-shadow", "", roto("car-shadow", 12, hold_out=0.25)),
    Case("grade, five frames", "", colour("blackswan", look, undo=False)),
    Case("deblur, five frames", "", colour("libby", blurred, undo=True)),
    Case("clean pages, other texts", "", cleanup(16)),
    Case("arm, 200 poses", "", poses(slice(0, 200), epochs=200)),
    Case("running, walking or jumping", "", motions(only=("running", "walking", "jumping"), epochs=40)),
    Case(
        "running or walking, labels wrong",
        "overfitting",
        motions(0.4, ("running", "walking", "jumping"), epochs=200, validation_interval=10),
    ),
    Case("motions, a third of the labels wrong", "overfitting", motions(0.33, epochs=200)),
    Case("motions, half of the labels wrong", "overfitting", motions(0.5, epochs=200)),
    Case("matte, hardly any rate", "underfitting", roto("blackswan", 5, learning_rate=1e-6)),
    Case("matte, ten epochs", "underfitting", roto("libby", 5, epochs=10)),
    Case("grade, hardly any rate", "underfitting", colour("blackswan", look, undo=False, learning_rate=1e-6)),
    Case("arm, hardly any rate", "underfitting", poses(slice(0, 200), epochs=200, learning_rate=1e-7)),
    Case("matte, a wild rate", "diverging", roto("blackswan", 5, learning_rate=1.0)),
    Case("grade, a wild rate", "diverging", colour("blackswan", look, undo=False, learning_rate=1.0)),
    Case("arm, a wild rate", "diverging", poses(slice(0, 200), epochs=200, learning_rate=3.0)),
    Case("matte, two frames, libby", "too little data", roto("libby", 2, 8)),
    Case("matte, one frame, car-shadow", "too little data", roto("car-shadow", 1, 8)),
    Case("matte, two frames, by regions, libby", "too little data", roto("libby", 2)),
    Case("arm, 12 poses", "too little data", poses(slice(0, 12), epochs=400)),
    Case(
        "matte moved by 16 pixels", "misaligned pairs", roto("blackswan", change=lambda one: moved(one, 4, 0))
    ),
    Case("matte of other frames", "misaligned pairs", roto("car-shadow", change=lambda one: late(one, 3))),
    Case("grade moved by 2 pixels", "misaligned pairs", colour("libby", look, undo=False, move=2)),
    Case("matte as the input, blackswan", "wrong order of inputs", roto("blackswan", change=exchanged)),
    Case("matte as the input, libby", "wrong order of inputs", roto("libby", change=exchanged)),
    Case("matte as the input, car-shadow", "wrong order of inputs", roto("car-shadow", change=exchanged)),
)


def judged(case: Case, seed: int) -> tuple[str, str]:
    """The verdict on a case, and its reason."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        events: list[Any] = []
        outcome = run(
            case.build(folder, seed),
            to=["learn"],
            settings=Settings(device="cpu", threads=1),
            sink=events.append,
        )
        told = [event for event in events if isinstance(event, Judged)]
        if told:
            return told[0].verdict, told[0].reason
        manifest = read_manifest(RunFolder(folder / "training" / "run").manifest)
        return manifest.verdict or "none", manifest.reason or str(outcome.failed)


def main() -> None:
    """Prints a row for each case, and how many are right."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    right = {True: [0, 0], False: [0, 0]}
    for case in CASES:
        if given.cases and not any(
            (case.word or "healthy").startswith(one) or case.name.startswith(one) for one in given.cases
        ):
            continue
        began = time.process_time()
        word, reason = judged(case, given.seed)
        good = word == case.word if case.word else word in HEALTHY
        right[bool(case.word)][0] += good
        right[bool(case.word)][1] += 1
        row = f"{'right' if good else 'WRONG':6}{case.name:44}{case.word or 'healthy':24}{word:24}"
        print(f"{row}{time.process_time() - began:5.0f} s\n      {reason}", flush=True)
    for faulty, what in ((True, "faults named"), (False, "healthy without alarm")):
        print(f"{what}: {right[faulty][0]} of {right[faulty][1]}")


if __name__ == "__main__":
    main()
