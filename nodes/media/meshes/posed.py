"""Posed meshes: what a rig's controls were, and where its vertices went.

`docs/posed_meshes.md` has the format. Poses stay on disk: the files are mapped, and rows are read as they
are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes import checks
from understudy.nodes.media.meshes.layout import ARCHIVE, VERSION, is_usd
from understudy.nodes.media.meshes.mapped import map_arrays
from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.usd import read_usd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PosedMeshes:
    """A rig and its poses, from one file or several, read as they are asked for.

    Attributes:
        rig: What all poses share.
        files: The files the poses lie in.
        parts: Each file's mapped arrays.
        places: `(N, 2)`, each pose's file and its row there.
        notes: What a person should know: constant controls, dropped samples, loose parts.
    """

    rig: Rig
    files: tuple[Path, ...]
    parts: tuple[dict[str, NDArray[Any]], ...]
    places: NDArray[np.int64]
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.places)

    @property
    def has_vertices(self) -> bool:
        """Whether there are shapes, and not only animation to play."""
        return all("vertices" in part or "deltas" in part for part in self.parts)

    @property
    def driven(self) -> bool:
        """Whether controls or joints say what made each shape; a point cache holds shapes alone."""
        return all("controls" in part or "joint_matrices" in part for part in self.parts)

    def check_driven(self) -> None:
        """Refuses a point cache where controls are wanted.

        Raises:
            MediaError: Nothing drives the shape.
        """
        if not self.driven:
            raise MediaError(
                self.files[0],
                "Nothing in it drives the mesh: it has points over time, and neither a skeleton nor blend "
                "shapes with animation. Learn from the rig's own file, in which these points may be a layer.",
            )

    @property
    def controls(self) -> NDArray[np.float32]:
        """`(N, C)`; C is 0 where joints alone drive the shape.

        Raises:
            MediaError: Nothing drives the shape.
        """
        self.check_driven()
        found = self._gathered("controls")
        return np.zeros((len(self), 0), np.float32) if found is None else found.astype(np.float32)

    @property
    def joint_matrices(self) -> NDArray[np.float32] | None:
        """`(N, J, 3, 4)`, joint to object space; None where there is no skeleton."""
        found = self._gathered("joint_matrices")
        return None if found is None else found.astype(np.float32)

    @property
    def clips(self) -> NDArray[np.str_] | None:
        """`(N,)`, the name of the clip that each pose is from; None where no file says."""
        found = self._gathered("clip")
        return None if found is None else found.astype(np.str_)

    @property
    def frames(self) -> NDArray[np.int64]:
        """`(N,)`, each pose's frame number; its row in its file, from 1, where no file says."""
        found = self._gathered("frame")
        return self.places[:, 1] + 1 if found is None else found.astype(np.int64)

    def vertices(self, rows: Sequence[int] | Rows | slice) -> NDArray[np.float32]:
        """The vertices `(n, V, 3)` of some poses, in object space and `rig.units`."""
        places = self.places[rows]
        found = np.empty((len(places), *self.rig.rest.shape), np.float32)
        for number in np.unique(places[:, 0]):
            mine = places[:, 0] == number
            found[mine] = self._vertices_of(self.parts[number], places[mine, 1])
        return found

    def blocks(self, size: int = 32) -> Iterator[slice]:
        """Slices that go through all poses, at most `size` at a time."""
        for start in range(0, len(self), size):
            yield slice(start, min(start + size, len(self)))

    def select(self, rows: Sequence[int] | Rows | slice) -> PosedMeshes:
        """Some of the poses, in that order."""
        return replace(self, places=self.places[rows])

    def control_ranges(self) -> dict[str, tuple[float, float]]:
        """The least and largest value that each control takes."""
        if not len(self) or not self.rig.control_names:
            return {}
        controls = self.controls
        least, largest = controls.min(axis=0), controls.max(axis=0)
        return {name: (float(least[i]), float(largest[i])) for i, name in enumerate(self.rig.control_names)}

    def _gathered(self, name: str) -> NDArray[Any] | None:
        if any(name not in part for part in self.parts):
            return None
        rows = [part[name][self.places[self.places[:, 0] == i, 1]] for i, part in enumerate(self.parts)]
        together = np.concatenate(rows)
        order = np.argsort(np.argsort(self.places[:, 0], kind="stable"), kind="stable")
        return np.asarray(together[order])

    def _vertices_of(self, part: dict[str, NDArray[Any]], rows: Rows) -> NDArray[Any]:
        if "vertices" in part:
            return part["vertices"][rows]
        if "deltas" not in part:
            lacking = next(file for file, held in zip(self.files, self.parts, strict=True) if held is part)
            raise MediaError(
                lacking, "It has no vertices: it is animation to play. Connect its controls, or add points."
            )
        joints = part.get("joint_matrices")
        base = skinned(self.rig, None if joints is None else joints[rows], len(rows), space="object")
        scale = part.get("delta_scale", np.float32(1.0))
        return base.vertices + part["deltas"][rows].astype(np.float32) * np.float32(scale)


