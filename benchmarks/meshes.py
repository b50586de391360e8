"""Deformers on the shared mesh sets: every form on the same poses, measured on poses never trained on.

    OMP_NUM_THREADS=1 python benchmarks/meshes.py [arm] [body200] [body500] [face500] [face2000] [mocap]
                                                  [expressions] [sureness]

The row "default" is a graph with nothing but a DataSource for the poses, one for the validation poses and a
Trainer with all its knobs at their defaults. Errors are root mean square and largest vertex distances in
world space, in percent of the rest pose's diagonal; times are CPU seconds of this process. The two forms that
other programs use are trained for as long as the default took. The sets of body and face have no keyed
animation: their test poses follow the random law of their training. `mocap` and `expressions` are tested on
clips, or a block of poses, that were held out. The data is looked for in UNDERSTUDY_SHARED_DATA, or in
../shared/data beside the repository.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import torch
from scipy.stats import spearmanr

from understudy import Graph, run
from understudy.nodes.learning.deformers.local_net import numpy_net
from understudy.nodes.learning.deformers.measuring import errors, errors_of
from understudy.nodes.learning.deformers.onnx_export import onnx_bytes
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.deformers.splitting import held_out
from understudy.nodes.learning.deformers.training import BATCH, STEPS, DeformerTraining, usual_rate
from understudy.nodes.learning.deformers.uncertainty import fit_uncertainty
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.media.meshes import converting
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed, read_posed_files
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.writing import write_posed
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from understudy.nodes.learning.deformers.deformer import Deformer, Predictor
    from understudy.nodes.learning.deformers.preparing import Prepared

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data"

SETS = ("arm", "body200", "body500", "face500", "face2000", "mocap", "expressions", "sureness")

TARGETS = {
    ("arm", "default"): 0.130,
    ("body200", "default"): 0.025,
    ("body500", "default"): 0.010,
    ("face500", "default"): 0.060,
    ("face2000", "default"): 0.070,
}
"""The rms error on test poses that a form must reach."""

LARGE = 2000
"""A global net to every vertex is left out above this many: it takes minutes."""

PEERS = {
    "global net, 128 shapes": DeformerSettings(
        mode="global", limit=128, detail=0.0, neurons=256, ridge_floor=False
    ),
    "global net, vertices": DeformerSettings(
        mode="global", output="vertices", neurons=256, ridge_floor=False
    ),
    "differential, 2 % anchors": DeformerSettings(
        mode="differential", limit=128, neurons=256, ridge_floor=False
    ),
}
"""Forms that other programs use."""


@dataclass(frozen=True)
class Poses:
    """Poses to train on, to choose by, and to be measured on."""

    training: PosedMeshes
    validation: PosedMeshes
    tests: dict[str, PosedMeshes]


def main() -> None:
    """Runs the named sets, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], help="which sets; all of them without")
    names = parser.parse_args().sets
    torch.set_num_threads(1)
    folder = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", DEFAULT))
    with tempfile.TemporaryDirectory() as made:
        for name in names or SETS:
            if name == "sureness":
                compare_uncertainty("arm", load("arm", folder, Path(made)))
            else:
                compare(name, load(name, folder, Path(made)), Path(made))


def load(name: str, folder: Path, made: Path) -> Poses:
    """Converts a set to training files and splits it."""
    bench = folder / "mesh_deform_bench"
    if name == "arm":
        files = converting.convert_bench(bench, "arm", ["train", "test", "anim"], made)
        train, test, anim = (read_posed(file) for file in files)
        rows, held = held_out(len(train), None, 0.1, 0)
        return Poses(train.select(rows), train.select(held), {"test": test, "anim": anim})
    if name in ("mocap", "expressions"):
        return by_clip(name, folder, made)
    kind, count = name[:4], int(name[4:])
    parts = [f"train_{i}" for i in range(2 if kind == "body" else 4)]
    train = read_posed_files(converting.convert_bench(bench, kind, parts, made))
    val, test = (read_posed(file) for file in converting.convert_bench(bench, kind, ["val", "test"], made))
    return Poses(train.select(slice(0, count)), val, {"test": test})


