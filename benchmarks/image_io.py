"""What reading and writing frames costs through a graph, beside OpenImageIO's own calls on the same files.

    python benchmarks/image_io.py               1920 x 1080, half a minute

A sequence of half-float RGB EXR, zip, is copied frame by frame: by `ImageBuf` read and write, one after
another with OpenImageIO's own threads, and by a graph of DataSource and Write, which also digests every
input, keeps windows and metadata, replaces each file whole and fsyncs it. Figures are CPU milliseconds a
frame, of the fastest of three runs, with wall time in brackets. Then a crop from the cache beside decoding
its frame.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import OpenImageIO

from understudy import Graph, run
from understudy.nodes.media.images.cache import FrameCache
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.sequence import FileFrames
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.store import digest_file

if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES, WIDTH, HEIGHT, REPEATS = 10, 1920, 1080, 3


def make_plates(folder: Path) -> list[Path]:
    """Frames of smooth shapes with grain."""
    window = Window(0, 0, WIDTH, HEIGHT)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    paths = [folder / f"plate.{number:04d}.exr" for number in range(1, FRAMES + 1)]
    for number, path in enumerate(paths, 1):
        grain = np.random.Generator(np.random.Philox(number)).normal(0, 0.02, (HEIGHT, WIDTH, 3))
        pixels = ((0.4 + 0.3 * np.sin((x + 9 * number) / 97) * np.cos(y / 71))[..., None] + grain).astype(
            "f4"
        )
        write_frame(path, Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window))
    return paths


def by_graph(folder: Path) -> None:
    """DataSource and Write, everything anew."""
    for name in ("out", ".understudy"):
        shutil.rmtree(folder / name, ignore_errors=True)
    graph = Graph(folder / "copy.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Write", "copy", inputs={"input": "plate"}, path="out/copy.####.exr")
    outcome = run(graph)
    assert not outcome.failed, outcome.failed


def by_openimageio(folder: Path, paths: list[Path]) -> None:
    """The same by ImageBuf."""
    (folder / "out").mkdir(exist_ok=True)
    for path in paths:
        OpenImageIO.ImageBuf(str(path)).write(str(folder / "out" / path.name))


def cost(work: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall milliseconds of the fastest run."""
    runs = []
    for _ in range(REPEATS):
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        runs.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    return min(cpu for cpu, _ in runs), min(wall for _, wall in runs)


def crops(paths: list[Path], folder: Path) -> tuple[float, float]:
    """CPU milliseconds of a crop of 256 from the cache, and of one from its decoded file."""
    frames = FileFrames(dict(enumerate(paths, 1)), digest_file)
    cached = FrameCache(frames, folder / "cache").open(1)
    many = 200
    from_cache = cost(
        lambda: [cached.crop(16 * (index % 99), 7 * (index % 99), 256) for index in range(many)]
    )
    from_file = cost(lambda: np.ascontiguousarray(read_frame(paths[0]).pixels[:256, :256]))
    return from_cache[0] / many, from_file[0]


def main() -> None:
    """Prints the figures and the ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = make_plates(folder)
        peer = cost(lambda: by_openimageio(folder, paths))
        graph = cost(lambda: by_graph(folder))
        for label, (cpu, wall) in (("ImageBuf, one by one", peer), ("DataSource, Write", graph)):
            print(f"{label:24} {cpu / FRAMES:7.0f} ({wall / FRAMES:.0f}) ms a frame")
        print(f"{'ratio':24} {graph[0] / peer[0]:7.2f} ({graph[1] / peer[1]:.2f})")
        from_cache, from_file = crops(paths, folder)
        print(f"{'crop of 256, cache':24} {from_cache:7.2f} ms; decoding for it {from_file:.0f} ms")


if __name__ == "__main__":
    main()
