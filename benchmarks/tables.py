"""What networks for labels reach on clips, persons and angles that they were never trained on.

    python benchmarks/tables.py                      every row, some 12 minutes of CPU
    python benchmarks/tables.py motion basic         rows whose names begin so

Needs the folder of real data (UNDERSTUDY_SHARED_DATA). Rows are read by DataSource, cut by MotionFeatures and
learned by the Trainer's own subject and loop, with seed 0; the floor is ridge or logistic regression on the
same rows. Seconds are CPU seconds of one thread.

What is left out is never trained on, but `motion` and `yaw` were set up with these very figures in sight, for
there are no other clips and heads: what a window is given as, what the network sees, how many steps.
docs/tables.md says what was compared. What nets see of `faces` was chosen for each fold by persons held out
within its training persons; `phase` was run as it stands.

Rank correlations are Spearman's, equal angles sharing their mean rank, so that even a perfect order of a few
angles stays below 1; how far is printed.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from understudy import Graph, run
from understudy.nodes.learning.loop import Loop, Plan
from understudy.nodes.learning.tables.floor import fitted as fitted_floor
from understudy.nodes.learning.tables.mirroring import mirrored
from understudy.nodes.learning.tables.samples import frame_samples, row_samples, shrunk
from understudy.nodes.learning.tables.splitting import group_numbers
from understudy.nodes.learning.tables.subject import RATE, LabelData, LabelSubject
from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.motion.clip import kinematics
from understudy.nodes.media.motion.source import read_clip
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Table, common_rows, single_lines
from understudy.nodes.networks.conv_1d import Conv1D
from understudy.nodes.networks.frame_net import FrameNet
from understudy.nodes.networks.mlp import MLP
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from understudy.nodes.learning.tables.samples import Samples

    Rows = NDArray[np.int64]
    Floats = NDArray[np.float64]

SHARED = Path(os.environ.get("UNDERSTUDY_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Row:
    """A line of the result: what was measured, ours, the floor's, and what it should be."""

    name: str
    figure: str
    ours: float
    floor: float | None
    wanted: str


@dataclass(frozen=True)
class Left:
    """Answers for rows that were left out: `(n, L)` values, and the floor's."""

    rows: Rows
    ours: Floats
    floor: Floats


