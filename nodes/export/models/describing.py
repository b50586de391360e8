"""What another program must know of a deformer: its inputs, ranges, units and space, as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.learning.deformers.onnx_export import INPUT, OUTPUT
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer

POSES = 64
"""Poses that both results are compared on."""

_SIXD = ("x.x", "x.y", "x.z", "y.x", "y.y", "y.z")
_QUATERNION = ("w", "x", "y", "z")


def described(deformer: Deformer) -> dict[str, Any]:
    """A deformer's metadata; the outer names are those of the metadata of Maya's ML Deformer.

    A name of Maya's whose value is not known here is absent, and so is `deltaExportType` for deltas that
    are taken before skinning, which Maya does not have. What Maya has no name for stands in `understudy`.
    """
    inputs, rig = deformer.inputs, deformer.rig
    count = len(rig.rest)
    ranges = zip(column_names(deformer), inputs.least.tolist(), inputs.most.tolist(), strict=True)
    found: dict[str, Any] = {
        "controlDefinitions": [{"plug": name, "min": least, "max": most} for name, least, most in ranges],
        "deltaCount": count,
        "affectCount": count,
        "fullCount": count,
        "affectMap": [],
        "deltaUnits": rig.units,
    }
    if deformer.space == "object" or not rig.skinned:
        found["deltaExportType"] = "dbp"
    limits = rig.control_limits
    return found | {
        "understudy": {
            "version": 1,
            "input": INPUT,
            "output": OUTPUT,
            "predictor": deformer.predictor.header()["kind"],
            "decoder": deformer.decoder.header()["kind"],
            "deltas": deformer.space,
            "rotations": inputs.rotation,
            "clamp": deformer.clamp,
            "controls": list(rig.control_names),
            "control_limits": None if limits is None else limits.tolist(),
            "joints": list(rig.joint_names),
            "figures": deformer.figures,
        }
    }


def column_names(deformer: Deformer) -> list[str]:
    """The name of each input value: a control's own; a joint's with the part of its rotation.

    A joint's rotation is that of `rotations.relative`. In 6D its parts are the first two columns of the
    matrix, where the joint's x and y axes point; of a quaternion w, x, y and z.
    """
    inputs, scalars = deformer.inputs, len(deformer.rig.control_names)
    parts = _SIXD if inputs.rotation == "6d" else _QUATERNION
    names = []
    for column, group in zip(inputs.columns.tolist(), inputs.groups.tolist(), strict=True):
        name = inputs.names[group]
        is_control = inputs.joints[group] < 0
        names.append(name if is_control else f"{name}.rotation.{parts[(column - scalars) % len(parts)]}")
    return names


def drawn_inputs(deformer: Deformer) -> NDArray[np.float32]:
    """Input values `(N, D)` such as training poses have, inside their range; always the same."""
    inputs = deformer.inputs
    shape = (POSES, len(inputs.columns))
    pairs = uniforms(0, "export", 0, 0, 2 * shape[0] * shape[1]).reshape(2, *shape)
    normal = np.sqrt(-2.0 * np.log1p(-pairs[0])) * np.cos(2.0 * np.pi * pairs[1])  # Box and Muller 1958
    return inputs.clamped(np.asarray(inputs.mean + normal * inputs.deviation, np.float32))