def by_clip(name: str, folder: Path, made: Path) -> Poses:
    """The sets of one file: a clip or a block to choose by, another to be measured on."""
    out = made / f"{name}.npz"
    if name == "mocap":
        converting.convert_mocap_body(folder / "mesh_makehuman_cmu" / "body_walk_run_jump_bend.npz", out)
    else:
        converting.convert_expression_face(folder / "mesh_ict_face" / "ict_face_identity0.npz", out)
    poses = read_posed(out)
    rows, test = held_out(len(poses), poses.clips, 0.25, 0)
    rest = poses.select(rows)
    rows, held = held_out(len(rest), rest.clips, 0.25, 0)
    return Poses(rest.select(rows), rest.select(held), {"test": poses.select(test)})


def compare(name: str, poses: Poses, made: Path) -> None:
    """Prints the table of one set."""
    print(f"\n{name}: {len(poses.training)} poses, {len(poses.training.rig.rest):,} vertices")
    print(f"  {'':28}{'CPU s':>8}{'val':>9}" + "".join(f"{test:>9}{'max':>7}" for test in poses.tests))
    base = "skinning alone" if poses.training.rig.skinned else "no deltas"
    figures = "".join(_figures(errors(test, _still(test))) for test in poses.tests.values())
    print(f"  {base:28}{0.0:8.1f}{'':9}{figures}")
    start = time.process_time()
    model, percent = through_graph(name, poses, made)
    spent = time.process_time() - start
    chosen = model.deformer.figures["chosen"]
    _row(name, "default", spent, model.deformer, poses, f" = {chosen}")
    told = ", ".join(f"{form} {value:.4f}" for form, value in percent.items())
    print(f"  {'':28}on validation poses: {told}")
    _model_figures(model, poses)
    for label, settings in PEERS.items():
        if settings.output == "vertices" and len(poses.training.rig.rest) > LARGE:
            continue
        start = time.process_time()
        prepared = prepare(poses.training, poses.validation, settings)
        spent_before = time.process_time() - start
        if label == "global net, 128 shapes":
            _row(name, "global ridge", spent_before, prepared.deformer(prepared.ridge), poses)
        trial = train(prepared, steps=50)[1] / 50
        steps = max(STEPS, int((spent - spent_before) / trial))
        trained, seconds = train(prepared, steps=steps)
        _row(name, label, spent_before + seconds, prepared.deformer(trained[1]), poses)


def through_graph(name: str, poses: Poses, made: Path) -> tuple[MeshModel, dict[str, float]]:
    """A Trainer with default knobs, run from a graph file, and the errors of its forms where validated."""
    graph = Graph(made / f"{name}.toml")
    for wire, given in (("rig", poses.training), ("val", poses.validation)):
        _written(given, made / f"{name}_{wire}.npz")
        graph.add("DataSource", wire, path=f"{name}_{wire}.npz")
    inputs = {"input": "rig.controls", "groundtruth": "rig.shapes", "validation": "val.shapes"}
    graph.add("Trainer", "learn", inputs=inputs, run_name=name)
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    cats = RunFolder(made / "training" / name).cats()
    path = cats[max(cats)]
    model = MeshModel.from_container(read_container(path, "cat"), str(path))
    return model, model.deformer.figures["validation_percent"]


def _written(poses: PosedMeshes, out: Path) -> None:
    """Some poses as a file of their own."""
    given = {"controls": poses.controls} if poses.rig.control_names else {}
    matrices = poses.joint_matrices
    given |= {} if matrices is None else {"joint_matrices": matrices}
    write_posed(out, poses.rig, vertices=poses.vertices(slice(None)), **given)


def compare_uncertainty(name: str, poses: Poses) -> None:
    """What tells the uncertainty best: a Laplace approximation of one net, or several nets."""
    print(f"\nuncertainty, {name}")
    for members in (1, 3, 5):
        settings = DeformerSettings(members=members)
        prepared = prepare(poses.training, poses.validation, settings)
        (_, net), seconds = train(prepared)
        deformer = prepared.deformer(net)
        found = errors_of(deformer, poses.validation)
        told = MeshModel(deformer, fit_uncertainty(deformer, prepared, poses.validation, found))
        label = "Laplace, one net" if members == 1 else f"{members} nets"
        _row(name, label, seconds, deformer, poses)
        _uncertainty_figures(told, poses)


