"""Reads USD as training files: a mesh bound by UsdSkel, and points that have time samples.

UsdSkel skins a point p to `sum_j w_j K_j B_j^-1 G p` in the skeleton's space (OpenUSD, "Skinning a Point"),
with the mesh's bind transform G, bind transforms B and joints K. Training files are in the mesh's own space:
joints are `S K`, with S from skeleton to mesh, and bind matrices `G^-1 B`. USD's matrices act on rows; these
are their transposes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.mapped import room
from understudy.nodes.media.meshes.rig import Rig
from understudy.nodes.media.meshes.writing import posed_arrays, write_npz

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Arrays = dict[str, NDArray[Any]]

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
"""Of one unit of length."""


def read_usd(file: Path, *, mesh: str = "", target: Path | None = None) -> Arrays:
    """The arrays of a training file from a USD mesh: skeleton, blend shape weights as controls, and vertices.

    Poses are the whole frames at which points have time samples; where they have none, those at which the
    skeleton's animation has some, and it is animation to play. Points that no skeleton drives are shapes
    alone: a point cache.

    Args:
        file: A .usd, .usda, .usdc or .usdz file; needs the extra `usd`.
        mesh: The mesh's path in the stage, such as "/Root/Body"; the first that a skeleton moves where empty.
        target: Another file, whose mesh of the same path has the points; `file` itself where None.

    Returns:
        Those of `docs/posed_meshes.md`, vertices in a nameless file; `meshes`, the path of the mesh that was
        read and then those of the others; and `layers`, the files that the stage is made of.

    Raises:
        MediaError: usd-core is not installed, the file is no USD, has no such mesh, or there are no poses.
    """
    stage = _stage(file)
    prim, others = _mesh(file, stage, mesh)
    skin = _skin_of(file, prim)
    targets = stage if target is None else _stage(target)
    points = _mesh(target or file, targets, str(prim.GetPath()))[0].GetPointsAttr()
    driven = skin.times() if skin is not None else []
    times = [time for time in points.GetTimeSamples() or driven if time == int(time)]
    if not times:
        raise MediaError(file, f"Neither {prim.GetPath()} nor its skeleton has time samples at whole frames.")
    poses: Arrays = {"frame": np.array(times, np.int64)} | (skin.poses(times) if skin is not None else {})
    rig = skin.rig() if skin is not None else _still_rig(prim)
    if points.GetTimeSamples():
        poses["vertices"] = _all_points(target or file, points, times, len(rig.rest))
    layers = [layer.realPath for layer in stage.GetUsedLayers() if layer.realPath]
    return posed_arrays(rig, **poses) | {"meshes": np.array(others), "layers": np.array(layers)}


def convert_usd(file: Path, out: Path, *, mesh: str = "", target: Path | None = None) -> None:
    """Writes a training file of a USD mesh; see `read_usd`.

    Raises:
        MediaError: As `read_usd`, and where no skeleton drives the mesh.
    """
    arrays = read_usd(file, mesh=mesh, target=target)
    if "joint_matrices" not in arrays and "controls" not in arrays:
        raise MediaError(
            file, f"No skeleton of UsdSkel drives {arrays['meshes'][0]}; nothing says its poses."
        )
    write_npz(out, {name: array for name, array in arrays.items() if name not in ("meshes", "layers")})


class _Skin:
    """What drives one mesh of a stage.

    Args:
        file: For errors.
        mesh: The mesh.
        cache: Populated; it has to live as long as its queries.
        query: How the mesh is skinned.
        bound: Its skeleton.
    """

    def __init__(self, file: Path, mesh: Any, cache: Any, query: Any, bound: Any) -> None:
        self.file, self.mesh, self.cache, self.query = file, mesh, cache, query
        self.skeleton = self.cache.GetSkelQuery(bound)
        self.animation = self.skeleton.GetAnimQuery()
        if not self.animation:
            raise MediaError(file, f"The skeleton {bound.GetPath()} has no animation; there are no poses.")

    def times(self) -> list[float]:
        """Where the animation has samples, of joints or of blend shapes."""
        joints = self.animation.GetJointTransformTimeSamples()
        return sorted({*joints, *self.animation.GetBlendShapeWeightTimeSamples()})

    def rig(self) -> Rig:
        """The mesh and its binding; without influences of joints there is no skin."""
        names = [str(joint) for joint in self.skeleton.GetJointOrder()]
        topology = self.skeleton.GetTopology()
        geometry = np.array(self.query.GetGeomBindTransform()).T
        bind = np.linalg.inv(geometry) @ _columns(self.skeleton.GetJointWorldBindTransforms())
        points = self.mesh.GetPointsAttr().Get()
        if points is None:
            raise MediaError(
                self.file,
                f"The points of {self.mesh.GetPath()} have time samples and no value beside them, so nothing "
                "says the rest shape that the skeleton moves. Put the points over time into a layer above.",
            )
        rest = np.array(points, np.float32)
        return Rig(
            rest=rest,
            faces=_faces(self.mesh),
            control_names=tuple(str(name) for name in self.animation.GetBlendShapeOrder()),
            joint_names=tuple(names),
            joint_parents=np.array([topology.GetParent(joint) for joint in range(len(names))], np.int32),
            skin_weights=self._weights(len(rest), names) if self.query.HasJointInfluences() else None,
            bind_matrices=bind[:, :3].astype(np.float32),
            units=_units(self.mesh),
        )

    def poses(self, times: list[float]) -> Arrays:
        """`joint_matrices` and, where there are blend shapes, `controls`."""
        from pxr import UsdGeom

        matrices, controls = [], []
        for time in times:
            places = UsdGeom.XformCache(time)
            to_world = places.GetLocalToWorldTransform(self.skeleton.GetPrim())
            to_mesh = to_world * places.GetLocalToWorldTransform(self.mesh.GetPrim()).GetInverse()
            joints = _columns(self.skeleton.ComputeJointSkelTransforms(time))
            matrices.append((np.array(to_mesh).T @ joints)[:, :3])
            controls.append(self.animation.ComputeBlendShapeWeights(time))
        poses: Arrays = {"joint_matrices": np.array(matrices, np.float32)}
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
            file,
            f"It can't be read as USD{_place(str(error), file)}. It is absent, cut short or of another kind.",
        ) from error


def _place(said: str, file: Path) -> str:
    """The line and column that USD's parser names, with what is wrong there."""
    _, there, rest = said.partition(f"{file}:")
    return f" (line {rest.splitlines()[0]})" if there else ""


