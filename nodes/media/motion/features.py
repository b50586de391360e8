"""Motion as numbers that a network learns from: rotations, speeds, and where the root goes.

Rotations are the first two columns of their matrices (Zhou et al. 2019, "On the continuity of rotation
representations in neural networks"); the root's turn about the vertical is taken out, for a walk is a walk
whichever way it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.transform import Rotation

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.motion.mirroring import partners
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import Mirror, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.motion.clip import Clip
    from understudy.nodes.media.motion.motion import Motion

    Floats = NDArray[np.float64]

SIXD = ("xx", "xy", "xz", "yx", "yy", "yz")
"""Elements of a rotation's first two columns: which axis, along which."""

AXES = "xyz"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is made of motion.

    Attributes:
        rotations: Whether joints are given as 6 numbers each.
        velocities: Whether their angular velocities are, 3 numbers each, in radians a second.
        root: Whether the root's velocity, turning speed and height are.
        up: The vertical axis.
        lateral: The axis to the side, of a figure that is not turned.
        rate: Frames a second that are taken; 0 takes all.
        mirror: Whether rows know how they look in a mirror.
    """

    rotations: bool
    velocities: bool
    root: bool
    up: str
    lateral: str
    rate: float
    mirror: bool


def lines_of(motion: Motion, wanted: Wanted) -> Table:
    """A line for each frame that is taken; its frame number is that of the clip.

    Raises:
        UnderstudyError: A clip has too few frames a second, or names don't tell left from right.
    """
    values, groups, frames = [], [], []
    rate = 0.0
    for clip, name in zip(motion.clips, motion.names, strict=True):
        taken, rate = _taken(clip, wanted.rate)
        values.append(_numbers(clip, taken, rate, wanted))
        groups.append(np.full(len(taken), name))
        frames.append(taken + 1)
    columns = _columns(motion.joints, wanted)
    lines = np.concatenate(values)
    mirror = _mirror(motion.joints, columns, wanted) if wanted.mirror else None
    return Table(
        columns, lines, np.concatenate(groups), np.concatenate(frames), np.arange(len(lines)),
        files=tuple(clip.path for clip in motion.clips), rate=rate, mirror=mirror,
    )  # fmt: skip


def _taken(clip: Clip, rate: float) -> tuple[NDArray[np.int64], float]:
    """The frames that are taken, and how many of them a second has."""
    if not rate:
        return np.arange(len(clip)), clip.rate
    if rate > 1.001 * clip.rate:
        raise UnderstudyError(
            f"{clip.path} has {clip.rate:g} frames a second; {rate:g} can't be taken from it."
        )
    count = int((len(clip) - 1) * rate / clip.rate + 1e-6) + 1
    return np.minimum(np.rint(np.arange(count) * clip.rate / rate), len(clip) - 1).astype(np.int64), rate


def _numbers(clip: Clip, taken: NDArray[np.int64], rate: float, wanted: Wanted) -> Floats:
    count, joints = len(taken), len(clip.joints)
    turned = Rotation.from_rotvec(clip.vectors[taken].reshape(-1, 3)).as_matrix().reshape(count, joints, 3, 3)
    up = AXES.index(wanted.up)
    heading = _heading(turned[:, 0], up)
    turned[:, 0] = np.swapaxes(heading, 1, 2) @ turned[:, 0]
    parts: list[Floats] = []
    if wanted.root:
        speed = np.swapaxes(heading, 1, 2) @ _rates(clip.root[taken], rate)[:, :, None]
        steps = Rotation.from_matrix(np.swapaxes(heading[:-1], 1, 2) @ heading[1:]).as_rotvec()[:, up]
        turning = np.append(steps, steps[-1:]) * rate if count > 1 else np.zeros(count)
        parts += [
            speed[:, :, 0],
            turning[:, None],
            clip.root[taken][:, up : up + 1] - np.median(clip.root[:, up]),
        ]
    if wanted.rotations:
        sixd = np.concatenate([turned[..., 0], turned[..., 1]], axis=-1)
        parts.append(sixd.reshape(count, -1))
    if wanted.velocities:
        parts.append(_turns(turned, rate).reshape(count, -1))
    return np.concatenate(parts, axis=1)


def _heading(root: Floats, up: int) -> Floats:
    """The root's turn about the vertical, `(N, 3, 3)`: the twist of swing and twist."""
    quaternions = Rotation.from_matrix(root).as_quat()
    twist = np.zeros_like(quaternions)
    twist[:, up], twist[:, 3] = quaternions[:, up], quaternions[:, 3]
    length = np.linalg.norm(twist, axis=1, keepdims=True)
    twist = np.where(length > 1e-6, twist / np.maximum(length, 1e-6), [0.0, 0.0, 0.0, 1.0])
    return np.asarray(Rotation.from_quat(twist).as_matrix())