def read_posed(path: Path | str) -> PosedMeshes:
    """Opens a training file, or a folder of them in the order of their names.

    Identical samples are dropped, and what a person should know is noted.

    Raises:
        MediaError: Something is missing, cut short, no number, or does not fit to the rest; the message names
            the file, the array and the pose.
    """
    path = Path(path)
    files = sorted(path.glob(f"*{ARCHIVE}")) if path.is_dir() else [path]
    if not files:
        raise MediaError(
            path, "This folder holds no .npz file. Export poses into it, or name another folder."
        )
    return read_posed_files(files)


def read_posed_files(files: Sequence[Path], *, mesh: str = "") -> PosedMeshes:
    """Opens several training files of one rig as one; see `read_posed`.

    Args:
        files: .npz, or of USD.
        mesh: The mesh's path in files of USD; the first that a skeleton moves where empty.
    """
    parts = [_part(file, mesh) for file in files]
    rigs = [_rig(file, part) for file, part in zip(files, parts, strict=True)]
    for file, rig in zip(files[1:], rigs[1:], strict=True):
        checks.check_same_rig(file, rig, files[0], rigs[0])
    places = np.array([(i, row) for i, part in enumerate(parts) for row in range(_count(part))], np.int64)
    poses = PosedMeshes(rigs[0], tuple(files), tuple(parts), places.reshape(-1, 2))
    kept, notes = checks.scan(poses)
    return replace(poses, places=places.reshape(-1, 2)[kept], notes=(*_chosen_meshes(poses), *notes))


def _chosen_meshes(poses: PosedMeshes) -> Iterator[str]:
    """Which mesh was read of the files of USD that have several."""
    for file, part in zip(poses.files, poses.parts, strict=True):
        meshes = part.get("meshes", np.array([]))
        if len(meshes) > 1:
            yield f"{file.name} has {len(meshes)} meshes; {meshes[0]} is read. The knob mesh names another."


def _part(file: Path, mesh: str) -> dict[str, NDArray[Any]]:
    part = read_usd(file, mesh=mesh) if is_usd(file) else map_arrays(file)
    version = int(part.get("version", np.int64(VERSION)))
    if version > VERSION:
        raise MediaError(file, f"It is of version {version} of the format; this build reads up to {VERSION}. "
                         "Update understudy.")  # fmt: skip
    checks.check_arrays(file, part)
    return part


def _rig(file: Path, part: dict[str, NDArray[Any]]) -> Rig:
    def copied(name: str, kind: type[Any]) -> Any:
        return np.array(part[name], kind) if name in part else None  # what is mapped may be unaligned

    rig = Rig(
        rest=copied("rest", np.float32),
        faces=copied("faces", np.int32),
        control_names=tuple(str(name) for name in part.get("control_names", ())),
        control_limits=copied("control_limits", np.float32),
        joint_names=tuple(str(name) for name in part.get("joint_names", ())),
        joint_parents=copied("joint_parents", np.int32),
        skin_weights=copied("skin_weights", np.float32),
        bind_matrices=copied("bind_matrices", np.float32),
        units=str(part.get("units", "units")),
    )
    checks.check_rig(file, rig)
    return rig


def _count(part: dict[str, NDArray[Any]]) -> int:
    names = ("joint_matrices", "controls", "vertices")
    return len(part[next(name for name in names if name in part)])
