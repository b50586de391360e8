"""Reading USD: against vertices that Pixar's own baking gave."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed, read_posed_files
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.media.meshes.usd import convert_usd

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pxr", reason="usd-core is not installed (the extra usd)")

FACE = """#usda 1.0
def SkelRoot "Root" {
    def Skeleton "Skeleton" (prepend apiSchemas = ["SkelBindingAPI"]) {
        uniform token[] joints = ["root"]
        uniform matrix4d[] bindTransforms = [((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))]
        uniform matrix4d[] restTransforms = [((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))]
        rel skel:animationSource = </Root/Animation>
    }
    def SkelAnimation "Animation" {
        uniform token[] blendShapes = ["smile"]
        float[] blendShapeWeights.timeSamples = { 1: [0.25], 2: [0.5] }
    }
    def Mesh "Face" (prepend apiSchemas = ["SkelBindingAPI"]) {
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
        point3f[] points.timeSamples = {
            1: [(0, 0, 0), (1, 0, 0.25), (0, 1, 0)], 2: [(0, 0, 0), (1, 0, 0.5), (0, 1, 0)] }
        rel skel:skeleton = </Root/Skeleton>
        uniform token[] skel:blendShapes = ["smile"]
        rel skel:blendShapeTargets = </Root/Face/smile>
        def BlendShape "smile" {
            uniform vector3f[] offsets = [(0, 0, 0), (0, 0, 1), (0, 0, 0)]
        }
    }
}
"""

MESHES = ("/Root/Mesh", "/Root/MeshWithFaceVaryingNormals", "/Root/MeshWithNormals")


def _converted(folder: Path, method: str, mesh: str, out: Path) -> PosedMeshes:
    baked = folder / "mesh_usdskel" / f"baseline__{method}.baked.usda"
    convert_usd(folder / "mesh_usdskel" / f"{method}.usda", out, mesh=mesh, target=baked)
    return read_posed(out)


def _copied(folder: Path, to: Path) -> Any:
    from pxr import Usd

    shutil.copyfile(folder / "mesh_usdskel" / "lbs.usda", to)
    return Usd.Stage.Open(str(to))


def _from_skinning(poses: PosedMeshes) -> float:
    base = skinned(poses.rig, poses.joint_matrices, len(poses)).vertices
    return float(np.abs(base - poses.vertices(slice(None))).max())


@pytest.mark.parametrize("mesh", MESHES)
def test_linear_skinning_gives_pixars_points(shared_data: Path, tmp_path: Path, mesh: str) -> None:
    """Weights, bind and joint matrices from UsdSkel pose the mesh as OpenUSD bakes it, in all 30 frames."""
    poses = _converted(shared_data, "lbs", mesh, tmp_path / "lbs.npz")

    assert poses.frames.tolist() == list(range(1, 31))
    assert _from_skinning(poses) < 2e-6


def test_objects_may_be_moved_and_turned(shared_data: Path, tmp_path: Path) -> None:
    """The skeleton's place counts from the mesh's: moving the mesh moves its joints the other way."""
    from pxr import Gf, UsdGeom

    stage = _copied(shared_data, tmp_path / "moved.usda")
    mesh = UsdGeom.Xformable(stage.GetPrimAtPath("/Root/Mesh"))
    mesh.AddTransformOp().Set(Gf.Matrix4d().SetTranslate(Gf.Vec3d(0.0, 2.0, 0.0)))
    stage.Save()
    convert_usd(shared_data / "mesh_usdskel" / "lbs.usda", tmp_path / "still.npz")
    convert_usd(tmp_path / "moved.usda", tmp_path / "moved.npz")
    still, moved = (
        skinned(poses.rig, poses.joint_matrices, len(poses)).vertices
        for poses in (read_posed(tmp_path / "still.npz"), read_posed(tmp_path / "moved.npz"))
    )

    assert np.allclose(still - moved, [0.0, 2.0, 0.0], atol=1e-6)


def test_blend_shape_weights_are_controls(shared_data: Path, tmp_path: Path) -> None:
    """What the animation sets besides joints becomes named columns."""
    from pxr import UsdSkel

    stage = _copied(shared_data, tmp_path / "face.usda")
    animation = UsdSkel.Animation(stage.GetPrimAtPath("/Root/Skeleton/Animation"))
    animation.CreateBlendShapesAttr().Set(["smile", "blink"])
    animation.CreateBlendShapeWeightsAttr().Set([0.25, 0.5])
    stage.Save()
    convert_usd(tmp_path / "face.usda", tmp_path / "face.npz")
    poses = read_posed(tmp_path / "face.npz")

    assert poses.rig.control_names == ("smile", "blink")
    assert poses.controls[7].tolist() == [0.25, 0.5]


def test_dual_quaternion_skinning_is_left_to_learn(shared_data: Path, tmp_path: Path) -> None:
    """Another way of skinning departs from the linear base, which the target keeps."""
    poses = _converted(shared_data, "dqs", "/Root/Mesh", tmp_path / "dqs.npz")

    assert _from_skinning(poses) > 1e-2


def test_animation_without_points_is_there_to_play(shared_data: Path, tmp_path: Path) -> None:
    """A mesh without time samples gives the skeleton's poses, and no vertices."""
    convert_usd(shared_data / "mesh_usdskel" / "lbs.usda", tmp_path / "play.npz")
    poses = read_posed(tmp_path / "play.npz")

    assert not poses.has_vertices
    assert len(poses) == 30
    assert poses.rig.joint_names == ("joint1", "joint1/joint2", "joint1/joint2/joint3")


