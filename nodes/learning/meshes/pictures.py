"""Pictures of a deformer while it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.nodes.learning.meshes.report import pose_names
from understudy.nodes.media.images.sheet import contact_sheet
from understudy.nodes.media.meshes.shading import RED, heat_colours, shaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.media.meshes.posed import PosedMeshes

SIZE = 224
"""Width and height of each picture, in pixels."""

VIEWS = ("front", "side", "three-quarter")


def training_sheet(deformer: Deformer, poses: PosedMeshes, rows: Sequence[int], title: str) -> Image:
    """Poses as they should be, as they are learned, and how far apart the two are."""
    chosen = poses.select(list(rows))
    targets, outputs = chosen.vertices(slice(None)), np.concatenate(list(deformer.play(chosen)))
    pictures = [
        [
            shaded(target, poses.rig.faces, size=SIZE, framed=target),
            shaded(output, poses.rig.faces, size=SIZE, framed=target),
            error_picture(target, output, poses.rig.faces, RED * poses.rig.diagonal),
        ]
        for target, output in zip(targets, outputs, strict=True)
    ]
    red = f"error (red: {RED * poses.rig.diagonal:.3g} {poses.rig.units})"
    names = pose_names(chosen)
    return contact_sheet(pictures, ("groundtruth", "output", red), names, title)


def error_picture(
    target: NDArray[np.float32], output: NDArray[np.float32], faces: NDArray[np.int32], red: float
) -> NDArray[np.uint8]:
    """A mesh coloured by its distance from another, green at 0 to red."""
    apart = np.linalg.norm(output - target, axis=1)
    return shaded(output, faces, size=SIZE, colours=heat_colours(apart, red), framed=target)


def preview(deformer: Deformer, poses: PosedMeshes) -> Image:
    """The pose in the middle, from three sides."""
    chosen = poses.select([len(poses) // 2])
    (posed,) = deformer.play(chosen)
    row = [shaded(posed[0], poses.rig.faces, size=SIZE, view=view) for view in VIEWS]
    return contact_sheet([row], VIEWS, pose_names(chosen))
