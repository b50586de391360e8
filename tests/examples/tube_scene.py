"""Builds a small rigged tube; Blender's Python runs it: `python tube_scene.py KIND OUT.blend`.

KIND is "plain", which is linear skinning alone, or "full".
"""

from __future__ import annotations

import math
import sys

import bpy
from mathutils import Matrix, Vector

RINGS, SIDES, LENGTH = 25, 12, 3.0
FRAMES = (1, 12)


def tube() -> bpy.types.Object:
    """A tube along x with a cap of one polygon; its object is turned and moved."""
    points = [
        (LENGTH * ring / (RINGS - 1), 0.3 * math.cos(turn), 0.3 * math.sin(turn))
        for ring in range(RINGS)
        for turn in (math.tau * side / SIDES for side in range(SIDES))
    ]
    faces = [
        tuple(SIDES * (ring + up) + (side + on) % SIDES for up, on in ((0, 0), (0, 1), (1, 1), (1, 0)))
        for ring in range(RINGS - 1)
        for side in range(SIDES)
    ]
    data = bpy.data.meshes.new("tube")
    data.from_pydata(points, [], [*faces, tuple(range(SIDES))])
    mesh = bpy.data.objects.new("tube", data)
    mesh.matrix_world = Matrix.Translation((1.0, 2.0, 3.0)) @ Matrix.Rotation(0.4, 4, "Z")
    bpy.context.collection.objects.link(mesh)
    return mesh


def skeleton(mesh: bpy.types.Object) -> bpy.types.Object:
    """Three rolled bones in a row below a control that deforms nothing; the object is turned otherwise."""
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.collection.objects.link(rig)
    rig.matrix_world = Matrix.Translation((0.5, 0.0, 0.0)) @ Matrix.Rotation(1.1, 4, "X")
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    inside = rig.matrix_world.inverted() @ mesh.matrix_world
    above = None
    for number, name in enumerate(("root", "lower", "middle", "upper")):
        bone = rig.data.edit_bones.new(name)
        start = max(0, number - 1)
        bone.head, bone.tail = inside @ Vector((start, 0, 0)), inside @ Vector((start + 1, 0, 0))
        bone.roll, bone.use_deform, bone.parent = 0.3 * number, name != "root", above
        above = bone
    bpy.ops.object.mode_set(mode="OBJECT")
    return rig


def bind(mesh: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Smooth weights that don't sum to one, a ring without any, and a bone that is a hinge."""
    for number, name in enumerate(("lower", "middle", "upper")):
        group = mesh.vertex_groups.new(name=name)
        for vertex in mesh.data.vertices[SIDES:]:
            weight = 0.8 - abs(vertex.co.x - number - 0.5) * 0.6
            if weight > 0.0:
                group.add([vertex.index], weight, "REPLACE")
    mesh.modifiers.new("Armature", "ARMATURE").object = rig
    hinge = rig.pose.bones["middle"]
    hinge.use_ik_limit_x = hinge.use_ik_limit_y = hinge.use_ik_limit_z = True
    hinge.ik_min_x = hinge.ik_max_x = hinge.ik_min_y = hinge.ik_max_y = hinge.ik_min_z = 0.0
    hinge.ik_max_z = 0.5


def sculpt(mesh: bpy.types.Object, rig: bpy.types.Object) -> None:
    """Modifiers beyond linear skinning; a bulge to key, and a fold that a driver sets from the rig."""
    mesh.modifiers["Armature"].use_deform_preserve_volume = True
    mesh.modifiers.new("Corrective", "CORRECTIVE_SMOOTH").rest_source = "ORCO"
    mesh.shape_key_add(name="Basis")
    for name, axis in (("bulge", 2), ("fold", 1)):
        key = mesh.shape_key_add(name=name)
        for point in key.data[4 * SIDES :]:
            point.co[axis] *= 1.3
    rig["strength"], rig["unlimited"] = 0.0, 3.0
    rig.id_properties_ui("strength").update(min=0.0, max=2.0)
    driver = mesh.data.shape_keys.key_blocks["fold"].driver_add("value").driver
    driver.type = "SUM"
    variable = driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = rig, '["strength"]'
    bulge = mesh.data.shape_keys.key_blocks["bulge"]
    for frame in FRAMES:
        bulge.value = frame / FRAMES[1]
        bulge.keyframe_insert("value", frame=frame)


def animate(rig: bpy.types.Object) -> None:
    """Bones turn, and the rig's object travels."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = FRAMES
    for frame, turn in zip(FRAMES, (0.0, 0.9), strict=True):
        for bone in rig.pose.bones:
            bone.rotation_mode = "XYZ"
            bone.rotation_euler = (turn, 0.3 * turn, -0.5 * turn)
            bone.keyframe_insert("rotation_euler", frame=frame)
        rig.location.z = turn
        rig.keyframe_insert("location", frame=frame)
    rig.animation_data.action.name = "wave"


if __name__ == "__main__":
    bpy.ops.wm.read_factory_settings(use_empty=True)
    TUBE = tube()
    RIG = skeleton(TUBE)
    bind(TUBE, RIG)
    animate(RIG)
    if sys.argv[-2] == "full":
        sculpt(TUBE, RIG)
    bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
