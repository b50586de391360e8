"""The numbers by which rows and poses are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.diagnosis.naming import Row, row_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.nodes.media.motion.motion import Motion
    from understudy.nodes.media.tables.table import Table

VERTICES = 200
"""Vertices of a pose that are compared with those of another, evenly spread."""

ALIKE = 1e-4
"""Two shapes are the same when no vertex differs by this share of the rest shape's diagonal."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is to look at.

    Attributes:
        names: Clip and frame of each of the N rows or poses.
        values: `(M, C)` lines; a row is one of them, or a window of several.
        columns: The columns' names.
        starts: `(N,)`, the first line of each row.
        length: Lines of each row.
        steps: `(C,)`, values of rows that repeat each other differ by less; NaN in columns by which rows are
            not compared.
        labels: `(N, K)`, what each row is to teach; None where nothing is known of it.
        tolerance: Labels that differ by no more are the same.
        words: What a row, its values and its labels are called.
        own_constants: Whether columns that never change are told here, and not by what read them.
    """

    names: list[Row]
    values: NDArray[np.float64]
    columns: Sequence[str]
    starts: NDArray[np.int64]
    steps: NDArray[np.float64]
    length: int = 1
    labels: NDArray[np.float64] | None = None
    tolerance: float = 1e-8
    words: tuple[str, str, str] = ("row", "features", "labels")
    own_constants: bool = True


def rows_of(value: Any, truth: Any | None) -> Rows:
    """What a wire carries, and what is learned of it.

    Args:
        value: A table, motion or posed meshes.
        truth: A table of labels, or posed meshes; None where there is none.
    """
    if hasattr(value, "rig"):
        return _of_driven_poses(value, truth) if value.driven else _of_shapes(value)
    table: Table = _frames_of(value) if hasattr(value, "clips") else value
    return Rows(
        row_names(table), table.values, table.names, table.starts, millionths(table.values), table.length,
        _labels_of(table, truth),
    )  # fmt: skip


def millionths(values_NC: NDArray[np.floating]) -> NDArray[np.float64]:
    """A millionth of the range of each column, `(C,)`; of one that never changes, nearly nothing."""
    known = values_NC[np.isfinite(values_NC).all(axis=1)]
    ranges = np.ptp(known, axis=0) if len(known) else np.zeros(values_NC.shape[1])
    return np.maximum(1e-6 * ranges, 1e-18).astype(np.float64)


def _frames_of(motion: Motion) -> Table:
    """A row for each frame of motion, whatever will be made of it."""
    from understudy.nodes.media.motion.features import Wanted, lines_of

    plain = Wanted(rotations=True, velocities=True, root=True, up="y", lateral="x", rate=0, mirror=False)
    return lines_of(motion, plain)


def _labels_of(table: Table, truth: Table | None) -> NDArray[np.float64] | None:
    """The labels of each row, by clip and frame; NaN where it has none."""
    if truth is None:
        return None
    places = {key: place for place, key in enumerate(truth.keys)}
    lines = np.concatenate([truth.lines(), np.full((1, len(truth.columns)), np.nan)])
    return np.asarray(lines[[places.get(key, -1) for key in table.keys]])


def _of_floats(values_NC: NDArray[np.float64]) -> NDArray[np.float64]:
    """As `millionths`, but not below what single precision tells apart, `(C,)`."""
    return np.asarray(np.maximum(millionths(values_NC), 1e-6 * np.abs(values_NC).max(axis=0, initial=0.0)))


def _of_driven_poses(poses: PosedMeshes, truth: PosedMeshes | None) -> Rows:
    """Controls, how each joint is turned and moved against its parent, and how far the shape is deformed."""
    controls = poses.controls.astype(np.float64)
    values, columns, steps = [controls], list(poses.rig.control_names), [_of_floats(controls)]
    for array, names, step in _of_joints(poses):
        values.append(array)
        columns += names
        steps.append(np.full(len(names), step))
    shapes = truth if truth is not None and truth.has_vertices and len(truth) == len(poses) else poses
    labels = None
    if shapes.has_vertices:
        values.append(_farthest(poses, shapes)[:, None])
        columns.append("largest distance from skinning")
        steps.append(np.array([np.nan]))
        labels = _some_vertices(shapes)
    together = np.concatenate(values, axis=1)
    return Rows(
        row_names(poses), together, columns, np.arange(len(poses)), np.concatenate(steps), labels=labels,
        tolerance=ALIKE * poses.rig.diagonal, words=("pose", "controls and joints", "vertices"),
        own_constants=False,
    )  # fmt: skip


def _of_joints(poses: PosedMeshes) -> list[tuple[NDArray[np.float64], list[str], float]]:
    """Rotation vectors in degrees, and offsets in the rig's units; and the steps in which they count."""
    from scipy.spatial.transform import Rotation

    from understudy.nodes.media.meshes.rotations import against_parents, polar

    matrices, rig = poses.joint_matrices, poses.rig
    if matrices is None or rig.joint_parents is None:
        return []
    turned = polar(against_parents(matrices[..., :3].astype(np.float64), rig.joint_parents))
    turned *= np.sign(np.linalg.det(turned))[..., None, None]  # of joints in a mirror
    vectors = Rotation.from_matrix(turned.reshape(-1, 3, 3)).as_rotvec(degrees=True)
    places = matrices[..., 3].astype(np.float64)
    parents = np.where(rig.joint_parents < 0, 0, rig.joint_parents)
    moved = places - np.where(rig.joint_parents[:, None] < 0, 0, places[:, parents])
    flat = (len(poses), -1)
    turns, offsets = (
        [f"{joint} {what} {axis}" for joint in rig.joint_names for axis in "xyz"]
        for what in ("turn", "place")
    )
    return [(vectors.reshape(flat), turns, 0.01), (moved.reshape(flat), offsets, 1e-5 * rig.diagonal)]


def _farthest(poses: PosedMeshes, shapes: PosedMeshes) -> NDArray[np.float64]:
    """How far the farthest vertex of each pose lies from where skinning alone puts it, `(N,)`."""
    from understudy.nodes.media.meshes.skinning import skinned

    joints = poses.joint_matrices
    found = []
    for block in poses.blocks():
        vertices = shapes.vertices(block)
        base = skinned(poses.rig, None if joints is None else joints[block], len(vertices), space="object")
        found.append(np.linalg.norm(vertices - base.vertices, axis=-1).max(axis=1))
    return np.concatenate(found).astype(np.float64)


def _some_vertices(poses: PosedMeshes) -> NDArray[np.float64]:
    chosen = _chosen(poses)
    found = np.concatenate([poses.vertices(block)[:, chosen] for block in poses.blocks()])
    return found.reshape(len(poses), -1).astype(np.float64)


def _chosen(poses: PosedMeshes) -> NDArray[np.int64]:
    count = len(poses.rig.rest)
    return np.linspace(0, count - 1, min(VERTICES, count)).astype(np.int64)


def _of_shapes(poses: PosedMeshes) -> Rows:
    names = [f"vertex {vertex} {axis}" for vertex in _chosen(poses) for axis in "xyz"]
    steps = np.full(len(names), ALIKE * poses.rig.diagonal)
    return Rows(
        row_names(poses), _some_vertices(poses), names, np.arange(len(poses)), steps,
        words=("pose", "vertices", "labels"), own_constants=False,
    )  # fmt: skip
