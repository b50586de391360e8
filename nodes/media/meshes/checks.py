"""What is wrong with posed meshes, in sentences."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError, nearest
from understudy.nodes.media.meshes import topology
from understudy.nodes.media.meshes.layout import check_layout
from understudy.nodes.media.meshes.rotations import against_parents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.nodes.media.meshes.rig import Rig

LISTED = 5
"""Controls or joints that are named in a note, at most."""

STILL = 1e-4
"""Turns by no more than this are none; sine of the angle, which float32 matrices miss by 1e-6."""


def check_arrays(file: Path, part: dict[str, NDArray[Any]]) -> None:
    """Refuses a file whose arrays are missing or don't fit to each other; see `layout.check_layout`."""
    check_layout(file, {name: array.shape for name, array in part.items()})


def check_rig(file: Path, rig: Rig) -> None:
    """Refuses a rig with faces out of range, a broken skeleton, or weights that don't sum to one.

    Raises:
        MediaError: It names the first vertex, face or joint that is wrong.
    """
    if not np.isfinite(rig.rest).all():
        vertex = int(np.argwhere(~np.isfinite(rig.rest).all(axis=1))[0, 0])
        raise MediaError(file, f"Vertex {vertex} of the rest shape is not a number. Export the mesh again.")
    if rig.faces.size and (rig.faces.max() >= len(rig.rest) or rig.faces[:, :3].min() < 0):
        raise MediaError(
            file, f"A face names vertex {rig.faces.max()}, and there are {len(rig.rest):,} vertices."
        )
    repeated = {name for name in rig.control_names if rig.control_names.count(name) > 1}
    if repeated:
        raise MediaError(file, f'Two controls are called "{min(repeated)}"; each needs a name of its own.')
    _check_skeleton(file, rig)


def _check_skeleton(file: Path, rig: Rig) -> None:
    parents = rig.joint_parents
    if parents is not None:
        for joint, parent in enumerate(parents):
            if parent >= joint:
                raise MediaError(
                    file,
                    f'Joint "{rig.joint_names[joint]}" stands before its parent, number {parent}. '
                    "Order the joints so that each comes after its parent; the first has -1.",
                )
    if rig.skin_weights is None:
        return
    sums = rig.skin_weights.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(~(np.abs(sums - 1.0) < 1e-3))
    if len(wrong):
        raise MediaError(
            file,
            f"The skin weights of {len(wrong):,} vertices don't sum to one: those of vertex {wrong[0]} "
            f"sum to {sums[wrong[0]]:.4g}. Normalise the weights in the rig and export again.",
        )


def check_same_rig(file: Path, rig: Rig, first_file: Path, first: Rig) -> None:
    """Refuses a file whose rig is not that of the first one, or of a trained model.

    Raises:
        MediaError: It says what differs: vertex count, or controls missing, renamed or reordered.
    """
    if len(rig.rest) != len(first.rest):
        raise MediaError(
            file, f"Its mesh has {len(rig.rest):,} vertices, that of {first_file} has {len(first.rest):,}. "
            "Poses of one rig must share one topology.",
        )  # fmt: skip
    check_names(file, "control", rig.control_names, first.control_names, str(first_file))
    check_names(file, "joint", rig.joint_names, first.joint_names, str(first_file))
    for name in ("rest", "faces", "skin_weights", "bind_matrices"):
        mine, its = getattr(rig, name), getattr(first, name)
        if (mine is None) != (its is None) or (mine is not None and not _alike(mine, its, rig.diagonal)):
            raise MediaError(file, f"Its {name} differ from those of {first_file}. Export both from one rig.")