def graph_values(nodes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the nodes of a graph give, by node."""
    with tempfile.TemporaryDirectory() as folder:
        graph = Graph(Path(folder) / "graph.toml")
        for name, knobs in nodes.items():
            rest = {knob: value for knob, value in knobs.items() if knob not in ("type", "inputs")}
            graph.add(knobs["type"], name, inputs=knobs.get("inputs", {}), **rest)
        outcome = run(graph, to=list(nodes), settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    return {name: outcome.values[name] for name in nodes}


def learned(
    samples: Samples,
    labels: Table,
    trained: Rows,
    left: Rows,
    recipe: Any,
    *,
    steps: int,
    seed: int = 0,
    mirror: tuple[str, ...] = (),
) -> Left:
    """Trains on some rows, and answers for the others."""
    torch.set_num_threads(1)
    targets = Targets.of(labels.select(trained))
    data = LabelData(samples, labels, trained, left, "left out", {})
    subject = LabelSubject(data, targets, mirrored(labels, mirror), recipe, seed=seed, device="cpu")
    network = subject.network()
    plan = Plan(steps=steps, batch=subject.batch_size, rate=RATE, schedule="warmup-constant-decay",
                precision="float32", device="cpu")  # fmt: skip
    with Loop(subject, network, subject.optimiser(network, RATE), plan) as loop:
        for step in range(1, steps + 1):
            loop.step(step)
    ours = targets.decode(subject._applied(network, left)[0])[0]  # noqa: SLF001 - as the Trainer measures
    groups = group_numbers(labels.select(trained))
    floor = fitted_floor(samples.select(trained).summary(), labels.lines()[trained], targets, groups, seed)
    theirs = targets.decode(floor.output(samples.select(left).summary()))[0]
    return Left(left, ours, theirs)


def by_fold(
    source: Table, labels: Table, folds: Iterable[tuple[Rows, Rows]], recipe: Any, steps: int, *, flip: bool
) -> list[Left]:
    """Trains once for each fold of rows to train on and rows to leave out."""
    found = []
    for trained, left in folds:
        samples = row_samples(source, trained, flip=flip)
        found.append(learned(samples, labels, trained, left, recipe, steps=steps))
    return found


def motion() -> Iterable[Row]:
    """CMU clips: every clip left out once; what one clip alone shows can't be left out."""
    clips = {"type": "DataSource", "path": str(SHARED / "motion_cmu_labelled"), "labels": ["label"],
             "rename": ["walking_extra=walking"]}  # fmt: skip
    windows = {"type": "MotionFeatures", "inputs": {"motion": "clips.features"}, "frame_rate": 15.0,
               "hop": 0.13, "give": "summary", "mirror": True}  # fmt: skip
    values = graph_values({"clips": clips, "windows": windows})
    source, labels = paired(values["windows"]["features"], values["clips"]["labels"])
    truth = labels.lines()[:, 0]
    several = [group for group in np.unique(source.groups)
               if (np.unique(source.groups[truth == truth[source.groups == group][0]]).size > 1)]  # fmt: skip
    folds = [(np.flatnonzero(source.groups != one), np.flatnonzero(source.groups == one)) for one in several]
    found = by_fold(source, labels, folds, MLP("net"), 400, flip=True)
    right = [(one.ours[:, 0] == truth[one.rows]).mean() for one in found]
    floor = [(one.floor[:, 0] == truth[one.rows]).mean() for one in found]
    for name, one, share in zip(several, found, right, strict=True):
        if share < 0.95:
            print(f"  {name}: {100 * share:.0f} % of its {len(one.rows)} windows are right")
    votes, floor_votes = (
        [np.bincount(getattr(one, who)[:, 0].astype(int)).argmax() == truth[one.rows[0]] for one in found]
        for who in ("ours", "floor")
    )
    rows = np.concatenate([one.rows for one in found])
    pooled = [
        np.concatenate([getattr(one, who)[:, 0] for one in found]) == truth[rows] for who in ("ours", "floor")
    ]
    yield Row("motion", f"clips right of {len(votes)}, by vote (%)", 100 * float(np.mean(votes)),
              100 * float(np.mean(floor_votes)), "100")  # fmt: skip
    yield Row("motion", "windows of a second right (%)", 100 * float(pooled[0].mean()),
              100 * float(pooled[1].mean()), ">= 95")  # fmt: skip
    yield Row("motion", "the same, clips weighing alike (%)", 100 * float(np.mean(right)),
              100 * float(np.mean(floor)), "")  # fmt: skip


def paired(source: Table, labels: Table) -> tuple[Table, Table]:
    """The rows that both have."""
    mine, theirs = common_rows(source, labels)
    return source.select(mine), labels.select(theirs)


def basic() -> Iterable[Row]:
    """BasicMotions: 40 takes of a watch; 10 folds of 4 takes, one of each class, twice."""
    path = next((SHARED / "motion_basicmotions").glob("*.ts"))
    with tempfile.TemporaryDirectory() as folder:
        table = _watch_table(path, Path(folder) / "watch.csv")
        rows = {"type": "DataSource", "path": str(table), "labels": ["label"], "group_column": "take",
                "frame_column": "frame"}  # fmt: skip
        cut = {"type": "MotionFeatures", "inputs": {"motion": "rows.features"}, "window": 50.0, "hop": 5.0}
        values = graph_values({"rows": rows, "windows": cut})
    source, labels = paired(values["windows"]["features"], values["rows"]["labels"])
    truth, takes = labels.lines()[:, 0], np.unique(source.groups)
    of = np.array([truth[source.groups == take][0] for take in takes])
    right, floor = [], []
    for repeat in range(2):
        order = np.random.Generator(np.random.Philox(repeat)).permutation(len(takes))
        place = {take: sum(of[order[:at]] == of[order[at]]) % 10 for at, take in enumerate(takes[order])}
        fold_of = np.array([place[take] for take in source.groups])
        folds = [(np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)) for fold in range(10)]
        for one in by_fold(source, labels, folds, Conv1D("net"), 300, flip=False):
            for take in np.unique(source.groups[one.rows]):
                mine = source.groups[one.rows] == take
                real = truth[one.rows][mine][0]
                right.append(np.bincount(one.ours[mine, 0].astype(int)).argmax() == real)
                floor.append(np.bincount(one.floor[mine, 0].astype(int)).argmax() == real)
    yield Row("basic", f"takes right of {len(right)}, by vote (%)", 100 * float(np.mean(right)),
              100 * float(np.mean(floor)), ">= 97")  # fmt: skip


