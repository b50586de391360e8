"""What stays the same over all poses: rest shape, faces, controls, skeleton, skin weights."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """The unposed character.

    Attributes:
        rest: `(V, 3)` float32, in `units`.
        faces: `(F, 4)` int32 vertex numbers; -1 pads a triangle.
        control_names: C names, in the order of the columns of `controls`.
        control_limits: `(C, 2)` float32, least and largest value; None where unknown.
        joint_names: J names; empty where there is no skeleton.
        joint_parents: `(J,)` int32, -1 for a joint without parent.
        skin_weights: `(V, J)` float32, rows summing to 1; None where there is no skin.
        bind_matrices: `(J, 3, 4)` float32, joint to object space at rest.
        units: Of lengths, for reports: "m", "cm", or "units" where unknown.
    """

    rest: NDArray[np.float32]
    faces: NDArray[np.int32]
    control_names: tuple[str, ...] = ()
    control_limits: NDArray[np.float32] | None = None
    joint_names: tuple[str, ...] = ()
    joint_parents: NDArray[np.int32] | None = None
    skin_weights: NDArray[np.float32] | None = None
    bind_matrices: NDArray[np.float32] | None = None
    units: str = "units"

    @property
    def skinned(self) -> bool:
        """Whether joints move the mesh by skin weights."""
        return self.skin_weights is not None

    @property
    def diagonal(self) -> float:
        """The length of the rest shape's bounding box's diagonal, in `units`."""
        return float(np.linalg.norm(np.ptp(self.rest.astype(np.float64), axis=0)))

    def digest(self) -> str:
        """A digest (hex) of everything that a learned deformation depends on."""
        digest = hashlib.sha256(repr((self.control_names, self.joint_names)).encode())
        for name, array in self.arrays().items():
            if name != "control_limits":
                digest.update(name.encode())
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers by the names that they have in a training file, without those that are absent."""
        names = ("rest", "faces", "control_limits", "joint_parents", "skin_weights", "bind_matrices")
        found = {name: getattr(self, name) for name in names}
        return {name: array for name, array in found.items() if array is not None}

    def header(self) -> dict[str, Any]:
        """The text by the names that it has in a training file."""
        return {
            "control_names": list(self.control_names),
            "joint_names": list(self.joint_names),
            "units": self.units,
        }

    @classmethod
    def built(cls, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Rig:
        """The rig that gave this header and these arrays."""
        return cls(
            control_names=tuple(header["control_names"]),
            joint_names=tuple(header["joint_names"]),
            units=header["units"],
            **arrays,
        )