def check_names(file: Path, what: str, names: Sequence[str], wanted: Sequence[str], source: str) -> None:
    """Refuses controls or joints that are not the wanted ones in their order.

    Raises:
        MediaError: It names the first that is missing with the nearest name found, or those out of order.
    """
    if tuple(names) == tuple(wanted):
        return
    for name in wanted:
        if name not in names:
            like = nearest(name, [other for other in names if other not in wanted])
            hint = f' Was it renamed to "{like}"?' if like else ""
            raise MediaError(file, f'The {what} "{name}" of {source} is missing.{hint}')
    for name in names:
        if name not in wanted:
            raise MediaError(file, f'It has a {what} "{name}", which {source} does not have.')
    place = next(i for i, pair in enumerate(zip(names, wanted, strict=True)) if pair[0] != pair[1])
    raise MediaError(
        file,
        f'Its {what}s are those of {source} in another order: number {place + 1} is "{names[place]}", '
        f'expected "{wanted[place]}". Export them in one order.',
    )


def _alike(mine: NDArray[Any], its: NDArray[Any], diagonal: float) -> bool:
    if mine.shape != its.shape:
        return False
    return bool(np.allclose(mine, its, atol=1e-5 * max(diagonal, 1.0)))


def scan(poses: PosedMeshes) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Goes through all poses once: which to keep, and what a person should know.

    Returns:
        The numbers of the poses without those that repeat an earlier one, and notes.

    Raises:
        MediaError: A control, joint or vertex is not a number.
    """
    _check_finite(poses)
    kept = _without_repeats(poses)
    notes = list(topology.notes(poses.rig.faces, len(poses.rig.rest)))
    if len(kept) < len(poses):
        notes.insert(0, f"{len(poses) - len(kept)} of {len(poses)} poses repeat another and are dropped.")
    if len(kept) > 1:
        constant = [name for name, (low, high) in poses.control_ranges().items() if low == high]
        notes += [
            *_constant(constant, "Controls that never change"),
            *_constant(_still(poses), "Joints that never turn"),
        ]
    return kept, tuple(notes)


def _constant(names: list[str], what: str) -> Iterator[str]:
    if names:
        listed = ", ".join(f'"{name}"' for name in names[:LISTED])
        listed += f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
        yield f"{what}, so that nothing is learned about them: {listed}."


def _still(poses: PosedMeshes) -> list[str]:
    """Joints that stand in one way to their parent in all poses."""
    matrices, parents = poses.joint_matrices, poses.rig.joint_parents
    if matrices is None or parents is None:
        return []
    turned = against_parents(matrices[..., :3], parents)
    still = (np.ptp(turned, axis=0).max(axis=(1, 2), initial=0.0) < STILL) & (parents >= 0)
    return [poses.rig.joint_names[joint] for joint in np.flatnonzero(still)]


def _check_finite(poses: PosedMeshes) -> None:
    for name in ("controls", "joint_matrices", "vertices", "deltas"):
        for file, part in zip(poses.files, poses.parts, strict=True):
            array = part.get(name)
            if array is None or array.dtype.kind != "f":
                continue
            for start in range(0, len(array), 64):
                good = np.isfinite(array[start : start + 64])
                if not good.all():
                    row, at = np.argwhere(~good)[0, :2]
                    what = {"controls": "control", "joint_matrices": "joint"}.get(name, "vertex")
                    raise MediaError(
                        file,
                        f"In pose {start + row + 1} {what} {at} is not a number ({name}). "
                        "Take that pose out or capture it again.",
                    )


def _without_repeats(poses: PosedMeshes) -> NDArray[np.int64]:
    seen: dict[bytes, int] = {}
    repeats = set()
    for pose, (number, row) in enumerate(poses.places):
        part = poses.parts[number]
        key = _digest(part, row, ("controls", "joint_matrices"))
        earlier = seen.setdefault(key, pose)
        if earlier != pose and _same_shape(poses, earlier, pose):
            repeats.add(pose)
    return np.array([pose for pose in range(len(poses)) if pose not in repeats], np.int64)


def _same_shape(poses: PosedMeshes, earlier: int, pose: int) -> bool:
    if not poses.has_vertices or not poses.driven:
        return False  # animation and caches may stand still; each of their frames is wanted
    return bool((poses.vertices([earlier]) == poses.vertices([pose])).all())


def _digest(part: dict[str, NDArray[Any]], row: int, names: tuple[str, ...]) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for name in names:
        if name in part:
            digest.update(np.ascontiguousarray(part[name][row]).tobytes())
    return digest.digest()
