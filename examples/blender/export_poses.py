"""Exports a rigged mesh from Blender as posed meshes, the training file of docs/posed_meshes.md.

    blender -b scene.blend -P export_poses.py -- --mesh Body --out poses/body.npz --random 300

It needs Blender 4.4 or newer, and nothing else. Where Blender is a Python package (`pip install bpy`) it is
`python export_poses.py --scene scene.blend --mesh ...`, or `export(mesh, out)` from a script of yours.

Poses are the frames of the timeline, then random ones. The base is the armature's linear skinning, told by
weights and matrices; the target is the mesh after all its modifiers. Everything is in the mesh's own space.
"""  # noqa: INP001 a script for another program

from __future__ import annotations

import argparse
import math
import random
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import bpy
import numpy as np
from mathutils import Euler, Matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STILL = "still"
"""The joint that holds the vertices that no bone moves."""

UNLIMITED = 1e6
"""Controls that range further than this have no limits worth the name."""

LEAST_WEIGHT = 1e-4
"""Blender leaves a vertex where it is when its weights sum to no more."""


def export(
    mesh: Any,
    out: Path | str,
    *,
    frames: Iterable[int] | None = None,
    count: int = 0,
    angle: float = 30.0,
    seed: int = 0,
) -> str:
    """Writes poses of a mesh, and gives a sentence about them.

    Args:
        mesh: The mesh object; an Armature modifier moves it.
        out: The .npz file.
        frames: Of the timeline; all of the scene's where None.
        count: Random poses after them.
        angle: How far a bone turns about each axis, in degrees, where its constraints don't say.
        seed: Of the random poses.

    Raises:
        ValueError: No armature moves the mesh, or a modifier changes its vertices' number.
    """
    scene = bpy.context.scene
    armature = armature_modifier(mesh).object
    controls = controls_of(mesh, armature)
    poses = Poses(mesh, armature, controls)
    clip, now = action_name(armature) or scene.name, scene.frame_current
    with armature_alone(mesh) as base:
        for frame in range(scene.frame_start, scene.frame_end + 1) if frames is None else frames:
            scene.frame_set(frame)
            poses.capture(base, clip, frame)
        with posing_by_hand(mesh, armature, controls):
            for number in range(1, count + 1):
                pose_randomly(armature, controls, angle, random.Random(f"{seed} {number}"))  # noqa: S311 poses keep no secrets
                poses.capture(base, f"random {number}", number)  # clips of their own: held out singly
    scene.frame_set(now)
    poses.write(Path(out))
    return poses.summary()


class Control(NamedTuple):
    """A number that drives the shape, beside the bones: a shape key, or a property of the rig."""

    name: str
    owner: Any
    key: str | None
    least: float
    largest: float

    @property
    def limited(self) -> bool:
        """Whether the rigger gave it limits, and not Blender the largest numbers there are."""
        return self.largest - self.least < UNLIMITED

    def get(self) -> float:
        """Its value now."""
        return float(self.owner.value if self.key is None else self.owner[self.key])

    def set(self, value: float) -> None:
        """Sets it; drivers that read it follow with the next update."""
        if self.key is None:
            self.owner.value = value
        else:
            self.owner[self.key] = value
        self.owner.id_data.update_tag()


def controls_of(mesh: Any, armature: Any) -> list[Control]:
    """The shape keys and float properties that no driver sets."""
    keys = mesh.data.shape_keys
    driven = driven_paths(keys)
    blocks = [] if keys is None else [block for block in keys.key_blocks if block != keys.reference_key]
    found = [
        Control(block.name, block, None, block.slider_min, block.slider_max)
        for block in blocks
        if f"{block.path_from_id()}.value" not in driven
    ]
    driven = driven_paths(armature)
    for owner in (armature, *armature.pose.bones):
        place = "" if owner == armature else owner.path_from_id()
        for key, value in owner.items():
            path = f'{place}["{bpy.utils.escape_identifier(key)}"]'
            if isinstance(value, float) and path not in driven:
                limits = owner.id_properties_ui(key).as_dict()
                found.append(Control(f"{owner.name}.{key}", owner, key, limits["min"], limits["max"]))
    return found


