"""Writes shapes as a USD mesh with points over time, and a value at each vertex as its colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.shading import RED, heat_colours
from understudy.nodes.media.meshes.usd import METRES
from understudy.runtime.durable import replacing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.rig import Rig

    Blocks = Iterable[NDArray[np.float32]]

MESH = "/mesh"
"""The path of the mesh in the file."""


def write_usd(
    path: Path, rig: Rig, frames: Sequence[float], blocks: Blocks, heat: Blocks | None = None
) -> None:
    """Writes a mesh with time-sampled points, and on wish a heat map; needs the extra `usd`.

    Args:
        path: A .usd, .usda or .usdc file; there whole or not at all.
        rig: Gives rest shape, faces and units.
        frames: The time of each pose.
        blocks: `(n, V, 3)` each.
        heat: A length at each vertex, `(n, V)` each, in the rig's units. `primvars:uncertainty` holds it, and
            `primvars:displayColor` its colour: green at 0, red at `shading.RED` of the diagonal and above.

    Raises:
        MediaError: usd-core is not installed.
    """
    try:
        from pxr import Usd, UsdGeom
    except ImportError as error:
        raise MediaError(path, 'Writing USD needs usd-core: pip install "understudy[usd]".') from error
    stage = Usd.Stage.CreateInMemory()
    if rig.units in METRES:
        UsdGeom.SetStageMetersPerUnit(stage, METRES[rig.units])
    mesh = _mesh(stage, rig)
    _set_points(mesh, frames, blocks)
    if heat is not None:
        _set_heat(mesh, frames, heat, RED * rig.diagonal)
    stage.SetStartTimeCode(frames[0])
    stage.SetEndTimeCode(frames[-1])
    with replacing(path) as temporary:
        stage.Export(str(temporary))


def _mesh(stage: Any, rig: Rig) -> Any:
    from pxr import UsdGeom, Vt

    mesh = UsdGeom.Mesh.Define(stage, MESH)
    stage.SetDefaultPrim(mesh.GetPrim())
    counts = np.where(rig.faces[:, 3] >= 0, 4, 3).astype(np.int32)
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(counts))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(rig.faces[rig.faces >= 0].astype(np.int32)))
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(rig.rest))
    return mesh


def _set_points(mesh: Any, frames: Sequence[float], blocks: Blocks) -> None:
    from pxr import Vt

    for time, pose in zip(frames, _each(blocks), strict=True):
        mesh.GetPointsAttr().Set(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(pose)), time)


def _set_heat(mesh: Any, frames: Sequence[float], heat: Blocks, red: float) -> None:
    from pxr import Sdf, UsdGeom, Vt

    primvars, at = UsdGeom.PrimvarsAPI(mesh), UsdGeom.Tokens.vertex
    colour = primvars.CreatePrimvar("displayColor", Sdf.ValueTypeNames.Color3fArray, at)
    value = primvars.CreatePrimvar("uncertainty", Sdf.ValueTypeNames.FloatArray, at)
    for time, values in zip(frames, _each(heat), strict=True):
        colour.Set(Vt.Vec3fArray.FromNumpy(heat_colours(values, red).astype(np.float32)), time)
        value.Set(Vt.FloatArray.FromNumpy(np.ascontiguousarray(values, np.float32)), time)


def _each(blocks: Blocks) -> Iterator[NDArray[np.float32]]:
    return (pose for block in blocks for pose in block)