def test_a_wrong_mesh_is_told_with_those_there_are(shared_data: Path, tmp_path: Path) -> None:
    """The sentence lists the meshes of the stage."""
    with pytest.raises(MediaError, match=r'no mesh "/Root/Body"; found /Root/Mesh, '):
        convert_usd(shared_data / "mesh_usdskel" / "lbs.usda", tmp_path / "no.npz", mesh="/Root/Body")


def test_points_without_a_skeleton_are_refused(shared_data: Path, tmp_path: Path) -> None:
    """Nothing says what drives a baked cache on its own."""
    baked = shared_data / "mesh_usdskel" / "baseline__lbs.baked.usda"

    with pytest.raises(MediaError, match="No skeleton of UsdSkel drives /Root/Mesh"):
        convert_usd(baked, tmp_path / "no.npz")


def test_a_file_cut_short_is_told(shared_data: Path, tmp_path: Path) -> None:
    """A damaged file ends with a sentence that names it, and the line."""
    cut = tmp_path / "cut.usda"
    shutil.copyfile(shared_data / "mesh_usdskel" / "lbs.usda", cut)
    cut.write_bytes(cut.read_bytes()[:9000])

    with pytest.raises(
        MediaError, match=r"cut.usda: It can't be read as USD \(line \d+:\d+: .*\). It is absent"
    ):
        convert_usd(cut, tmp_path / "no.npz")


def test_blend_shapes_alone_drive_a_face(tmp_path: Path) -> None:
    """A mesh that no joint moves has controls and no skin: its shapes are deltas from the rest shape."""
    (tmp_path / "face.usda").write_text(FACE)
    poses = read_posed_files([tmp_path / "face.usda"])

    assert not poses.rig.skinned
    assert poses.rig.control_names == ("smile",)
    assert poses.controls[:, 0].tolist() == [0.25, 0.5]
    assert poses.vertices(slice(None))[:, 1, 2].tolist() == [0.25, 0.5]


def test_a_skinned_mesh_needs_a_rest_shape(shared_data: Path, tmp_path: Path) -> None:
    """Points over time alone don't say what the skeleton moves."""
    stage = _copied(shared_data, tmp_path / "rest.usda")
    points = stage.GetPrimAtPath("/Root/Mesh").GetAttribute("points")
    values = points.Get()
    points.Clear()
    points.Set(values, 1.0)
    stage.Save()

    with pytest.raises(MediaError, match="nothing says the rest shape"):
        read_posed_files([tmp_path / "rest.usda"])
