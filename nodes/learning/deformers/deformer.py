"""A learned deformation: from controls and joint matrices to vertices, with all that it needs in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.inputs import Inputs
from understudy.nodes.media.meshes.checks import check_names
from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.skinning import skinned

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.posed import PosedMeshes

    Arrays = dict[str, NDArray[Any]]

BLOCK = 32
"""Poses that are predicted together."""


class Part(Protocol):
    """What can be stored as plain data and named arrays."""

    def header(self) -> dict[str, Any]:
        """What is no number, as plain data; `kind` names the class."""

    def arrays(self) -> Arrays:
        """The numbers, by name."""


class Predictor(Part, Protocol):
    """From what is seen of a pose to what is learned."""

    def predict(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardised inputs `(N, D)` to coefficients `(N, S, K)`."""


class Decoder(Part, Protocol):
    """From what is learned to the deltas of vertices."""

    def coefficients(self, deltas: NDArray[np.float32]) -> NDArray[np.float32]:
        """Deltas `(N, V, 3)` to coefficients `(N, S, K)`."""

    def deltas(self, coefficients: NDArray[np.float32]) -> NDArray[np.float32]:
        """Coefficients `(N, S, K)` to deltas `(N, V, 3)`."""


@dataclass(frozen=True, slots=True)
class Deformer:
    """A learned deformation.

    Attributes:
        rig: The character that it was learned on.
        space: Where its deltas are taken, one of `skinning.SPACES`.
        inputs: What it sees of a pose.
        predictor: From inputs to coefficients.
        decoder: From coefficients to deltas.
        clamp: Whether inputs are held inside the range that was trained on.
        figures: Errors on validation poses and the like, plain data.
    """

    rig: Rig
    space: str
    inputs: Inputs
    predictor: Predictor
    decoder: Decoder
    clamp: bool = False
    figures: dict[str, Any] = field(default_factory=dict)

    def seen(self, controls: NDArray[Any], joint_matrices: NDArray[Any] | None) -> NDArray[np.float32]:
        """The standardised inputs `(N, D)` of some poses."""
        values = self.inputs.values(self.rig, controls, joint_matrices)
        return self.inputs.standardised(self.inputs.clamped(values) if self.clamp else values)

    def deltas(self, controls: NDArray[Any], joint_matrices: NDArray[Any] | None) -> NDArray[np.float32]:
        """The deltas `(N, V, 3)` of some poses, in the deltas' space."""
        return self.decoder.deltas(self.predictor.predict(self.seen(controls, joint_matrices)))

    def predict(
        self, controls: NDArray[Any], joint_matrices: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """The vertices `(N, V, 3)` of some poses, in object space.

        Args:
            controls: `(N, C)`; C is 0 where joints alone drive the shape.
            joint_matrices: `(N, J, 3, 4)`, joint to object space, for a rig with a skeleton.
        """
        base = skinned(self.rig, joint_matrices, len(controls), space=self.space)
        return base.posed(self.deltas(controls, joint_matrices))

    def play(self, poses: PosedMeshes) -> Iterator[NDArray[np.float32]]:
        """The vertices of a sequence, a block of poses at a time.

        Raises:
            MediaError: The poses are of another rig.
        """
        self.check(poses)
        controls, matrices = poses.controls, poses.joint_matrices
        for block in poses.blocks(BLOCK):
            yield self.predict(controls[block], None if matrices is None else matrices[block])

    def check(self, poses: PosedMeshes) -> None:
        """Refuses poses of another rig.

        Raises:
            MediaError: Controls, joints or the number of vertices differ; it says which.
        """
        file, source = poses.files[0], "the model"
        check_names(file, "control", poses.rig.control_names, self.rig.control_names, source)
        check_names(file, "joint", poses.rig.joint_names, self.rig.joint_names, source)
        if len(poses.rig.rest) != len(self.rig.rest):
            raise UnderstudyError(
                f"{file}: Its mesh has {len(poses.rig.rest):,} vertices, and the model was trained on "
                f"{len(self.rig.rest):,}. Use the model of this rig, or train one."
            )

    def beyond(self, poses: PosedMeshes) -> dict[str, NDArray[np.bool_]]:
        """The controls and joints that leave the range trained on, and `(N,)` in which poses."""
        return self.inputs.beyond(self.inputs.values(self.rig, poses.controls, poses.joint_matrices))

    def clamped(self, *, clamp: bool = True) -> Deformer:
        """The same, with inputs held inside the range that was trained on, or not."""
        return replace(self, clamp=clamp)

    def header(self) -> dict[str, Any]:
        """Plain data for a container's header: with `arrays` all that `built` needs."""
        return {
            "deformer": 1,
            "space": self.space,
            "clamp": self.clamp,
            "figures": self.figures,
            "rig": self.rig.header(),
            "inputs": self.inputs.header(),
            "predictor": self.predictor.header(),
            "decoder": self.decoder.header(),
        }

    def arrays(self) -> Arrays:
        """Named arrays, `<part>/<name>`."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in _PARTS}
        return {f"{name}/{key}": array for name in _PARTS for key, array in parts[name].arrays().items()}


_PARTS = ("rig", "inputs", "predictor", "decoder")


def built(header: dict[str, Any], arrays: Arrays) -> Deformer:
    """The deformer that gave this header and these arrays.

    Raises:
        UnderstudyError: It is of a newer version or of a kind that this build does not know.
    """
    if header.get("deformer") != 1:
        raise UnderstudyError(
            f"The model is of version {header.get('deformer')} of deformers; this build reads version 1."
        )
    parts = {name: _under(arrays, f"{name}/") for name in _PARTS}
    predictor, decoder = _kind(header["predictor"]), _kind(header["decoder"])
    return Deformer(
        rig=Rig.built(header["rig"], parts["rig"]),
        space=header["space"],
        inputs=Inputs.built(header["inputs"], parts["inputs"]),
        predictor=predictor.built(header["predictor"], parts["predictor"]),
        decoder=decoder.built(header["decoder"], parts["decoder"]),
        clamp=header["clamp"],
        figures=header["figures"],
    )


def _under(arrays: Arrays, prefix: str) -> Arrays:
    return {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}


def _kind(header: dict[str, Any]) -> Any:
    from understudy.nodes.learning.deformers.differential import Differential
    from understudy.nodes.learning.deformers.local import LocalKernel, LocalRidge
    from understudy.nodes.learning.deformers.net import NumpyNet
    from understudy.nodes.learning.deformers.shapes import SegmentShapes, Vertices

    kinds = {
        "ridge": LocalRidge,
        "kernel": LocalKernel,
        "net": NumpyNet,
        "shapes": SegmentShapes,
        "vertices": Vertices,
        "differential": Differential,
    }
    if header.get("kind") not in kinds:
        raise UnderstudyError(
            f'The model has a part of the kind "{header.get("kind")}"; this build knows {", ".join(kinds)}.'
        )
    return kinds[header["kind"]]