def _watch_table(path: Path, target: Path) -> Path:
    """The takes of a .ts file as lines of a CSV."""
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.partition("@data")[2].splitlines() if line.strip()]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["take", "frame", *(f"channel{place}" for place in range(6)), "label"])
        for take, line in enumerate(lines):
            *channels, label = line.split(":")
            values = np.array([[float(one) for one in channel.split(",")] for channel in channels])
            for frame, numbers in enumerate(values.T, 1):
                writer.writerow([f"take{take:02d}", frame, *numbers, label])
    return target


def phase() -> Iterable[Row]:
    """CMU walks: every clip left out once; the phase is 0 where the left foot is furthest forward.

    That is the heel strike (Zeni et al. 2008, "Two simple methods for determining gait events during
    treadmill and overground walking using kinematic data"). DeepMimic has one clip of each kind, so that no
    other of the same kind can be left out.
    """
    folders = [SHARED / "motion_cmu_labelled" / name for name in ("walking", "walking_extra")]
    skeleton = read_clip(next((SHARED / "motion_cmu_bvh").glob("*.bvh.gz")))
    tables = []
    for folder in folders:
        clips = {"type": "DataSource", "path": str(folder)}
        windows: dict[str, Any] = {"type": "MotionFeatures", "inputs": {"motion": "clips.features"}}
        windows |= {"frame_rate": 30.0, "window": 0.4, "hop": 0.033}
        values = graph_values({"clips": clips, "windows": windows})
        motion, source = values["clips"]["features"], values["windows"]["features"]
        tables.append(paired(source, _strides(motion, skeleton)))
    found, floor, truth = [], [], []
    for folder_place, (source, _) in enumerate(tables):
        for group in np.unique(source.groups):
            left = np.flatnonzero(source.groups == group)
            both = [tables[folder_place], tables[1 - folder_place]]
            joined, real = _stacked([one[0] for one in both]), _stacked([one[1] for one in both])
            trained = np.setdiff1d(np.arange(len(joined)), left)
            samples = row_samples(joined, trained, flip=False)
            one = learned(samples, real, trained, left, MLP("net"), steps=1500)
            found.append(one.ours[:, 0])
            floor.append(one.floor[:, 0])
            truth.append(real.lines()[left, 0])
    yield Row("phase", f"CMU walks, {len(truth)} clips: error (% of a cycle)", _circular(found, truth),
              _circular(floor, truth), "< 5")  # fmt: skip


def _circular(found: list[Floats], truth: list[Floats]) -> float:
    """Mean distance around a circle of 1, in percent."""
    gap = np.abs(np.concatenate(found) - np.concatenate(truth))
    return 100.0 * float(np.minimum(gap, 1.0 - gap).mean())


def _stacked(tables: list[Table]) -> Table:
    """Tables of the same columns, one after another."""
    first = np.cumsum([0, *(len(table.values) for table in tables[:-1])])
    return replace(
        tables[0],
        values=np.concatenate([table.values for table in tables]),
        groups=np.concatenate([table.groups for table in tables]),
        frames=np.concatenate([table.frames for table in tables]),
        starts=np.concatenate([table.starts + place for table, place in zip(tables, first, strict=True)]),
    )


