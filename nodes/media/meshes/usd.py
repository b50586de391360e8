"""Converts USD to training files: a mesh bound by UsdSkel, and points that have time samples.

UsdSkel skins a point p to `sum_j w_j K_j B_j^-1 G p` in the skeleton's space (OpenUSD, "Skinning a Point"),
with the mesh's bind transform G, bind transforms B and joints K. Training files are in the mesh's own space:
joints are `S K`, with S from skeleton to mesh, and bind matrices `G^-1 B`. USD's matrices act on rows; these
are their transposes.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_UNITS = {1.0: "m", 0.01: "cm"}


def convert_usd(file: Path, out: Path, *, mesh: str = "", target: Path | None = None) -> None:
    """Writes a training file of a USD mesh: skeleton, blend shape weights as controls, and vertices.

    Poses are the whole frames at which points have time samples; where they have none, those at which the
    skeleton's animation has some, and the file holds animation to play.

    Args:
        file: A .usd, .usda, .usdc or .usdz file; needs the extra `usd`.
        out: The training file.
        mesh: The mesh's path in the stage, such as "/Root/Body"; the first mesh where empty.
        target: Another file, whose mesh of the same path has the points; `file` itself where None.

    Raises:
        MediaError: usd-core is not installed, the file is no USD, has no such mesh, or nothing drives it.
    """
    stage = _stage(file)
    prim = _mesh(file, stage, mesh)
    skin = _Skin(file, stage, prim)
    targets = stage if target is None else _stage(target)
    points = _mesh(target or file, targets, str(prim.GetPath())).GetPointsAttr()
    times = [time for time in points.GetTimeSamples() or skin.times() if time == int(time)]
    if not times:
        raise MediaError(file, f"Neither {prim.GetPath()} nor its skeleton has time samples at whole frames.")
    poses = skin.poses(times)
    rig = skin.rig()
    if not points.GetTimeSamples():
        write_posed(out, rig, **poses)
        return
    with tempfile.TemporaryFile() as scratch:
        vertices = np.memmap(scratch, np.float32, "w+", shape=(len(times), *rig.rest.shape))
        for row, time in enumerate(times):
            vertices[row] = _points(target or file, points, time, len(rig.rest))
        write_posed(out, rig, vertices=vertices, **poses)


class _Skin:
    """What drives one mesh of a stage."""

    def __init__(self, file: Path, stage: Any, mesh: Any) -> None:
        from pxr import Usd, UsdSkel

        self.stage, self.mesh, self.cache = stage, mesh, UsdSkel.Cache()
        root = UsdSkel.Root.Find(mesh.GetPrim())
        bound = UsdSkel.BindingAPI(mesh.GetPrim()).GetInheritedSkeleton()
        if root:
            self.cache.Populate(root, Usd.PrimDefaultPredicate)
        self.query: Any = self.cache.GetSkinningQuery(mesh.GetPrim())
        if not self.query or not bound:
            raise MediaError(file, f"No skeleton of UsdSkel drives {mesh.GetPath()}; nothing says its poses.")
        self.skeleton = self.cache.GetSkelQuery(bound)
        self.animation = self.skeleton.GetAnimQuery()
        if not self.animation:
            raise MediaError(file, f"The skeleton {bound.GetPath()} has no animation; there are no poses.")

    def times(self) -> list[float]:
        """Where the animation has samples, of joints or of blend shapes."""
        joints = self.animation.GetJointTransformTimeSamples()
        return sorted({*joints, *self.animation.GetBlendShapeWeightTimeSamples()})

    def rig(self) -> Rig:
        """The mesh and its binding."""
        from pxr import UsdGeom

        names = [str(joint) for joint in self.skeleton.GetJointOrder()]
        topology = self.skeleton.GetTopology()
        geometry = np.array(self.query.GetGeomBindTransform()).T
        bind = np.linalg.inv(geometry) @ _columns(self.skeleton.GetJointWorldBindTransforms())
        scale = UsdGeom.GetStageMetersPerUnit(self.stage)
        rest = np.array(self.mesh.GetPointsAttr().Get(), np.float32)
        return Rig(
            rest=rest,
            faces=_faces(self.mesh),
            control_names=tuple(str(name) for name in self.animation.GetBlendShapeOrder()),
            joint_names=tuple(names),
            joint_parents=np.array([topology.GetParent(joint) for joint in range(len(names))], np.int32),
            skin_weights=self._weights(len(rest), names),
            bind_matrices=bind[:, :3].astype(np.float32),
            units=_UNITS.get(scale, "units"),
        )

    def poses(self, times: list[float]) -> dict[str, NDArray[Any]]:
        """`frame`, `joint_matrices` and, where there are blend shapes, `controls`."""
        from pxr import UsdGeom

        matrices, controls = [], []
        for time in times:
            places = UsdGeom.XformCache(time)
            to_world = places.GetLocalToWorldTransform(self.skeleton.GetPrim())
            to_mesh = to_world * places.GetLocalToWorldTransform(self.mesh.GetPrim()).GetInverse()
            joints = _columns(self.skeleton.ComputeJointSkelTransforms(time))
            matrices.append((np.array(to_mesh).T @ joints)[:, :3])
            controls.append(self.animation.ComputeBlendShapeWeights(time))
        poses: dict[str, NDArray[Any]] = {
            "frame": np.array(times, np.int64),
            "joint_matrices": np.array(matrices, np.float32),
        }
        if self.animation.GetBlendShapeOrder():
            poses["controls"] = np.array(controls, np.float32)
        return poses

    def _weights(self, count: int, names: list[str]) -> NDArray[np.float32]:
        """`(V, J)`, rows summing to one; a mesh may name joints in an order of its own."""
        order = [str(joint) for joint in self.query.GetJointOrder() or names]
        places = np.array([names.index(joint) for joint in order])
        indices, weights = self.query.ComputeVaryingJointInfluences(count)
        found = np.zeros((count, len(names)), np.float32)
        columns = places[np.array(indices).reshape(count, -1)]
        np.add.at(found, (np.arange(count)[:, None], columns), np.array(weights).reshape(count, -1))
        sums = found.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(found, sums, where=sums > 0.0, out=found), np.float32)


def _stage(file: Path) -> Any:
    try:
        from pxr import Tf, Usd
    except ImportError as error:
        raise MediaError(file, 'Reading USD needs usd-core: pip install "understudy[usd]".') from error
    try:
        return Usd.Stage.Open(str(file))
    except Tf.ErrorException as error:
        raise MediaError(
            file, "It can't be read as USD. It is absent, cut short or of another kind."
        ) from error


def _mesh(file: Path, stage: Any, path: str) -> Any:
    from pxr import UsdGeom

    meshes = {str(prim.GetPath()): UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)}
    if not meshes or (path and path not in meshes):
        wanted = f'mesh "{path}"' if path else "mesh"
        raise MediaError(file, f"It has no {wanted}; found {', '.join(meshes) or 'none'}.")
    return meshes[path or next(iter(meshes))]


def _faces(mesh: Any) -> NDArray[np.int32]:
    """Triangles and quads; larger faces as fans of triangles."""
    counts = mesh.GetFaceVertexCountsAttr().Get()
    corners = iter(mesh.GetFaceVertexIndicesAttr().Get())
    faces: list[tuple[int, ...]] = []
    for count in counts:
        face = [next(corners) for _ in range(count)]
        fan = [(face[0], face[i], face[i + 1], -1) for i in range(1, count - 1)]
        faces.extend([tuple(face)] if count == 4 else fan)
    return np.array(faces, np.int32).reshape(-1, 4)


def _points(file: Path, attribute: Any, time: float, count: int) -> NDArray[np.float32]:
    points = np.array(attribute.Get(time), np.float32)
    if points.shape != (count, 3):
        raise MediaError(
            file, f"At frame {time:g} it has {len(points):,} points; the rest shape has {count:,}."
        )
    return points


def _columns(matrices: Any) -> NDArray[np.float64]:
    """`(J, 4, 4)` that act on columns."""
    return np.array(matrices, np.float64).transpose(0, 2, 1)