def driven_paths(owner: Any) -> set[str]:
    """What drivers set on a data-block, such as shape keys that correct an elbow."""
    if owner is None or owner.animation_data is None:
        return set()
    return {curve.data_path for curve in owner.animation_data.drivers}


def armature_modifier(mesh: Any) -> Any:
    """The modifier by which an armature moves the mesh.

    Raises:
        ValueError: There is none.
    """
    for modifier in mesh.modifiers:
        if modifier.type == "ARMATURE" and modifier.object is not None and modifier.show_viewport:
            return modifier
    raise ValueError(f'No armature moves "{mesh.name}". Name a mesh that has an Armature modifier.')


def action_name(armature: Any) -> str:
    """What the animation is called, or nothing."""
    animation = armature.animation_data
    return animation.action.name if animation is not None and animation.action is not None else ""


class Poses:
    """The poses of a mesh, as they are captured."""

    def __init__(self, mesh: Any, armature: Any, controls: list[Control]) -> None:
        self.mesh, self.armature, self.controls = mesh, armature, controls
        self.rest = rest_of(mesh)
        self.bones = [bone for bone in armature.data.bones if bone.use_deform]
        self.weights, self.has_still = weights_of(mesh, self.bones)
        to_mesh = mesh.matrix_world.inverted() @ armature.matrix_world
        bind = [to_mesh @ bone.matrix_local for bone in self.bones]
        self.bind = np.array(bind + [Matrix.Identity(4)] * self.has_still)
        self.rows: dict[str, list[Any]] = {
            name: [] for name in ("vertices", "joint_matrices", "controls", "clip", "frame")
        }
        self.missed = self.moved = 0.0

    def capture(self, base: Any, clip: str, frame: int) -> None:
        """Adds the pose that the scene is in."""
        bpy.context.view_layer.update()
        vertices = evaluated(self.mesh, len(self.rest))
        skin = self.skin_matrices()
        blended = np.einsum("vj,jab->vab", self.weights, skin)
        skinned = np.einsum("vab,vb->va", blended[:, :3, :3], self.rest) + blended[:, :3, 3]
        self.missed = max(self.missed, farthest(skinned, evaluated(base, len(self.rest))))
        self.moved = max(self.moved, farthest(skinned, vertices))
        row = {
            "vertices": vertices,
            "joint_matrices": (skin @ self.bind)[:, :3].astype(np.float32),
            "controls": [control.get() for control in self.controls],
            "clip": clip,
            "frame": frame,
        }
        for name, value in row.items():
            self.rows[name].append(value)

    def skin_matrices(self) -> np.ndarray:
        """What moves the vertices of each joint from rest to pose, `(J, 4, 4)`, in the mesh's space.

        A bone's axes are its own: its pose is taken back through its rest matrix. The armature's space is not
        the mesh's either, and both objects may be animated.
        """
        to_mesh = self.mesh.matrix_world.inverted() @ self.armature.matrix_world
        back = to_mesh.inverted()
        posed = self.armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        moves = [posed[bone.name].matrix @ bone.matrix_local.inverted() for bone in self.bones]
        return np.array([to_mesh @ move @ back for move in moves] + [Matrix.Identity(4)] * self.has_still)

    def write(self, path: Path) -> None:
        """Writes the training file, uncompressed so that it can be mapped."""
        places = {bone.name: place for place, bone in enumerate(self.bones)}
        parents = [parent_place(bone, places) for bone in self.bones] + [-1] * self.has_still
        arrays = {name: np.array(rows) for name, rows in self.rows.items() if name != "controls"}
        if self.controls:
            arrays["control_names"] = np.array([control.name for control in self.controls])
            arrays["controls"] = values = np.array(self.rows["controls"], np.float32)
            limits = [
                (control.least, control.largest) if control.limited else (column.min(), column.max())
                for control, column in zip(self.controls, values.T, strict=True)
            ]
            arrays["control_limits"] = np.array(limits, np.float32)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            version=1,
            units=units_of(self.mesh),
            rest=self.rest,
            faces=faces_of(self.mesh.data),
            joint_names=[bone.name for bone in self.bones] + [STILL] * self.has_still,
            joint_parents=np.array(parents, np.int32),
            skin_weights=self.weights.astype(np.float32),
            bind_matrices=self.bind[:, :3].astype(np.float32),
            **arrays,
        )

    def summary(self) -> str:
        """What was exported, and how well the base is told."""
        units = units_of(self.mesh)
        return (
            f"{len(self.rows['frame'])} poses of {len(self.rest)} vertices, {len(self.bones)} bones, "
            f"{len(self.controls)} controls. Skinning by the exported weights is at most {self.missed:.2g} "
            f"{units} from Blender's armature alone, and the target up to {self.moved:.2g} {units} from it."
        )


