"""What a deformer sees of a pose: rotations of joints as 6D or quaternions, and scalar controls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.meshes import rotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.rig import Rig

ROTATIONS = ("6d", "quaternion")
"""How the rotation of a joint against its parent is written."""

_CONSTANT = 1e-5
_LEAST_DEVIATION = 1e-6
_BEYOND = 0.02


@dataclass(frozen=True, slots=True)
class Inputs:
    """How controls become input columns; a group is one control or one joint.

    Attributes:
        rotation: One of `ROTATIONS`.
        columns: `(D,)`, which raw columns are used; constant ones are not.
        groups: `(D,)`, the group of each column.
        names: The groups' names.
        joints: `(G,)`, each group's joint; -1 for a scalar control.
        least, most, mean, deviation: `(D,)` float32, over the training poses.
    """

    rotation: str
    columns: NDArray[np.int64]
    groups: NDArray[np.int64]
    names: tuple[str, ...]
    joints: NDArray[np.int64]
    least: NDArray[np.float32]
    most: NDArray[np.float32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def values(
        self, rig: Rig, controls: NDArray[Any], joint_matrices: NDArray[Any] | None
    ) -> NDArray[np.float32]:
        """The inputs `(N, D)` of some poses, as they are."""
        return _raw(rig, controls, joint_matrices, self.rotation)[:, self.columns]

    def standardised(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inputs with mean 0 and deviation 1 over the training poses."""
        return np.asarray((values - self.mean) / self.deviation, np.float32)

    def clamped(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inputs held inside the range of the training poses."""
        return np.clip(values, self.least, self.most)

    def widened(self, values: NDArray[np.float32]) -> Inputs:
        """The same, seen also over these raw values `(N, D)`: only the range grows."""
        least, most = np.minimum(self.least, values.min(axis=0)), np.maximum(self.most, values.max(axis=0))
        return replace(self, least=least, most=most)

    def beyond(self, values: NDArray[np.float32]) -> dict[str, NDArray[np.bool_]]:
        """For each group that leaves its range by more than 2 % of it: `(N,)`, in which poses."""
        slack = _BEYOND * (self.most - self.least)
        outside = (values < self.least - slack) | (values > self.most + slack)
        found: dict[str, NDArray[np.bool_]] = {}
        for group in np.unique(self.groups[outside.any(axis=0)]):
            found[self.names[group]] = np.any(outside[:, self.groups == group], axis=1)
        return found

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data."""
        return {"rotation": self.rotation, "names": list(self.names)}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        fields = ("columns", "groups", "joints", "least", "most", "mean", "deviation")
        return {name: getattr(self, name) for name in fields}

    @classmethod
    def built(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Self:
        """The inputs that gave this header and these arrays."""
        return cls(rotation=header["rotation"], names=tuple(header["names"]), **arrays)


def learned_inputs(
    rig: Rig,
    controls: NDArray[Any],
    joint_matrices: NDArray[Any] | None,
    *,
    rotation: str = "6d",
    only: Sequence[str] | None = None,
) -> Inputs:
    """Looks at the training poses: which columns vary, and how far.

    Args:
        rig: The character.
        controls: `(N, C)`.
        joint_matrices: `(N, J, 3, 4)` or None.
        rotation: One of `ROTATIONS`.
        only: The controls and joints to learn from; all where None.

    Raises:
        UnderstudyError: Nothing varies, so nothing can be learned.
    """
    raw = _raw(rig, controls, joint_matrices, rotation)
    width = 6 if rotation == "6d" else 4
    scalars = len(rig.control_names)
    joints = range((raw.shape[1] - scalars) // width)
    owners = np.concatenate([np.arange(scalars), scalars + np.repeat(list(joints), width)]).astype(np.int64)
    all_names = [*rig.control_names, *(rig.joint_names[joint] for joint in joints)]
    wanted = np.array([only is None or name in only for name in all_names], bool)
    columns = np.flatnonzero((np.ptp(raw, axis=0) > _CONSTANT) & wanted[owners])
    if not len(columns):
        raise UnderstudyError(
            f"No control and no joint changes over the {len(raw)} poses, so nothing can be learned. "
            "Capture poses in which they move."
        )
    used, groups = np.unique(owners[columns], return_inverse=True)
    values = raw[:, columns]
    return Inputs(
        rotation=rotation,
        columns=columns,
        groups=groups.astype(np.int64),
        names=tuple(all_names[owner] for owner in used),
        joints=np.where(used < scalars, -1, used - scalars),
        least=values.min(axis=0),
        most=values.max(axis=0),
        mean=values.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation=np.maximum(values.std(axis=0, dtype=np.float64), _LEAST_DEVIATION).astype(np.float32),
    )


def _raw(
    rig: Rig, controls: NDArray[Any], joint_matrices: NDArray[Any] | None, rotation: str
) -> NDArray[np.float32]:
    if joint_matrices is None:
        return np.asarray(controls, np.float32)
    assert rig.bind_matrices is not None
    assert rig.joint_parents is not None
    turned = rotations.relative(joint_matrices, rig.bind_matrices, rig.joint_parents)
    written = rotations.sixd(turned) if rotation == "6d" else rotations.quaternions(turned)
    flat = written.reshape(len(written), -1)
    return np.concatenate([np.asarray(controls, np.float32), flat], axis=1, dtype=np.float32)
