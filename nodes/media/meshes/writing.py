"""Writes training files, and what inference gives, as .npz."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.media.meshes.layout import VERSION
from understudy.runtime.durable import make_folder, replacing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.rig import Rig


def write_posed(path: Path | str, rig: Rig, **poses: NDArray[Any]) -> None:
    """Writes a training file, whole or not at all; equal contents give equal bytes.

    Args:
        path: The .npz file.
        rig: What the poses share.
        poses: `controls`, `joint_matrices`, `vertices` or `deltas` with `delta_scale`, `clip`, `frame`.
    """
    write_npz(path, posed_arrays(rig, **poses))


def posed_arrays(rig: Rig, **poses: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """The arrays of a training file; see `write_posed`."""
    text = {"control_names": np.array(rig.control_names, np.str_)} if rig.control_names else {}
    if rig.joint_names:
        text["joint_names"] = np.array(rig.joint_names, np.str_)
    fixed = {"version": np.array(VERSION, np.int64), "units": np.array(rig.units, np.str_)}
    return {**fixed, **text, **rig.arrays(), **poses}


def write_npz(path: Path | str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays uncompressed, so that they can be mapped, to a file that is there whole or not at all.

    Raises:
        StorageError: The disk is full or the folder can't be written; an older file is untouched.
    """
    path = Path(path)
    make_folder(path.parent)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
