"""Principal shapes against scikit-learn's randomized PCA and numpy's SVD; and from a file larger than memory.

    OMP_NUM_THREADS=1 python benchmarks/pca.py [peers] [folder] [large]

Every row is a process of its own, with one thread. Times are its CPU seconds without imports. Memory is the
peak of anonymous pages (RssAnon of /proc, asked for every 2 ms) above what the process had before it began:
pages of mapped files can be taken back at any time and don't count. The residual is what the shapes leave,
root mean square of all values, computed afterwards in float64.

peers    20,000 vertices x 1,000 poses, 128 shapes, from a .npy file that is mapped.
folder   a PCA node: the same poses as eight training files, of which one is added at last.
large    a PCA node: 5,000 poses from a training file, under a limit of memory (RLIMIT_DATA) below its size.
"""

from __future__ import annotations

import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = Callable[[Path, Path], None]

VERTICES, POSES, SHAPES = 20_000, 1000, 128
LARGE, LIMIT = 5000, 512 << 20
FILES = 8
STEP = 50


def main(names: list[str]) -> None:
    """Runs the named tables, or all."""
    with tempfile.TemporaryDirectory(prefix="understudy-pca-") as made:
        folder = Path(made)
        for name in names or ("peers", "folder", "large"):
            {"peers": peers, "folder": grown_folder, "large": large}[name](folder)


def peers(folder: Path) -> None:
    """The table of one file and several methods."""
    data = folder / "poses.npy"
    write_poses(data, POSES)
    size = data.stat().st_size
    print(f"{VERTICES:,} vertices x {POSES:,} poses, {SHAPES} shapes, a file of {size >> 20} MB")
    print(f"  {'':28}{'CPU s':>8}{'MB':>8}{'of the file':>13}{'residual':>12}")
    rows = {}
    for name in ("ours", "randomized", "svd"):
        out = folder / f"{name}.npy"
        found = row(name, data, out)
        if "absent" in found:
            print(f"  {name:28}{found['absent']}")
            continue
        found["residual"] = residual(data, out)
        rows[name] = found
        print(
            f"  {name:28}{found['seconds']:8.1f}{found['peak'] / 2**20:8.0f}{found['peak'] / size:13.2f}"
            f"{found['residual']:12.7f}",
            flush=True,
        )
    ours, full = rows["ours"], rows["svd"]
    verdict("residual over numpy's", ours["residual"] / full["residual"], 1.001)
    verdict("peak memory over the file", ours["peak"] / size, 0.5)
    if "randomized" in rows:
        verdict("CPU time over randomized", ours["seconds"] / rows["randomized"]["seconds"], 1 / 3)
        verdict("memory over randomized", ours["peak"] / rows["randomized"]["peak"], 1 / 3)