def rest_of(mesh: Any) -> np.ndarray:
    """The undeformed vertices `(V, 3)` float32: the basis, where there are shape keys."""
    keys = mesh.data.shape_keys
    points = mesh.data.vertices if keys is None else keys.reference_key.data
    flat = np.empty(len(points) * 3, np.float32)
    points.foreach_get("co", flat)
    return flat.reshape(-1, 3)


def faces_of(data: Any) -> np.ndarray:
    """Quads as they are, and everything else as triangles `(F, 4)`, padded with -1."""
    quads = [tuple(polygon.vertices) for polygon in data.polygons if len(polygon.vertices) == 4]
    data.calc_loop_triangles()
    triangles = [
        (*triangle.vertices, -1)
        for triangle in data.loop_triangles
        if len(data.polygons[triangle.polygon_index].vertices) != 4
    ]
    return np.array(quads + triangles, np.int32).reshape(-1, 4)


def weights_of(mesh: Any, bones: list[Any]) -> tuple[np.ndarray, bool]:
    """The weights `(V, J)`, rows summing to one as in Blender, and whether a still joint was added."""
    places = {bone.name: place for place, bone in enumerate(bones)}
    columns = {group.index: places[group.name] for group in mesh.vertex_groups if group.name in places}
    weights = np.zeros((len(mesh.data.vertices), len(bones) + 1))
    for vertex in mesh.data.vertices:
        for element in vertex.groups:
            if element.group in columns:
                weights[vertex.index, columns[element.group]] = element.weight
    loose = weights.sum(axis=1) <= LEAST_WEIGHT
    weights[loose] = 0.0
    weights[loose, -1] = 1.0
    weights /= weights.sum(axis=1, keepdims=True)
    return (weights, True) if loose.any() else (weights[:, :-1], False)


def evaluated(mesh: Any, count: int) -> np.ndarray:
    """The vertices `(V, 3)` float32 after the modifiers.

    Raises:
        ValueError: A modifier adds or takes vertices.
    """
    result = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    data = result.to_mesh()
    if len(data.vertices) != count:
        names = ", ".join(modifier.name for modifier in mesh.modifiers if modifier.show_viewport)
        raise ValueError(
            f'"{mesh.name}" has {count} vertices, and {len(data.vertices)} after its modifiers ({names}). '
            "Turn those that add or take vertices off in the viewport."
        )
    flat = np.empty(count * 3, np.float32)
    data.vertices.foreach_get("co", flat)
    result.to_mesh_clear()
    return flat.reshape(-1, 3)


@contextmanager
def armature_alone(mesh: Any) -> Iterator[Any]:
    """A copy of the mesh that only the armature's vertex groups move, linearly."""
    base = mesh.copy()
    base.data = mesh.data.copy()
    keys = base.data.shape_keys
    base.shape_key_clear()
    base.data.vertices.foreach_set("co", rest_of(mesh).ravel())
    kept = base.modifiers[armature_modifier(mesh).name]
    kept.use_deform_preserve_volume = kept.use_bone_envelopes = False
    for modifier in list(base.modifiers):
        if modifier != kept:
            base.modifiers.remove(modifier)
    bpy.context.scene.collection.objects.link(base)
    try:
        yield base
    finally:
        bpy.data.batch_remove([base.data, base, *([] if keys is None else [keys])])


