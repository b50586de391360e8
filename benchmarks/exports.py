"""Every example's model in every format that suits it, loaded again and compared on its frames or poses.

    python benchmarks/exports.py                     all, a few CPU minutes; trains shortly first
    python benchmarks/exports.py roto deformer body  some of them
    python benchmarks/exports.py --epochs 400        as long as the examples say

The examples are roto, cleanup, grade and deformer; `body` is the speed of one pose of 13,380 vertices on
one thread, and `start` the time from a fresh process to a first result. Differences are shares of the range
of the values. Nuke's file is also loaded where UNDERSTUDY_OLD_TORCH_PYTHON names a Python with an old torch.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import onnxruntime
import torch

from understudy import Graph, run
from understudy.cli.templates import create
from understudy.nodes.export.exporting import export
from understudy.nodes.export.format import formats
from understudy.nodes.export.models.player import Player
from understudy.nodes.learning.deformers.local_net import build, numpy_net
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.media.meshes import converting
from understudy.nodes.media.meshes.posed import read_posed
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container, write_container

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Values = NDArray[np.float32]
    Play = Callable[[Values], Values]

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))
OLD_TORCH = os.environ.get("UNDERSTUDY_OLD_TORCH_PYTHON")
IMAGES = ("roto", "cleanup", "grade")
NAMES = (*IMAGES, "deformer", "body", "start")
FRAMES = 3
SUFFIXES = {"nuke": "", "mldf": ".mldf"}

_OLD = """
import sys, numpy, torch
script = torch.jit.load(sys.argv[1]).eval()
given = numpy.load(sys.argv[2])
with torch.no_grad():
    numpy.savez(sys.argv[3], *(script(torch.from_numpy(given[name])).numpy() for name in given.files))
"""

_START = {
    "ONNX Runtime": """
import sys, time
began = time.perf_counter()
import numpy, onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1] + "/model.onnx", providers=["CPUExecutionProvider"])
session.run(None, {"inputs": numpy.load(sys.argv[2])})
print(time.perf_counter() - began, "torch" in sys.modules)
""",
    "player.py, numpy": """
