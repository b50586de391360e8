"""What applying a model to a sequence costs beside its parts: the network alone, and the files alone.

    python benchmarks/inference.py              1920 x 1080, some 4 minutes
    python benchmarks/inference.py --memory     4096 x 2160, colour: the peak memory of processes of their own

The sequence is half-float RGB EXR, zip; the result a matte, half, zip, or colour where --colour is given.
The run is DataSource, Inference, Write, as `understudy run` does it. Network alone: the same frames from
memory, two at once, by the back end that the run takes. I/O alone: every frame read and a result written,
with as many threads. All are taken in turn, three times; the ratio is that of the medians. Where network and
files fill the cores by turns already, no pipeline can be quicker than their CPU time over the cores: the last
line is against that.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy import Graph, run
from understudy.nodes.inference import Inference
from understudy.nodes.learning.images.loaded_model import LoadedModel
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Context, Settings
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import find_runs
from understudy.runtime.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES = 36
CPU = Settings(device="cpu")


def write_plates(folder: Path, width: int, height: int, frames: int) -> None:
    """Frames of smooth shapes with grain, as cameras give them."""
    window = Window(0, 0, width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for number in range(1, frames + 1):
        grain = np.random.Generator(np.random.Philox(number)).normal(0, 0.02, (height, width, 3))
        base = 0.4 + 0.3 * np.sin((x + 9 * number) / 97) * np.cos(y / 71)
        pixels = (base[..., None] * (1.0, 0.8, 0.5) + grain).astype(np.float32)
        frame = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)
        write_frame(folder / f"plate.{number:04d}.exr", frame)


def trained(folder: Path, *, colour: bool) -> Path:
    """A checkpoint of the default network after a few steps."""
    graph = Graph(folder / "train.toml")
    graph.add("DataSource", "plate", path="plate.####.exr", frames="1-2")
    after = graph.add("Grade", "after", inputs={"input": "plate"}, gamma=1.2)
    if not colour:
        after = graph.add("Shuffle", "red", inputs={"input": "after"}, channels="A=R")
    graph.add("Trainer", "learn", inputs={"input": "plate", "groundtruth": after}, epochs=3)
    outcome = run(graph, settings=CPU)
    assert not outcome.failed, outcome.failed
    cats = find_runs(folder / "training")[-1].folder.cats()
    return cats[max(cats)]


def whole(folder: Path, cat: Path, precision: str = "auto") -> Callable[[], None]:
    """The run: read, compute, write."""
    graph = Graph(folder / "apply.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Checkpoint", "model", pick=str(cat.relative_to(folder)))
    graph.add("Inference", "result", inputs={"input": "plate", "model": "model"}, precision=precision)
    graph.add("Write", "out", inputs={"input": "result"}, path="out/result.####.exr")

    def apply() -> None:
        shutil.rmtree(folder / "out", ignore_errors=True)
        outcome = run(graph, settings=CPU)
        assert not outcome.failed, outcome.failed

    return apply


def network(folder: Path, cat: Path) -> Callable[[], None]:
    """The network alone, on frames in memory: by the back end that the run takes, two frames at once."""
    pixels = [read_frame(path).pixels for path in sorted(folder.glob("plate.*.exr"))]
    node = Inference("result", {})
    store = Store(folder / ".understudy")
    graph = Graph(folder / "apply.toml")
    context = Context(
        node="result",
        key="",
        lineage="",
        why="",
        graph=graph,
        settings=CPU,
        work=folder,
        store=store,
        stop=threading.Event(),
        sink=print,
    )
    model = LoadedModel(node, str(cat), len(pixels), context)

    def apply() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda one: model.apply(one, doubt=False), pixels))
        print(f"  network by {model.back_end}")

    return apply


def files(folder: Path, channels: tuple[str, ...]) -> Callable[[], None]:
    """Reading every frame and writing a result, without a network."""

    def one(path: Path) -> None:
        frame = read_frame(path).select(("R", "G", "B")[: len(channels)])
        made = Frame(pixels=frame.pixels, channels=channels, data=frame.data, display=frame.display)
        write_frame(folder / "copies" / path.name, made)

    def apply() -> None:
        (folder / "copies").mkdir(exist_ok=True)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(one, sorted(folder.glob("plate.*.exr"))))

    return apply


def spent(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and CPU seconds, those of all threads together."""
    began, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - began, time.process_time() - used


def speed(folder: Path, *, colour: bool) -> None:
    """Prints the ratio, and what the cores allow."""
    write_plates(folder, 1920, 1080, FRAMES)
    cat = trained(folder, colour=colour)
    works = {
        "run": whole(folder, cat),
        "network alone": network(folder, cat),
        "I/O alone": files(folder, ("R", "G", "B") if colour else ("A",)),
    }
    for name in ("run", "network alone"):  # both know their back end then
        works[name]()
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(3):
        for name, work in works.items():
            taken[name].append(spent(work))
    wall = {name: median(one for one, _ in times) for name, times in taken.items()}
    used = {name: median(one for _, one in times) for name, times in taken.items()}
    for name in works:
        print(
            f"{name:16} {1000 * wall[name] / FRAMES:8.1f} ms a frame, {1000 * used[name] / FRAMES:8.1f} CPU"
        )
    slower = max(wall["network alone"], wall["I/O alone"])
    cores = os.cpu_count() or 1
    least = max(slower, (used["network alone"] + used["I/O alone"]) / cores)
    print(f"run / slower of the two: {wall['run'] / slower:.3f}")
    print(f"run / what {cores} cores can do at best, both parts side by side: {wall['run'] / least:.3f}")


def prepared(folder: Path) -> None:
    """Makes frames and a checkpoint, in a process of its own: one that begins another hands its peak on."""
    write_plates(folder, 4096, 2160, 6)
    trained(folder, colour=True).rename(folder / "model.cat")


def peak(folder: Path, precision: str) -> None:
    """Applies the model, and prints this process's peak memory."""
    whole(folder, folder / "model.cat", precision)()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"4096 x 2160, 6 frames, {precision}: peak {most / 1024:,.0f} MiB")


def alone(work: Callable[..., None], *given: object) -> None:
    """Does it in a process of its own."""
    process = get_context("spawn").Process(target=work, args=given)
    process.start()
    process.join()
    assert process.exitcode == 0


def memory(folder: Path) -> None:
    """Prints the peak memory of processes that apply a model to 4096 x 2160 frames."""
    alone(prepared, folder)
    for precision in ("float32", "auto"):
        alone(peak, folder, precision)
    weights = sum(array.nbytes for array in read_container(folder / "model.cat", "cat").tensors.values())
    print(f"weights: {weights / 2**20:.1f} MiB")


def main() -> None:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--colour", action="store_true")
    given: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        memory(Path(name)) if given.memory else speed(Path(name), colour=given.colour)


if __name__ == "__main__":
    main()
