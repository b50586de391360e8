"""What the default knobs learn from a few painted frames, measured on frames that training never saw.

    python benchmarks/quality.py                       every row, some 15 minutes
    python benchmarks/quality.py roto/libby grade      rows whose names begin so
    python benchmarks/quality.py roto --epochs 1200    three times as long

Needs the folder of real clips (UNDERSTUDY_SHARED_DATA). Every row is a graph, run as `understudy run` would
run it, on one thread; seconds are CPU seconds of the whole process, inference apart.
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
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLIPS = ("blackswan", "car-shadow", "libby")


@dataclass(frozen=True)
class Trained:
    """What a graph gave: its lazy result, and the CPU seconds of training."""

    result: Any
    seconds: float


def trained(folder: Path, source: str, truth: str, painted: list[int], **knobs: Any) -> Trained:
    """Trains on the painted frames with default knobs, and applies the best checkpoint to every frame."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path=source)
    graph.add("DataSource", "painted", path=truth, frames=",".join(map(str, painted)))
    graph.add("Trainer", "learn", inputs={"input": "plate", "groundtruth": "painted"}, **knobs)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "result", inputs={"input": "plate", "model": "best"})
    began = time.process_time()
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    return Trained(outcome.values["result"]["result"], time.process_time() - began)


def five(count: int, first: int = 0) -> list[int]:
    """First, last, and three evenly between."""
    return [first + round(index * (count - 1) / 4) for index in range(5)]


def roto(clip: str, folder: Path, **knobs: Any) -> dict[str, float]:
    """Mean and worst IoU at 0.5, the median inside the matte, and the mean absolute error."""
    base = SHARED / "video_masks_davis" / clip
    count = len(list((base / "frames").iterdir()))
    painted = five(count)
    result = trained(folder, f"{base}/frames/#####.jpg", f"{base}/masks/#####.png", painted, **knobs)
    ious, inside, errors = [], [], []
    for number in result.result.numbers:
        if number in painted:
            continue
        matte = result.result.read(number).pixels[..., 0]
        truth = np.asarray(Image.open(base / "masks" / f"{number:05d}.png").convert("L")) > 127
        found = matte > 0.5
        ious.append((found & truth).sum() / max(1, (found | truth).sum()))
        inside.append(np.median(matte[truth]) if truth.any() else 1.0)
        errors.append(np.abs(matte - truth).mean())
    return {
        "CPU s": result.seconds,
        "IoU": float(np.mean(ious)),
        "worst": float(np.min(ious)),
        "inside": float(np.min(inside)),
        "MAE": float(np.mean(errors)),
    }


def paired(
    folder: Path,
    effect: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    clip: str,
    *,
    invert: bool,
    **knobs: Any,
) -> dict[str, float]:
    """PSNR of an effect made by a function: learned from five frames, measured on the others."""
    base = SHARED / "video_masks_davis" / clip / "frames"
    frames = sorted(base.iterdir())
    for side in ("before", "after"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(frames):
        plain = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
        changed = effect(plain)
        before, after = (changed, plain) if invert else (plain, changed)
        write_tiff(folder / "before" / f"{number:04d}.tif", before)
        write_tiff(folder / "after" / f"{number:04d}.tif", after)
    painted = five(len(frames))
    result = trained(folder, "before/####.tif", "after/####.tif", painted, **knobs)
    unseen = [number for number in range(len(frames)) if number not in painted]
    return psnr_row(result, folder, unseen)


def psnr_row(result: Trained, folder: Path, unseen: list[int]) -> dict[str, float]:
    """PSNR before and after, the peak at 1."""
    before, after = [], []
    for number in unseen:
        source, truth = (read_tiff(folder / side / f"{number:04d}.tif") for side in ("before", "after"))
        before.append(psnr(source, truth))
        after.append(psnr(result.result.read(number).pixels.reshape(truth.shape), truth))
    return {
        "CPU s": result.seconds,
        "dB before": float(np.mean(before)),
        "dB after": float(np.mean(after)),
        "worst": float(np.min(after)),
    }


def psnr(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB, the peak at 1."""
    return float(-10 * np.log10(np.mean((one - other) ** 2) + 1e-12))


def grade(folder: Path, **knobs: Any) -> dict[str, float]:
    """A film look: a Hald CLUT applied to a clip."""
    path = next((SHARED / "looks_haldclut").glob("*.[pj][np]g"))
    flat = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    level = round(flat.shape[0] ** (2 / 3))
    cube = flat.reshape(level, level, level, 3)  # blue, green, red

    def look(plain: NDArray[np.float32]) -> NDArray[np.float32]:
        places = plain.reshape(-1, 3)[:, ::-1].T * (level - 1)
        planes = [
            ndimage.map_coordinates(cube[..., one], places, order=1, mode="nearest") for one in range(3)
        ]
        return np.stack(planes, -1).reshape(plain.shape).astype(np.float32)

    return paired(folder, look, "blackswan", invert=False, **knobs)


def deblur(folder: Path, **knobs: Any) -> dict[str, float]:
    """A Gaussian blur of 1.2 pixels, undone."""
    return paired(
        folder, lambda plain: ndimage.gaussian_filter(plain, (1.2, 1.2, 0)), "libby", invert=True, **knobs
    )


def clean_up(folder: Path, **knobs: Any) -> dict[str, float]:
    """Dirty pages: four texts are learned from, two are measured."""
    base = SHARED / "paired_cleanup_noisyoffice"
    with (base / "pairs.csv").open() as file:
        rows = list(csv.DictReader(file))
    texts = sorted({row["text_page"] for row in rows})
    for side in ("before", "after"):
        (folder / side).mkdir(parents=True, exist_ok=True)
    painted, unseen = [], []
    for number, row in enumerate(rows):
        for side, original in (("before", "input"), ("after", "target")):
            page = (
                np.asarray(Image.open(base / original / row["file"]).convert("L"), np.float32)[..., None]
                / 255
            )
            write_tiff(folder / side / f"{number:04d}.tif", page)
        (unseen if row["text_page"] in texts[-2:] else painted).append(number)
    result = trained(folder, "before/####.tif", "after/####.tif", painted, **knobs)
    return psnr_row(result, folder, unseen)


def write_tiff(path: Path, pixels: NDArray[np.float32]) -> None:
    """Writes float pixels (H, W, C)."""
    height, width, channels = pixels.shape
    window = Window(0, 0, width, height)
    names = ("R", "G", "B") if channels == 3 else ("Y",)
    frame = Frame(pixels=np.ascontiguousarray(pixels), channels=names, data=window, display=window)
    write_frame(path, frame, dtype="float")


def read_tiff(path: Path) -> NDArray[np.float32]:
    """Reads float pixels, (H, W, C)."""
    return read_frame(path).pixels


ROWS: dict[str, Callable[..., dict[str, float]]] = {
    **{f"roto/{clip}": (lambda folder, clip=clip, **knobs: roto(clip, folder, **knobs)) for clip in CLIPS},
    "grade": grade,
    "deblur": deblur,
    "clean-up": clean_up,
}


def chosen(names: list[str]) -> Iterator[str]:
    """The rows that were asked for."""
    return (row for row in ROWS if not names or any(row.startswith(name) for name in names))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    knobs = {"seed": given.seed} | ({"epochs": given.epochs} if given.epochs else {})
    for row in chosen(given.rows):
        with tempfile.TemporaryDirectory() as folder:
            figures = ROWS[row](Path(folder), **knobs)
        print(f"{row:16}", "  ".join(f"{name} {value:.4g}" for name, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
