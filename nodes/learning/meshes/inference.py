"""A trained deformer applied to controls, when somebody asks for the shapes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.learning.deformers.fewer_shapes import fewer_shapes
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.learning.meshes.report import beyond
from understudy.nodes.media.meshes.played import PlayedShapes
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from understudy.nodes.inference import Inference
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.runtime.context import Context


def inferred_shapes(
    node: Inference, controls: PosedMeshes, path: str, context: Context
) -> dict[str, PlayedShapes]:
    """The shapes that a model gives for controls, and how far off they may be.

    Raises:
        FormatError: The checkpoint is of something else than meshes.
        NodeError: The controls are those of another rig.
    """
    model = MeshModel.from_container(read_container(path, "cat"), path)
    deformer = model.deformer.clamped(clamp=node.clamp)
    try:
        deformer = fewer_shapes(deformer, node.principal_shapes)
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="principal_shapes") from None
    try:
        deformer.check(controls)
    except UnderstudyError as error:
        raise NodeError(node.name, f"{path} is a model of another rig: {error}", knob="inputs") from None
    for sentence in beyond(deformer, controls):
        ending = "They are held inside it." if node.clamp else "The knob clamp holds them inside it."
        context.warn(f"{node.name}: {sentence} {ending}")

    def play(poses: PosedMeshes) -> Iterator[NDArray[np.float32]]:
        began = time.perf_counter()
        yield from deformer.play(poses)
        if len(poses) > 1:
            spent = 1000.0 * (time.perf_counter() - began) / len(poses)
            context.say(f"{node.name}: {len(poses):,} poses played, {spent:.1f} ms each")

    found = {"result": PlayedShapes(controls, play)}
    if model.uncertainty is not None:
        known = model.uncertainty
        found["uncertainty"] = PlayedShapes(
            controls, deformer.play, lambda poses: known.played(deformer, poses)
        )
    return found