def _rates(places: Floats, rate: float) -> Floats:
    """Change a second, `(N, 3)`, the last as the one before it."""
    if len(places) < 2:
        return np.zeros_like(places)
    steps = np.diff(places, axis=0) * rate
    return np.concatenate([steps, steps[-1:]])


def _turns(turned: Floats, rate: float) -> Floats:
    """Angular velocities `(N, J, 3)`, in each joint's parent, in radians a second."""
    count, joints = turned.shape[:2]
    if count < 2:
        return np.zeros((count, joints, 3))
    steps = (turned[1:] @ np.swapaxes(turned[:-1], 2, 3)).reshape(-1, 3, 3)
    vectors = Rotation.from_matrix(steps).as_rotvec().reshape(count - 1, joints, 3) * rate
    return np.concatenate([vectors, vectors[-1:]])


def _columns(joints: Sequence[str], wanted: Wanted) -> tuple[Column, ...]:
    names: list[str] = []
    if wanted.root:
        names += [f"root speed {axis}" for axis in AXES] + ["root turning", "root height"]
    if wanted.rotations:
        names += [f"{joint} {element}" for joint in joints for element in SIXD]
    if wanted.velocities:
        names += [f"{joint} turns {axis}" for joint in joints for axis in AXES]
    return tuple(Column(name, "number") for name in names)


def _mirror(joints: Sequence[str], columns: Sequence[Column], wanted: Wanted) -> Mirror:
    """How lines look mirrored: vectors change sign along the side, turns about the other two axes."""
    pairs = partners(joints)
    side = [-1.0 if axis == wanted.lateral else 1.0 for axis in AXES]
    names = {column.name: place for place, column in enumerate(columns)}
    places, signs = np.arange(len(columns)), np.ones(len(columns))
    if wanted.root:
        signs[:3], signs[3] = side, -1.0
    for joint, other in zip(joints, (joints[pair] for pair in pairs), strict=True):
        if wanted.rotations:
            for element in SIXD:
                here = names[f"{joint} {element}"]
                places[here] = names[f"{other} {element}"]
                signs[here] = side[AXES.index(element[0])] * side[AXES.index(element[1])]
        if wanted.velocities:
            for number, axis in enumerate(AXES):
                here = names[f"{joint} turns {axis}"]
                places[here], signs[here] = names[f"{other} turns {axis}"], -side[number]
    return Mirror(places, signs)


def windows_of(lines: Table, length: float, hop: float) -> tuple[Table, list[str]]:
    """Windows of lines that never cross from one clip into another.

    Args:
        lines: Single lines.
        length: Of a window, in seconds, or in lines where nothing says how many a second has.
        hop: From one window's beginning to the next's, the same.

    Returns:
        The windows, each numbered by the frame in its middle, and the names of clips too short for one.

    Raises:
        UnderstudyError: No clip is long enough.
    """
    scale = lines.rate or 1.0
    wide, step = max(1, round(length * scale)), max(1, round(hop * scale))
    starts, short = [], []
    for group in dict.fromkeys(lines.groups.tolist()):
        mine = np.flatnonzero(lines.groups == group)
        if len(mine) < wide:
            short.append(str(group))
            continue
        starts.append(mine[: len(mine) - wide + 1 : step])
    if not starts:
        longest = max(int((lines.groups == group).sum()) for group in np.unique(lines.groups))
        raise UnderstudyError(
            f"A window has {wide:,} frames, and the longest clip {longest:,}. Take a shorter one."
        )
    first = np.concatenate(starts)
    from dataclasses import replace

    windows = replace(
        lines, groups=lines.groups[first], frames=lines.frames[first + wide // 2], starts=first, length=wide
    )
    return windows, short