def _mesh(file: Path, stage: Any, path: str) -> tuple[Any, list[str]]:
    """The mesh of that path, or the first that a skeleton moves; its path and then those of the others."""
    from pxr import UsdGeom, UsdSkel

    meshes = {str(prim.GetPath()): UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)}
    if not meshes or (path and path not in meshes):
        wanted = f'mesh "{path}"' if path else "mesh"
        raise MediaError(file, f"It has no {wanted}; found {', '.join(meshes) or 'none'}.")
    bound = (at for at, mesh in meshes.items() if UsdSkel.BindingAPI(mesh.GetPrim()).GetInheritedSkeleton())
    chosen = path or next(bound, next(iter(meshes)))
    return meshes[chosen], [chosen, *(other for other in meshes if other != chosen)]


def _skin_of(file: Path, mesh: Any) -> _Skin | None:
    from pxr import Usd, UsdSkel

    cache, root = UsdSkel.Cache(), UsdSkel.Root.Find(mesh.GetPrim())
    if root:
        cache.Populate(root, Usd.PrimDefaultPredicate)
    query: Any = cache.GetSkinningQuery(mesh.GetPrim())
    bound = UsdSkel.BindingAPI(mesh.GetPrim()).GetInheritedSkeleton()
    return _Skin(file, mesh, cache, query, bound) if query and bound else None


def _still_rig(mesh: Any) -> Rig:
    """A mesh that nothing drives; its first shape where it has no other."""
    from pxr import Usd

    points = mesh.GetPointsAttr()
    rest = points.Get() or points.Get(Usd.TimeCode.EarliestTime())
    return Rig(rest=np.array(rest, np.float32), faces=_faces(mesh), units=_units(mesh))


def _units(mesh: Any) -> str:
    from pxr import UsdGeom

    scale = UsdGeom.GetStageMetersPerUnit(mesh.GetPrim().GetStage())
    return next((unit for unit, metres in METRES.items() if metres == scale), "units")


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


def _all_points(file: Path, attribute: Any, times: list[float], count: int) -> NDArray[np.float32]:
    """`(N, V, 3)`, in a nameless file."""
    vertices = room((len(times), count, 3), 0)
    for row, time in enumerate(times):
        vertices[row] = _points(file, attribute, time, count)
    return vertices


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
