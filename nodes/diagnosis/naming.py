"""What rows and poses are called: by their frame, and by their clip where there are several."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.graph.ranges import compact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from understudy.nodes.media.meshes.posed import PosedMeshes

Row = tuple[str, int]
"""Clip and frame; the clip is empty where there is only one."""


def row_names(value: Any) -> list[Row]:
    """Clip and frame of each row of a table or pose of a rig; no two are the same.

    Poses whose files say no clip, or the same frames of one, are called by their file.
    """
    return list(value.keys) if hasattr(value, "keys") else _pose_names(value)


def _pose_names(poses: PosedMeshes) -> list[Row]:
    whole = replace(poses, places=_all_places(poses))
    for by_file in (False, True):
        if len(set(_clips_and_frames(whole, by_file=by_file))) == len(whole):  # whichever poses were chosen
            return _clips_and_frames(poses, by_file=by_file)
    return [(poses.files[part].stem, row + 1) for part, row in poses.places.tolist()]


def _all_places(poses: PosedMeshes) -> Any:
    import numpy as np

    arrays = ("controls", "joint_matrices", "vertices", "deltas")
    counts = [max(len(part[name]) for name in arrays if name in part) for part in poses.parts]
    return np.array([(part, row) for part, count in enumerate(counts) for row in range(count)], np.int64)


def _clips_and_frames(poses: PosedMeshes, *, by_file: bool) -> list[Row]:
    clips = None if by_file else poses.clips
    if by_file:
        names = [poses.files[part].stem for part in poses.places[:, 0].tolist()]
    else:
        names = [""] * len(poses) if clips is None else clips.tolist()
    return list(zip(names, poses.frames.tolist(), strict=True))


def entry(row: Row) -> str:
    """A row as a list of what to leave out has it.

    >>> entry(("", 7)), entry(("walk_1", 7)), entry(("range of motion", 7))
    ('7', 'walk_1:7', '"range of motion":7')
    """
    clip, frame = row
    if not clip:
        return str(frame)
    return f'"{clip}":{frame}' if re.search(r'[\s"#]', clip) else f"{clip}:{frame}"


def listed_rows(rows: Iterable[Row]) -> str:
    """Rows as ranges, clip by clip.

    >>> listed_rows([("walk_1", 1), ("walk_1", 2), ("run", 5)])
    'run:5, walk_1:1-2'
    """
    frames: dict[str, list[int]] = {}
    for clip, frame in sorted(rows):
        frames.setdefault(clip, []).append(frame)
    parts = ((clip, compact(numbers)) for clip, numbers in frames.items())
    return ", ".join(f"{entry((clip, 0))[:-1]}{numbers}" if clip else numbers for clip, numbers in parts)