def grown_folder(folder: Path) -> None:
    """A folder of training files whose basis is kept, and a file that is added."""
    poses = folder / "several"
    poses.mkdir()
    counts = [POSES // FILES] * FILES
    whole = folder / "all.npy"
    write_poses(whole, sum(counts))
    data = np.load(whole, mmap_mode="r")
    starts = np.cumsum([0, *counts])
    for i in range(FILES - 1):
        write_training_file(poses / f"{i}.npz", data[starts[i] : starts[i + 1]])
    print(f"a PCA node, {VERTICES:,} vertices, {FILES} files of {counts[0]} poses, {SHAPES} shapes")
    seconds = {}
    for name in ("seven files", "one more", "all anew"):
        if name == "one more":
            write_training_file(poses / f"{FILES - 1}.npz", data[starts[-2] :])
        if name == "all anew":
            shutil.rmtree(folder / ".understudy")
        found = row("node", poses, folder / "grown.npy")
        seconds[name] = found["seconds"]
        print(f"  {name:28}{found['seconds']:8.1f} CPU s{found['peak'] / 2**20:8.0f} MB", flush=True)
    full = row("svd", whole, folder / "full.npy")
    verdict("CPU time of one more over all anew", seconds["one more"] / seconds["all anew"], 0.5)
    ratio = residual(whole, folder / "grown.npy") / residual(whole, folder / "full.npy")
    verdict("residual over numpy's", ratio, 1.001)
    print(f"  {'numpy took':28}{full['seconds']:8.1f} CPU s")


def large(folder: Path) -> None:
    """More poses than the process may hold."""
    data, file = folder / "many.npy", folder / "large" / "many.npz"
    write_poses(data, LARGE)
    file.parent.mkdir()
    write_training_file(file, np.load(data, mmap_mode="r"))
    size = file.stat().st_size
    found = row("limited", file, folder / "large.npy")
    print(f"a PCA node, {VERTICES:,} vertices x {LARGE:,} poses, {SHAPES} shapes, a file of {size >> 20} MB")
    print(
        f"  RLIMIT_DATA of {LIMIT >> 20} MB: {found['seconds']:.1f} CPU s, "
        f"peak {found['peak'] / 2**20:.0f} MB above {found['before'] / 2**20:.0f} MB, "
        f"residual {residual(data, folder / 'large.npy'):.7f}"
    )
    verdict("memory allowed over the file", LIMIT / size, 1.0)


def verdict(what: str, ratio: float, most: float) -> None:
    """One figure against its target."""
    print(
        f"  {what:36}{ratio:8.4f}  target {most:.4g}: {'reached' if ratio <= most else 'MISSED'}", flush=True
    )


def write_poses(path: Path, poses: int) -> None:
    """Values of 300 hidden controls that fall off, with noise, written a few poses at a time."""
    draw = np.random.Generator(np.random.Philox(key=7))
    mixing = draw.standard_normal((300, 3 * VERTICES), dtype=np.float32)
    file = np.lib.format.open_memmap(path, "w+", np.float32, (poses, 3 * VERTICES))
    for start in range(0, poses, STEP):
        count = min(STEP, poses - start)
        hidden = draw.standard_normal((count, 300), dtype=np.float32) * np.float32(0.97) ** np.arange(300)
        noise = 0.01 * draw.standard_normal((count, 3 * VERTICES), dtype=np.float32)
        file[start : start + count] = hidden.astype(np.float32) @ mixing + noise


def write_training_file(path: Path, data: np.ndarray) -> None:
    """The values as poses of a sheet at rest in the origin, so that deltas are the values themselves."""
    from understudy.nodes.media.meshes.writing import write_npz

    columns = VERTICES // 100
    corner = np.arange(VERTICES - columns)[np.arange(VERTICES - columns) % columns < columns - 1]
    write_npz(path, {
        "rest": np.zeros((VERTICES, 3), np.float32),
        "faces": np.stack([corner, corner + 1, corner + columns + 1, corner + columns], 1).astype(np.int32),
        "control_names": np.array(["pose"]),
        "controls": np.arange(len(data), dtype=np.float32)[:, None],
        "vertices": data.reshape(len(data), VERTICES, 3),
    })  # fmt: skip


def residual(data: Path, shapes: Path) -> float:
    """What shapes leave of all values, root mean square, about the mean of the values."""
    values, found = np.load(data, mmap_mode="r"), np.load(shapes)
    mean = np.zeros(values.shape[1])
    for start in range(0, len(values), STEP):
        mean += values[start : start + STEP].sum(axis=0, dtype=np.float64) / len(values)
    left = 0.0
    for start in range(0, len(values), STEP):
        block = values[start : start + STEP] - mean
        left += float(np.square(block - (block @ found.T) @ found).sum())
    return math.sqrt(left / values.size)


def row(name: str, data: Path, out: Path) -> dict[str, Any]:
    """Runs a method in a process of its own; its CPU seconds and its peak of anonymous memory, in bytes."""
    command = [sys.executable, __file__, "--row", name, str(data), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready"):
            return {"absent": line.strip()}
        before = peak = anonymous(process.pid)
        while process.poll() is None:
            peak = max(peak, anonymous(process.pid))
            time.sleep(0.002)
        told = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return {"before": before, "peak": peak - before, **json.loads(told.splitlines()[-1])}


def anonymous(pid: int) -> int:
    """The anonymous pages that a process holds, in bytes; 0 once it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line for line in text.splitlines() if line.startswith("RssAnon")]
    return int(found[0].split()[1]) * 1024 if found else 0


def child(name: str, data: Path, out: Path) -> None:
    """What a process of its own does: imports, then the work, which is measured."""
    task = TASKS[name]()
    print("ready", flush=True)
    start = time.process_time()
    task(data, out)
    print(json.dumps({"seconds": time.process_time() - start}))


def ours() -> Task:
    """Two-pass Gram."""
    import scipy.linalg  # noqa: F401 - not part of the time

    from understudy.nodes.learning.meshes.principal_shapes import principal_shapes

    return lambda data, out: np.save(out, principal_shapes(np.load(data, mmap_mode="r"), limit=SHAPES).shapes)


def randomized() -> Task:
    """scikit-learn with its defaults."""
    try:
        from sklearn.decomposition import PCA
    except ImportError:
        print("left out: scikit-learn is not installed (pip install scikit-learn)")
        raise SystemExit(0) from None

    def task(data: Path, out: Path) -> None:
        peer = PCA(SHAPES, svd_solver="randomized", random_state=0)
        np.save(out, peer.fit(np.load(data, mmap_mode="r")).components_)

    return task


def svd() -> Task:
    """The decomposition of numpy."""

    def task(data: Path, out: Path) -> None:
        values = np.load(data)
        values -= values.mean(axis=0)
        np.save(out, np.linalg.svd(values, full_matrices=False)[2][:SHAPES])

    return task


def node() -> Task:
    """A graph with a DataSource and a PCA, as `understudy run` runs it."""
    import scipy.linalg  # noqa: F401 - not part of the time

    from understudy import Graph, run
    from understudy.nodes.learning.meshes import finding_bases  # noqa: F401 - not part of the time
    from understudy.nodes.learning.meshes.basis import Basis

    def task(data: Path, out: Path) -> None:
        graph = Graph(data.parent / "graph.toml")
        graph.add("DataSource", "rig", path=str(data))
        graph.add("PCA", "pca", inputs={"shapes": "rig.shapes"}, principal_shapes_limit=SHAPES)
        outcome = run(graph)
        assert not outcome.failed, outcome.failed
        np.save(out, Basis.read(outcome.values["pca"]["basis"]["path"]).shapes.shapes)

    return task


def limited() -> Task:
    """The same with less memory than the file is large."""
    task = node()
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    return task


TASKS: dict[str, Callable[[], Task]] = {
    "ours": ours, "randomized": randomized, "svd": svd, "node": node, "limited": limited
}  # fmt: skip


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1:2] == ["--row"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main(sys.argv[1:])