def _model_figures(model: MeshModel, poses: Poses) -> None:
    """Size and speed of one pose by ONNX Runtime, and what the uncertainty is worth."""
    deformer, test = model.deformer, next(iter(poses.tests.values()))
    inputs = deformer.inputs.values(deformer.rig, test.controls, test.joint_matrices)
    data = onnx_bytes(deformer)
    size, (fast, usual) = len(data) / 1e6, _one_pose(data, inputs)
    print(f"  {'':28}ONNX Runtime, one thread: {size:.1f} MB, a pose {usual:.3f} ms (fastest {fast:.3f})")
    if model.uncertainty is not None:
        _uncertainty_figures(model, poses)


def _uncertainty_figures(model: MeshModel, poses: Poses) -> None:
    """How much of the error lies where it is expected, and whether its size is right."""
    assert model.uncertainty is not None
    deformer, test = model.deformer, next(iter(poses.tests.values()))
    played = model.uncertainty.played(deformer, test)
    expected = np.concatenate(list(played)).astype(np.float64)
    outputs = np.concatenate(list(deformer.play(test)))
    missed = ((outputs - test.vertices(slice(None))).astype(np.float64) ** 2).sum(axis=2)
    tenth = missed.size // 10
    held = missed.ravel()[np.argsort(-expected.ravel())[:tenth]].sum()
    oracle = np.sort(missed.ravel())[-tenth:].sum()
    rank = spearmanr(expected.mean(axis=1), np.sqrt(missed.mean(axis=1))).statistic
    scale = np.sqrt(missed.mean() / (expected**2).mean())
    print(
        f"  {'':28}uncertainty: the most uncertain tenth of all vertices holds {100 * held / oracle:.1f} % "
        f"of the squared error that the worst tenth holds; Spearman of poses {rank:.2f}; error over "
        f"deviation {scale:.2f}"
    )


def _one_pose(data: bytes, inputs: np.ndarray, count: int = 400) -> tuple[float, float]:
    """Milliseconds of one pose: the fastest tenth's, and the median."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    times = []
    for row in range(count):
        pose = inputs[row % len(inputs)][None]
        start = time.perf_counter()
        session.run(None, {"inputs": pose})
        times.append(1000.0 * (time.perf_counter() - start))
    return float(np.quantile(times, 0.1)), float(np.median(times))


def train(prepared: Prepared, steps: int = STEPS) -> tuple[tuple[torch.nn.Module, Predictor], float]:
    """A plain loop: warm-up over 5 %, cosine to 0."""
    start, rate = time.process_time(), usual_rate(prepared.settings)
    subject = DeformerTraining(prepared)
    network = subject.network()
    optimiser = subject.optimiser(network, rate)
    for step in range(1, steps + 1):
        part = step / steps
        factor = min(1.0, part / 0.05) * (0.5 + 0.5 * math.cos(math.pi * max(0.0, (part - 0.05) / 0.95)))
        for group in optimiser.param_groups:
            group["lr"] = rate * factor
        inputs, targets = subject.batch(step, BATCH)
        optimiser.zero_grad()
        subject.loss(network(inputs), targets).backward()
        optimiser.step()
    return (network, numpy_net(network)), time.process_time() - start


def _row(name: str, label: str, spent: float, deformer: Deformer, poses: Poses, more: str = "") -> None:
    found = {test: errors_of(deformer, held) for test, held in poses.tests.items()}
    figures = "".join(_figures(each) for each in found.values())
    target = TARGETS.get((name, label))
    verdict = ""
    if target is not None:
        verdict = f"  target {target}: {'reached' if found['test'].percent <= target else 'MISSED'}"
    val = errors_of(deformer, poses.validation).percent
    print(f"  {label + more:28}{spent:8.1f}{val:9.4f}{figures}{verdict}", flush=True)


def _figures(found: object) -> str:
    return f"{found.percent:9.4f}{found.worst_percent:7.2f}"  # type: ignore[attr-defined]


def _still(poses: PosedMeshes) -> Iterator[np.ndarray]:
    matrices = poses.joint_matrices
    for block in poses.blocks():
        given = None if matrices is None else matrices[block]
        yield skinned(poses.rig, given, block.stop - block.start, space="object").vertices


if __name__ == "__main__":
    main()