import sys, time
began = time.perf_counter()
sys.path.insert(0, sys.argv[1])
import numpy, player
player.Player.read(sys.argv[1]).deltas(numpy.load(sys.argv[2]))
print(time.perf_counter() - began, "torch" in sys.modules)
""",
}


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", default="all", choices=(*NAMES, "all"))
    parser.add_argument("--epochs", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'model':10} {'format':10} {'bytes':>10} {'told':>8} {'measured':>9}  by")
    with tempfile.TemporaryDirectory() as made:
        for name in NAMES if "all" in given.names else given.names:
            folder = Path(made) / name
            if name in ("body", "start"):
                body(folder) if name == "body" else start(folder)
            else:
                example(name, folder, given.epochs)


def example(name: str, folder: Path, epochs: int) -> None:
    """Trains an example, exports it, and plays what was written on what it was not trained on."""
    graph = Graph.load(create(name, folder)[0])
    graph.set("learn", "epochs", epochs)
    outcome = run(graph, to=["best"], settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    cat = Path(outcome.values["best"]["model"]["path"])
    if name in IMAGES:
        samples, expected, evidence = frames(graph, cat)
        spans = [float(max(one.max(), 0.0) - min(one.min(), 0.0)) for one in expected]
    else:
        samples, expected, spans = poses(folder, cat)
        evidence = folder / "animation" / "wave.npz"
    for chosen in formats().values():
        subject = "images" if name in IMAGES else "meshes"
        if subject not in chosen.subjects or chosen.name == "tensorrt":
            continue
        path = folder / f"{name}_{chosen.name}{SUFFIXES.get(chosen.name, '.onnx')}"
        written = export(cat, chosen.name, path, evidence=evidence)
        for by, play in players(written.files, folder, samples).items():
            pairs = zip(samples, expected, spans, strict=True)
            most = max(float(np.abs(play(one) - ours).max()) / span for one, ours, span in pairs)
            told = f"{written.size:>10,} {written.difference:8.0e} {most:9.0e}"
            print(f"{name:10} {chosen.name:10} {told}  {by}", flush=True)


def frames(graph: Graph, cat: Path) -> tuple[list[Values], list[Values], Any]:
    """Whole frames of the plate `(1, C, H, W)`, Inference's result for them, and the plate."""
    plate = run(graph, to=["plate"]).values["plate"]["frames"]
    model = ImageModel.from_container(read_container(cat, "cat"), str(cat))
    model.network.eval()
    chosen = [plate.numbers[(place + 1) * len(plate.numbers) // (FRAMES + 1)] for place in range(FRAMES)]
    pixels = [plate.read(number).select(model.inputs).pixels for number in chosen]
    ours = [model.apply(each, precision="float32", device="cpu") for each in pixels]
    return _stacked(pixels), _stacked(ours), plate


def _stacked(frames_HWC: list[Values]) -> list[Values]:
    return [np.ascontiguousarray(each.transpose(2, 0, 1)[None], np.float32) for each in frames_HWC]


def poses(folder: Path, cat: Path) -> tuple[list[Values], list[Values], list[float]]:
    """The animation's inputs, and the model's deltas."""
    deformer = MeshModel.from_container(read_container(cat, "cat"), str(cat)).deformer
    played = read_posed(folder / "animation" / "wave.npz")
    inputs = deformer.inputs.values(played.rig, played.controls, played.joint_matrices)
    return [inputs], [deformer.deltas(played.controls, played.joint_matrices)], [deformer.rig.diagonal]


def players(files: tuple[Path, ...], folder: Path, samples: list[Values]) -> dict[str, Play]:
    """What plays a format, by its name."""
    if files[0].suffix == ".pt":
        script = torch.jit.load(files[0]).eval()
        found: dict[str, Play] = {
            f"torch {torch.__version__}": lambda one: script(torch.from_numpy(one)).detach().numpy()
        }
        return found | ({"torch 1.13.1": _old(files[0], folder, samples)} if OLD_TORCH else {})
    session = onnxruntime.InferenceSession(files[0], providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    found = {"ONNX Runtime": lambda one: session.run(None, {name: one})[0]}
    return found | ({"player.py": Player.read(files[0].parent).deltas} if len(files) > 2 else {})


def _old(script: Path, folder: Path, samples: list[Values]) -> Play:
    np.savez(folder / "given.npz", *samples)
    arguments = [script, folder / "given.npz", folder / "found.npz"]
    subprocess.run([str(OLD_TORCH), "-c", _OLD, *arguments], check=True, capture_output=True)
    results = list(np.load(folder / "found.npz").values())
    return lambda one: results[next(place for place, each in enumerate(samples) if each is one)]


def body_cat(folder: Path) -> Path:
    """A default model of the body, its nets untrained: the same work as a trained one."""
    folder.mkdir()
    bench = SHARED / "mesh_deform_bench"
    train, val = (
        read_posed(each) for each in converting.convert_bench(bench, "body", ["train_0", "val"], folder)
    )
    learned = prepare(train.select(slice(0, 200)), val, DeformerSettings(distilled=0))
    model = MeshModel(learned.deformer(numpy_net(build(learned))), None)
    write_container(folder / "body.cat", "cat", model.header(), model.arrays())
    return folder / "body.cat"


def body(folder: Path) -> None:
    """One pose of 13,380 vertices: ONNX Runtime, our numpy, and the player."""
    cat = body_cat(folder)
    written = export(cat, "mldf", folder / "body.mldf")
    deformer = MeshModel.from_container(read_container(cat, "cat"), str(cat)).deformer
    pose = deformer.inputs.mean[None]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(written.files[0], options, providers=["CPUExecutionProvider"])
    player = Player.read(folder / "body.mldf")
    ways = {
        "ONNX Runtime": lambda: session.run(None, {"inputs": pose}),
        "player.py": lambda: player.deltas(pose),
        "our numpy": lambda: deformer.decoder.deltas(
            deformer.predictor.predict(deformer.inputs.standardised(pose))
        ),
    }
    took = {name: _milliseconds(way) for name, way in ways.items()}
    told = ", ".join(f"{name} {one:.2f} ms ({took['our numpy'] / one:.1f} x)" for name, one in took.items())
    print(f"one pose of {len(deformer.rig.rest):,} vertices, one thread: {told}", flush=True)


def _milliseconds(way: Callable[[], Any]) -> float:
    times = []
    for _ in range(200):
        began = time.perf_counter()
        way()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times))


def start(folder: Path) -> None:
    """From a fresh process to the first result, imports within; the best of five."""
    cat = body_cat(folder)
    export(cat, "mldf", folder / "body.mldf")
    deformer = MeshModel.from_container(read_container(cat, "cat"), str(cat)).deformer
    np.save(folder / "pose.npy", deformer.inputs.mean[None])
    for name, code in _START.items():
        told = []
        for _ in range(5):
            arguments = [sys.executable, "-c", code, "body.mldf", "pose.npy"]
            done = subprocess.run(arguments, check=True, capture_output=True, text=True, cwd=folder)
            seconds, torch_there = done.stdout.split()
            assert torch_there == "False"
            told.append(float(seconds))
        print(f"first pose of {len(deformer.rig.rest):,} vertices by {name}: {min(told):.2f} s, no torch")


if __name__ == "__main__":
    main()