@contextmanager
def posing_by_hand(mesh: Any, armature: Any, controls: list[Control]) -> Iterator[None]:
    """Keeps actions from setting bones and controls, drivers go on; afterwards all is as before."""
    owners = (armature, mesh.data.shape_keys)
    animated = [owner.animation_data for owner in owners if owner is not None and owner.animation_data]
    actions = [(data, data.action, data.action_slot, data.use_nla) for data in animated]
    poses = [(bone, bone.matrix_basis.copy()) for bone in armature.pose.bones]
    values = [(control, control.get()) for control in controls]
    for data in animated:
        data.action, data.use_nla = None, False
    try:
        yield
    finally:
        for bone, pose in poses:
            bone.matrix_basis = pose
        for control, value in values:
            control.set(value)
        for data, action, slot, use_nla in actions:
            data.use_nla = use_nla
            if action is not None:
                data.action, data.action_slot = action, slot


def pose_randomly(armature: Any, controls: list[Control], angle: float, dice: random.Random) -> None:
    """Turns every bone, and sets every control that has limits, to something within them."""
    for bone in armature.pose.bones:
        turns = [dice.uniform(*limits) for limits in turn_limits(bone, math.radians(angle))]
        bone.matrix_basis = Euler(turns).to_matrix().to_4x4()  # in the axes that the bone has at rest
    for control in (control for control in controls if control.limited):
        control.set(dice.uniform(control.least, control.largest))
    armature.update_tag()


def turn_limits(bone: Any, angle: float) -> list[tuple[float, float]]:
    """The least and largest turn about x, y and z, in radians: locked, limited by the rigger, or `angle`."""
    limits = [(0.0, 0.0) if locked else (-angle, angle) for locked in bone.lock_rotation]
    for place, axis in enumerate("xyz"):
        if getattr(bone, f"use_ik_limit_{axis}"):
            limits[place] = (getattr(bone, f"ik_min_{axis}"), getattr(bone, f"ik_max_{axis}"))
        for constraint in bone.constraints:
            if constraint.type == "LIMIT_ROTATION" and getattr(constraint, f"use_limit_{axis}"):
                limits[place] = (getattr(constraint, f"min_{axis}"), getattr(constraint, f"max_{axis}"))
    return limits


def parent_place(bone: Any, places: dict[str, int]) -> int:
    """Where the nearest deforming ancestor stands; -1 where there is none."""
    return next((places[above.name] for above in bone.parent_recursive if above.name in places), -1)


def units_of(mesh: Any) -> str:
    """Metres, unless the scene or the mesh is scaled."""
    scaled = any(abs(size - 1.0) > 1e-6 for size in mesh.matrix_world.to_scale())
    return "units" if scaled or bpy.context.scene.unit_settings.scale_length != 1.0 else "m"


def farthest(left: np.ndarray, right: np.ndarray) -> float:
    """The largest distance between two shapes `(V, 3)`."""
    return float(np.linalg.norm(left - right, axis=1).max())


def main() -> None:
    """The command line: what follows `--` where Blender runs this, everything where Python does."""
    parser = argparse.ArgumentParser(prog="export_poses.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--scene", type=Path, help="the .blend file, where Blender has not opened one")
    parser.add_argument("--mesh", required=True, help="the mesh object's name")
    parser.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--frames", type=int, nargs=2, metavar=("FIRST", "LAST"), help="default: the scene's")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="random poses after them")
    parser.add_argument("--angle", type=float, default=30.0, help="largest turn without limits, degrees")
    parser.add_argument("--seed", type=int, default=0, help="of the random poses")
    given = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    options = parser.parse_args(given)
    if options.scene is not None:
        bpy.ops.wm.open_mainfile(filepath=str(options.scene))
    meshes = {thing.name: thing for thing in bpy.data.objects if thing.type == "MESH"}
    if options.mesh not in meshes:
        parser.error(f'there is no mesh "{options.mesh}"; the scene has {", ".join(meshes) or "none"}')
    frames = None if options.frames is None else range(options.frames[0], options.frames[1] + 1)
    try:
        told = export(
            meshes[options.mesh],
            options.out,
            frames=frames,
            count=options.random,
            angle=options.angle,
            seed=options.seed,
        )
    except ValueError as error:
        parser.error(str(error))
    sys.stdout.write(told + "\n")


if __name__ == "__main__":
    main()