def _strides(motion: Any, skeleton: Any) -> Table:
    """The phase of each frame between two heel strikes of the left foot."""
    from scipy.signal import find_peaks

    groups, frames, phases = [], [], []
    for clip, name in zip(motion.clips, motion.names, strict=True):
        places = kinematics(_on(clip, skeleton))
        heel = skeleton.joints.index("LeftFoot")
        hips = places[:, 0]
        ahead = np.gradient(hips, axis=0) * [1.0, 0.0, 1.0]
        ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
        forward = ((places[:, heel] - hips) * ahead).sum(axis=1)
        strikes, _ = find_peaks(forward, distance=int(0.7 * clip.rate), prominence=0.3 * np.ptp(forward))
        for start, end in pairwise(strikes.tolist()):
            groups += [name] * (end - start)
            frames += list(range(start + 1, end + 1))
            phases += (np.arange(end - start) / (end - start)).tolist()
    column = Column("phase", "circular", period=1.0)
    return single_lines([column], np.array(phases)[:, None], np.array(groups), np.array(frames))


def _on(clip: Any, skeleton: Any) -> Any:
    """The rotations of a clip on a skeleton of the same joints; ends of limbs are left out."""
    order = [clip.joints.index(name) for name in skeleton.joints]
    return replace(clip, joints=skeleton.joints, parents=skeleton.parents, offsets=skeleton.offsets,
                   vectors=clip.vectors[:, order])  # fmt: skip


def frames_and_labels(
    folder: Path, labels: dict[str, Any], resolution: str
) -> tuple[Any, Table, NDArray[np.float32]]:
    """The frames of a folder, their labels, and both shrunk for a network."""
    first = sorted(folder.glob("*_000.*") or folder.glob("*000.*")) or sorted(folder.glob("*000.*"))
    pattern = first[0].name.replace("000", "###")
    nodes = {
        "frames": {"type": "DataSource", "path": str(folder / pattern)},
        "rows": {"type": "DataSource", "path": str(folder / "truth.csv"), "frame_column": "file", **labels},
    }
    values = graph_values(nodes)
    frames, table = values["frames"]["frames"], values["rows"]["labels"]
    numbers = [number for number in table.frames.tolist() if number in set(frames.numbers)]
    table = table.select([table.frames.tolist().index(number) for number in numbers])
    channels = frames.spec(numbers[0]).channels
    return channels, table, shrunk(frames, numbers, channels, int(resolution), lambda _: None)


def yaw() -> Iterable[Row]:
    """Rendered heads: angles left out of the grid in three ways."""
    recipe = FrameNet("net", {"sees": "edges", "model_size": "small"})
    channels, labels, pixels = frames_and_labels(
        SHARED / "faces_ict_pose", {"labels": ["yaw_deg", "pitch_deg"]}, recipe.resolution
    )
    turned, lifted = labels.column("yaw_deg"), labels.column("pitch_deg")
    steps = np.rint((turned + 60.0) / 15.0 + (lifted + 30.0) / 15.0).astype(int)
    ways = {
        "every other cell": [steps % 2 == 0, steps % 2 == 1],
        "a whole yaw": [turned == one for one in (-45.0, -30.0, -15.0, 0.0, 15.0, 30.0, 45.0)],
        "a whole pitch": [lifted == one for one in (-15.0, 0.0, 15.0)],
    }
    for name, folds in ways.items():
        answers = []
        for left in folds:
            rows = np.flatnonzero(~left)
            samples = frame_samples(pixels, channels, rows, "edges", flip=True, jitter=True)
            rest = np.flatnonzero(left)
            answers.append(learned(samples, labels, rows, rest, recipe, steps=500, mirror=("yaw_deg",)))
        rows = np.concatenate([one.rows for one in answers])
        for place, column in enumerate(("yaw", "pitch")):
            real = labels.lines()[rows, place]
            ours, floor = (np.concatenate([getattr(one, who)[:, place] for one in answers])
                           for who in ("ours", "floor"))  # fmt: skip
            order = np.argsort(np.argsort(real, kind="stable")).astype(np.float64)
            print(f"  {name}, {column}: a perfect order reaches {_ranks(real, order):.3f}")
            yield Row("yaw", f"{name} left out: rank correlation of {column}", _ranks(real, ours),
                      _ranks(real, floor), ">= 0.97")  # fmt: skip


