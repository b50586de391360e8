"""Converts other layouts of posed meshes to training files: compact rigs, blendshape sets, mocap bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.mapped import map_arrays
from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]


def convert_face_bench(rig_file: Path, poses_file: Path, out: Path) -> None:
    """A face with scalar controls: `controls` and `delta_q` against the rest shape."""
    rig_arrays, poses = map_arrays(rig_file), map_arrays(poses_file)
    names = tuple(str(name) for name in rig_arrays["units"])
    rig = Rig(
        rest=np.array(rig_arrays["rest"]),
        faces=np.array(rig_arrays["faces"]),
        control_names=names,
        control_limits=_unit_limits(len(names)),
        units="m",
    )
    scale = np.array(rig_arrays["quant"])
    write_posed(out, rig, controls=poses["controls"], deltas=poses["delta_q"], delta_scale=scale)


def convert_body_bench(rig_file: Path, poses_file: Path, out: Path) -> None:
    """A body whose joints drive it: skinning matrices and `delta_q` against linear skinning."""
    rig_arrays, poses = map_arrays(rig_file), map_arrays(poses_file)
    kept = np.asarray(poses["skin_mats_joint"], np.int64)
    rig = _bench_rig(rig_arrays, rig_arrays, kept)
    _write_bench(out, rig, poses, "", np.array(rig_arrays["quant"]))


def convert_arm_bench(arm_file: Path, rig_file: Path, part: str, out: Path) -> None:
    """The small arm; `part` is "train", "test" or "anim". Its skeleton is that of the whole body's rig."""
    arm, skeleton = map_arrays(arm_file), map_arrays(rig_file)
    names = [str(name) for name in skeleton["joint_names"]]
    kept = np.array([names.index(str(name)) for name in arm["joint_names"]])
    order = np.argsort(kept)
    rig = _bench_rig(arm, skeleton, kept[order], order)
    poses = {name: arm[name] for name in arm if name.startswith(part)}
    matrices = poses[f"{part}_skin_mats"][:, order]
    _write_bench(out, rig, {**poses, f"{part}_skin_mats": matrices}, f"{part}_", np.array(arm["quant"]))


def convert_mocap_body(file: Path, out: Path) -> None:
    """A body posed by motion capture, with `bones`, `joint_matrix`, `weights` and clips."""
    arrays = map_arrays(file)
    rig = Rig(
        rest=np.array(arrays["rest"]),
        faces=np.array(arrays["faces"]),
        joint_names=tuple(str(name) for name in arrays["bones"]),
        joint_parents=np.array(arrays["parents"]),
        skin_weights=_normalised(np.array(arrays["weights"])),
        bind_matrices=np.array(arrays["bone_rest"]),
        units="m",
    )
    write_posed(
        out,
        rig,
        joint_matrices=arrays["joint_matrix"],
        deltas=arrays["delta_int16"],
        delta_scale=np.array(arrays["delta_scale"]),
        clip=np.array(arrays["clips"])[arrays["source_clip"]],
        frame=arrays["source_frame"],
    )


def convert_expression_face(file: Path, out: Path) -> None:
    """A face of scanned expression shapes: neutral + weighted shapes + what they miss, as vertices."""
    arrays = map_arrays(file)
    names = tuple(str(name) for name in arrays["names"])
    rig = Rig(
        rest=np.array(arrays["neutral"]),
        faces=np.array(arrays["faces"]),
        control_names=names,
        control_limits=_unit_limits(len(names)),
        units="cm",
    )
    shapes = arrays["expression_delta_int16"].astype(np.float32) * np.float32(arrays["expression_scale"])
    moved = np.tensordot(np.asarray(arrays["weights"], np.float32), shapes, axes=1)
    remainder = arrays["delta_int16"].astype(np.float32) * np.float32(arrays["delta_scale"])
    write_posed(out, rig, controls=arrays["weights"], vertices=rig.rest + moved + remainder)


def _bench_rig(
    mesh: Arrays, skeleton: Arrays, kept: NDArray[np.int64], order: NDArray[np.int64] | None = None
) -> Rig:
    """The joints in `kept` (sorted numbers in the skeleton); parents are the nearest ancestors kept."""
    if not (np.diff(kept) > 0).all():
        raise MediaError("skin_mats_joint", "The joints are not in the skeleton's order.")
    parents = _kept_parents(np.asarray(skeleton["joint_parent"]), kept)
    names = [str(skeleton["joint_names"][joint]) for joint in kept]
    bind = np.concatenate([skeleton["joint_frame"], skeleton["joint_head"][..., None]], axis=-1)[kept]
    place = np.full(len(skeleton["joint_names"]), -1)
    place[kept] = np.arange(len(kept))
    if order is not None:
        place = np.argsort(order)
    weights = np.zeros((len(mesh["rest"]), len(kept)), np.float32)
    rows = np.arange(len(weights))[:, None]
    np.add.at(weights, (rows, place[np.asarray(mesh["skin_idx"])]), np.asarray(mesh["skin_w"]))
    return Rig(
        rest=np.array(mesh["rest"]),
        faces=np.array(mesh["faces"]),
        joint_names=tuple(names),
        joint_parents=parents,
        skin_weights=_normalised(weights),
        bind_matrices=bind.astype(np.float32),
        units="m",
    )


def _kept_parents(parents: NDArray[Any], kept: NDArray[np.int64]) -> NDArray[np.int32]:
    found = []
    for joint in kept:
        parent = int(parents[joint])
        while parent >= 0 and parent not in kept:
            parent = int(parents[parent])
        found.append(int(np.searchsorted(kept, parent)) if parent >= 0 else -1)
    return np.array(found, np.int32)


def _write_bench(out: Path, rig: Rig, poses: Arrays, prefix: str, scale: NDArray[Any]) -> None:
    assert rig.bind_matrices is not None
    skin = np.asarray(poses[f"{prefix}skin_mats"], np.float64)
    matrices = skin[..., :3] @ rig.bind_matrices
    matrices[..., 3] += skin[..., 3]
    write_posed(
        out,
        rig,
        joint_matrices=matrices.astype(np.float32),
        deltas=poses[f"{prefix}delta_q"],
        delta_scale=scale,
    )


def _unit_limits(count: int) -> NDArray[np.float32]:
    return np.tile(np.array([0.0, 1.0], np.float32), (count, 1))


def _normalised(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def convert_bench(folder: Path, name: str, parts: Sequence[str], out: Path) -> list[Path]:
    """Converts parts of the "body", "face" or "arm" set of a benchmark folder; gives the files written."""
    files = []
    for part in parts:
        target = out / f"{name}_{part}.npz"
        if name == "arm":
            convert_arm_bench(folder / "arm_small.npz", folder / "body_rig.npz", part, target)
        elif name == "body":
            convert_body_bench(folder / "body_rig.npz", folder / f"body_{part}.npz", target)
        else:
            convert_face_bench(folder / "face_rig.npz", folder / f"face_{part}.npz", target)
        files.append(target)
    return files
