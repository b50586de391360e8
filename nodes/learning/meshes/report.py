"""What a trained deformer is told about, in sentences."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.deformers.measuring import errors_by_group, errors_of
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.learning.meshes.suggest import poses_to_capture

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.training import Concluded
    from understudy.nodes.media.meshes.posed import PosedMeshes

SHOWN = 5
"""Controls and poses that are named."""

MEASURED = 60_000
"""Vertices that are measured as training goes."""

TIMED = 32
"""Poses that a batch's time is measured on."""


THIN_ERROR, THIN_SHARE = 1.2, 0.4
"""A control is thin where held-out poses that move it far have this times the usual error and more, and where
its trained poses that go as far are under this share of what the held-out ones would suggest."""


@dataclass(frozen=True, slots=True)
class ThinControl:
    """A control, or a joint, of which there are too few poses.

    Attributes:
        name: As the rig calls it.
        percent: Rms error of that quarter of the held-out poses which moves it farthest, in percent
            of the diagonal.
        times: The same over the error of all held-out poses.
        trained: How many trained poses move it as far.
        of: How many trained poses there are.
    """

    name: str
    percent: float
    times: float
    trained: int
    of: int

    def __str__(self) -> str:
        return (
            f'"{self.name}": {self.trained} of {self.of:,} trained poses move it as far as the quarter of '
            f"the held-out ones that move it most, and the error there is {self.percent:.3g} %, "
            f"{self.times:.1f} times the usual"
        )


def thin_controls(deformer: Deformer, training: PosedMeshes, held_out: PosedMeshes) -> list[ThinControl]:
    """The controls that need more poses, those with the largest errors first.

    Both must be seen: errors that are larger where the control is moved far, and few trained poses there.
    """
    found = errors_of(deformer, held_out)
    table, groups = errors_by_group(deformer, held_out, found), deformer.inputs.groups
    held, trained = (deformer.seen(poses.controls, poses.joint_matrices) for poses in (held_out, training))
    thin = []
    for group, name in enumerate(deformer.inputs.names):
        away, known = (np.linalg.norm(rows[:, groups == group], axis=1) for rows in (held, trained))
        far = np.quantile(away, 0.75)
        as_far, times = int((known >= far).sum()), table[name][0] / max(found.percent, 1e-30)
        if times >= THIN_ERROR and as_far < THIN_SHARE * (away >= far).mean() * len(known):
            thin.append(ThinControl(name, table[name][0], times, as_far, len(known)))
    return sorted(thin, key=lambda control: -control.percent)


def vertex_errors(deformer: Deformer, poses: PosedMeshes) -> dict[str, float]:
    """The root mean square error of vertices, in scene units and in percent of the diagonal.

    It is of evenly spaced poses, as many as take no time: 60,000 vertices together.
    """
    rows = np.arange(len(poses))[:: -(-len(poses) * len(poses.rig.rest) // MEASURED)]
    found = errors_of(deformer, poses.select(rows))
    return {f"rms error ({poses.rig.units})": found.rms, "rms error (% of the diagonal)": found.percent}


def pose_names(poses: PosedMeshes) -> list[str]:
    """What to call each pose: its frame, and its clip or file where there are several."""
    frames, clips = poses.frames.tolist(), poses.clips
    if clips is None:
        clips = np.array([poses.files[number].stem for number in poses.places[:, 0]])
    if len(np.unique(clips)) < 2:
        return [str(frame) for frame in frames]
    return [f"{clip} {frame}" for clip, frame in zip(clips, frames, strict=True)]


def sentences(
    concluded: Concluded, training: PosedMeshes, held_out: PosedMeshes, preview: PosedMeshes | None
) -> list[str]:
    """Errors, controls, what to capture next, and how large and fast the model is."""
    deformer, rig = concluded.deformer, held_out.rig
    found = errors_of(deformer, held_out)
    each = ", ".join(f"{name} {percent:.4f} %" for name, percent in concluded.percent.items())
    overall = (
        f"Rms error on {len(held_out)} held-out poses, of the diagonal: {each}. The model is the "
        f"{concluded.chosen}: {found.rms:.4g} {rig.units}, largest {float(found.worst.max()):.4g} "
        f"{rig.units} ({found.worst_percent:.3f} %)."
    )
    groups = sorted(errors_by_group(deformer, held_out, found).items(), key=lambda one: -one[1][0])
    worst = ", ".join(f"{name} {rms:.3f} % (largest {most:.2f} %)" for name, (rms, most) in groups[:SHOWN])
    told = [overall, f"Largest errors where these are far from their mean: {worst}."]
    thin = thin_controls(deformer, training, held_out)[:SHOWN]
    if thin:
        told += [f"Too few poses for {control}." for control in thin]
    if preview is not None:
        told += [*_to_capture(concluded, preview, training), *beyond(deformer, preview)]
    return [*told, _speed(concluded.deformer, held_out)]


def _to_capture(concluded: Concluded, animation: PosedMeshes, training: PosedMeshes) -> list[str]:
    model = MeshModel(concluded.deformer, concluded.uncertainty)
    found = poses_to_capture(animation, training, model, SHOWN)
    names = pose_names(animation)
    listed = ", ".join(f"{names[one.row]} ({100.0 * one.score:.2g} %)" for one in found)
    if not found:
        return ["No pose of the preview would take away much of its expected error."]
    return [f"Poses to capture next, by what they take from the preview's expected squared error: {listed}."]


def beyond(deformer: Deformer, poses: PosedMeshes) -> list[str]:
    """Which controls leave the range that was trained on, in one sentence or none."""
    found = deformer.beyond(poses)
    if not found:
        return []
    worst = sorted(found.items(), key=lambda one: -int(one[1].sum()))
    listed = ", ".join(f"{name} in {int(out.sum())}" for name, out in worst[:SHOWN])
    more = "" if len(worst) <= SHOWN else f" and {len(worst) - SHOWN} more"
    return [f"Controls outside of the range trained on, of {len(poses)} poses: {listed}{more}."]


def _speed(deformer: Deformer, poses: PosedMeshes) -> str:
    size = sum(array.nbytes for name, array in deformer.arrays().items() if not name.startswith("rig/"))
    controls, matrices = poses.controls[:TIMED], poses.joint_matrices
    some = None if matrices is None else matrices[: len(controls)]

    def milliseconds(count: int) -> float:
        began = time.perf_counter()
        deformer.predict(controls[:count], None if some is None else some[:count])
        return 1000.0 * (time.perf_counter() - began) / count

    milliseconds(1)
    one, many = milliseconds(1), milliseconds(len(controls))
    return f"The model has {size / 1e6:.1f} MB; a pose takes {one:.1f} ms, in a batch {many:.1f} ms."