def _ranks(real: Floats, found: Floats) -> float:
    """Spearman's rank correlation, equal values sharing their mean rank."""
    from scipy.stats import spearmanr

    return float(spearmanr(real, found).statistic)


FOLDS = {
    (1, 2): "contrast",
    (3, 4): "contrast",
    (5, 11, 15): "contrast",
    (6, 7, 13): "colours",
    (8, 9, 10): "contrast",
    (12, 14, 16): "colours",
}
"""Groups of photographs whose persons wear the same clothes, put together where one person is in several; and
what the nets see for whom they are left out, chosen by the neighbouring folds alone (docs/tried.md)."""


def faces() -> Iterable[Row]:
    """CMU faces: persons left out in 6 folds, told apart by their clothes, for no file says who is who."""
    from scipy.cluster.hierarchy import fcluster, linkage

    channels, labels, pixels = frames_and_labels(SHARED / "faces_cmu_pose", {"labels": ["pose"]}, "32")
    bright = pixels[:, 0] / pixels[:, 0].mean(axis=(1, 2), keepdims=True)
    seen = [bright[:, 26:], 3.0 * bright[:, :6, :5], 3.0 * bright[:, :6, -5:]]
    clothes = np.concatenate([part.reshape(len(bright), -1) for part in seen], axis=1)
    groups = fcluster(linkage(clothes, "average"), 16, "maxclust")
    answers = []
    for fold, sees in FOLDS.items():
        recipe = FrameNet("net", {"sees": sees, "ensemble": 3})
        left = np.isin(groups, fold)
        rows = np.flatnonzero(~left)
        samples = frame_samples(pixels, channels, rows, sees, flip=True, jitter=True)
        turns = ("facing_image_left=facing_image_right",)
        answers.append(learned(samples, labels, rows, np.flatnonzero(left), recipe, steps=500, mirror=turns))
    rows = np.concatenate([one.rows for one in answers])
    ours, floor = (np.concatenate([getattr(one, who)[:, 0] for one in answers]) == labels.lines()[rows, 0]
                   for who in ("ours", "floor"))  # fmt: skip
    yield Row("faces", "straight, left, right, up: right (%)", 100 * float(ours.mean()),
              100 * float(floor.mean()), ">= 90")  # fmt: skip


BENCHMARKS: dict[str, Callable[[], Iterable[Row]]] = {
    "motion": motion, "basic": basic, "phase": phase, "yaw": yaw, "faces": faces,
}  # fmt: skip


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description="Figures of networks for labels.")
    parser.add_argument("rows", nargs="*", help="beginnings of the rows' names; all without")
    wanted = tuple(parser.parse_args().rows)
    if not SHARED.is_dir():
        raise SystemExit(f"{SHARED} is not there: set UNDERSTUDY_SHARED_DATA")
    print(f"{'row':<8} {'figure':<50} {'network':>9} {'floor':>9}  {'wanted':<8} {'CPU s':>7}")
    for name, benchmark in BENCHMARKS.items():
        if wanted and not name.startswith(wanted):
            continue
        began = time.process_time()
        for row in benchmark():
            floor = "" if row.floor is None else f"{row.floor:9.3f}"
            spent = time.process_time() - began
            line = f"{row.name:<8} {row.figure:<50} {row.ours:9.3f} {floor:>9}  {row.wanted:<8} {spent:7.1f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
