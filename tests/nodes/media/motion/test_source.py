"""Motion from BVH, ASF with AMC, npz and JSON: what is read, what labels it, and damaged clips."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from understudy import Graph, check, run
from understudy.graph.errors import MediaError
from understudy.nodes.media.motion.clip import kinematics
from understudy.nodes.media.motion.source import read_clip

if TYPE_CHECKING:
    from pathlib import Path

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT LeftLeg
  {
    OFFSET 1 -2 0
    CHANNELS 3 Zrotation Yrotation Xrotation
    End Site
    {
      OFFSET 0 -3 0
    }
  }
}
MOTION
Frames: 3
Frame Time: 0.0333333
0 10 0 0 90 0 0 0 0
1 10 0 0 90 0 90 0 0
2 10 0 0 90 0 0 0 90
"""

ASF = """:version 1.10
:units
  length 1.0
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name lfemur
    direction 0 -1 0
    length 4
    axis 0 0 30 XYZ
    dof rx rz
  end
  begin
    id 2
    name ltibia
    direction 0 -1 0
    length 3
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root lfemur
    lfemur ltibia
  end
"""

AMC = """:FULLY-SPECIFIED
:DEGREES
1
root 0 9 0 0 0 0
lfemur 90 0
2
root 0 9 1 0 90 0
lfemur 0 45
"""


def folder_of(shared: Path, name: str, pattern: str) -> Path:
    """The first file of a shared set."""
    return min((shared / name).glob(pattern))


def write_clips(folder: Path, labels: tuple[str, ...] = ("walk", "walk", "run"), frames: int = 20) -> None:
    """Clips of two joints as .npz, in a folder for each label."""
    draw = np.random.Generator(np.random.Philox(5))
    for number, label in enumerate(labels):
        path = folder / "clips" / label / f"{label}_{number}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        expmap = draw.normal(size=(frames, 3, 3)) * 0.3
        np.savez(path, expmap=expmap, fps=30.0, joints=np.array(["LeftLeg", "RightLeg"]))


def motion_graph(folder: Path, path: str = "clips", **knobs: Any) -> Graph:
    """A graph of one DataSource."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "clips", path=path, **knobs)
    return graph


def test_bvh_is_turned_as_its_channels_say(tmp_path: Path) -> None:
    """The root is turned by 90 degrees about y, so that the leg's offset along x points backwards."""
    path = tmp_path / "leg.bvh"
    path.write_text(BVH, encoding="utf-8")
    clip = read_clip(path)
    places = kinematics(clip)
    assert (clip.joints, len(clip), round(clip.rate)) == (("Hips", "LeftLeg"), 3, 30)
    assert np.allclose(places[0], [[0, 10, 0], [0, 8, -1]], atol=1e-9)
    assert np.allclose(clip.vectors[1, 1], [0, 0, np.pi / 2])
    assert np.allclose(clip.vectors[2, 1], [np.pi / 2, 0, 0])


def test_amc_turns_bones_within_their_own_axes(tmp_path: Path) -> None:
    """An angle about x of a bone whose axes are turned by 30 degrees about z is one about that turned x."""
    (tmp_path / "02.asf").write_text(ASF, encoding="utf-8")
    (tmp_path / "02_01.amc").write_text(AMC, encoding="utf-8")
    clip = read_clip(tmp_path / "02_01.amc")
    x = np.pi / 2 * np.array([np.cos(np.pi / 6), np.sin(np.pi / 6), 0.0])
    places = kinematics(clip)
    assert clip.joints == ("root", "lfemur", "ltibia")
    assert np.allclose(clip.vectors[0, 1], x)
    assert np.allclose(clip.vectors[1, 1], [0, 0, np.pi / 4])
    assert np.allclose(places[1, 2], [0, 9 - 4 / np.sqrt(2), 1 - 4 / np.sqrt(2)], atol=1e-9)


def test_two_readers_agree_on_the_same_motion(shared_data: Path) -> None:
    """A walk as AMC and, smoothed and half as often, as exponential maps: the root goes the same way.

    It moves by 0.4 units between two frames, so that a shift of one frame would be seen.
    """
    first = read_clip(shared_data / "motion_cmu_asfamc" / "02_01.amc")
    other = read_clip(folder_of(shared_data, "motion_cmu_labelled", "walking/*walking_1.npz"))
    assert np.allclose(first.root[::2][: len(other)], other.root, atol=0.25)


def test_real_figures_stand_on_the_ground(shared_data: Path) -> None:
    """A figure of some 25 units has its lowest joint near the ground and its highest 20 to 30 above it."""
    for name, pattern in (("motion_cmu_bvh", "*.gz"), ("motion_cmu_asfamc", "02_01.amc")):
        places = kinematics(read_clip(folder_of(shared_data, name, pattern)))[0]
        assert -1.0 < places[:, 1].min() < 2.0
        assert 20.0 < np.ptp(places[:, 1]) < 30.0


def test_quaternions_and_matrices_are_the_same_as_vectors(tmp_path: Path) -> None:
    """The three layouts of `rotations` give the same clip."""
    vectors = np.random.Generator(np.random.Philox(1)).normal(size=(5, 2, 3)) * 0.5
    turned = Rotation.from_rotvec(vectors.reshape(-1, 3))
    layouts = {
        "vectors": vectors,
        "quaternions": turned.as_quat()[:, [3, 0, 1, 2]].reshape(5, 2, 4),
        "matrices": turned.as_matrix().reshape(5, 2, 3, 3),
    }
    for name, rotations in layouts.items():
        np.savez(tmp_path / f"{name}.npz", rotations=rotations)
        assert np.allclose(read_clip(tmp_path / f"{name}.npz").vectors, vectors)


def test_deep_mimic_has_thirteen_joints(tmp_path: Path) -> None:
    """A frame's quaternions and hinges come out as rotation vectors."""
    frame = [0.05, 0, 1, 0, *[1, 0, 0, 0] * 4, 0.5, *[1, 0, 0, 0] * 2, 0.0, *[1, 0, 0, 0], -0.5]
    frame += [*[1, 0, 0, 0] * 2, 0.25]
    path = tmp_path / "walk.txt"
    path.write_text(json.dumps({"Loop": "wrap", "Frames": [frame, frame, frame]}), encoding="utf-8")
    clip = read_clip(path)
    assert clip.vectors[0, clip.joints.index("right_knee")].tolist() == [0.0, 0.0, 0.5]
    assert clip.vectors[0, clip.joints.index("left_elbow")].tolist() == [0.0, 0.0, 0.25]
    assert round(clip.rate) == 20


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BVH[:200], "before any motion. Was it cut short?"),
        (BVH[:-20], "values, and the skeleton has 9 channels. Was it cut short?"),
        (BVH.replace("2 10 0 0 90 0 0 0 90\n", ""), "It says 3 frames and has 2. Was it cut short?"),
        (BVH.replace("OFFSET 1 -2 0", "OFFSET 1 -2 zero"), 'Line 8 can\'t be read: "OFFSET 1 -2 zero"'),
        (BVH.replace("2 10 0 0 90", "2 nan 0 0 90"), "Frame 3 holds NaN or infinity"),
        ("something else", "the first line is not HIERARCHY"),
    ],
)
def test_a_damaged_bvh_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Cut in the skeleton, cut in a line, frames missing, words for numbers, NaN, and no BVH at all."""
    (tmp_path / "bad.bvh").write_text(text, encoding="utf-8")
    with pytest.raises(MediaError) as caught:
        read_clip(tmp_path / "bad.bvh")
    assert said in str(caught.value)


def test_a_damaged_amc_is_refused_with_its_line(tmp_path: Path) -> None:
    """Cut short, of another skeleton, and without one."""
    (tmp_path / "02.asf").write_text(ASF, encoding="utf-8")
    for text, said in (
        (AMC[: AMC.rindex("lfemur")], "Frame 2 does not say how lfemur is turned"),
        (AMC[:-3], "has 1 values for lfemur, which takes 2"),
        (AMC.replace("lfemur 90 0", "rhumerus 90 0"), 'moves "rhumerus", which its skeleton does not have'),
    ):
        (tmp_path / "02_01.amc").write_text(text, encoding="utf-8")
        with pytest.raises(MediaError, match=said):
            read_clip(tmp_path / "02_01.amc")
    (tmp_path / "02.asf").unlink()
    assert "An AMC needs the ASF of its skeleton beside it" in str(check(motion_graph(tmp_path, "02_01.amc")))


def test_a_compressed_bvh_cut_short_is_refused(tmp_path: Path) -> None:
    """Half of a .gz says so."""
    (tmp_path / "leg.bvh.gz").write_bytes(gzip.compress(BVH.encode())[:-30])
    with pytest.raises(MediaError, match="cut short"):
        read_clip(tmp_path / "leg.bvh.gz")


def test_another_skeleton_among_clips_is_named(tmp_path: Path) -> None:
    """Clips that are learned together have the same joints; the first that differs is named."""
    write_clips(tmp_path)
    other = tmp_path / "clips" / "walk" / "walk_9.npz"
    np.savez(other, expmap=np.zeros((9, 3, 3)), joints=np.array(["LeftLeg", "Tail"]))
    failed = run(motion_graph(tmp_path)).failed["clips"]
    assert "It has another skeleton than" in failed
    assert "it has the joint Tail, which the other lacks" in failed


def test_clips_are_labelled_by_folder_or_by_name(tmp_path: Path) -> None:
    """Every frame has the label of its clip; a pattern that does not fit is a fault."""
    write_clips(tmp_path)
    for knobs in ({}, {"label_from": "{label}_*.npz"}, {"rename": "walk=run"}):
        found = run(motion_graph(tmp_path, labels="label", **knobs)).values["clips"]
        labels = found["labels"]
        wanted = ("run",) if "rename" in knobs else ("run", "walk")
        assert labels.columns[0].categories == wanted
        assert (len(labels), labels.keys[20]) == (60, ("walk_0", 1))
    assert "this clip has no label" in str(
        check(motion_graph(tmp_path, labels="label", label_from="{label}.x"))
    )


def test_the_phase_of_a_clip_goes_round_once(tmp_path: Path) -> None:
    """From 0 at the first frame to 0 again at the last."""
    write_clips(tmp_path)
    labels = run(motion_graph(tmp_path, labels="phase", groups="run_2")).values["clips"]["labels"]
    assert np.allclose(labels.column("phase")[:3], [0.0, 1 / 19, 2 / 19])
    assert labels.column("phase")[-1] == 0.0


def test_motion_needs_features_before_it_is_learned(tmp_path: Path) -> None:
    """A Trainer says which node goes between."""
    write_clips(tmp_path)
    graph = motion_graph(tmp_path, labels="label")
    graph.add("Trainer", "learn", inputs={"input": "clips.features", "groundtruth": "clips.labels"})
    assert "put a MotionFeatures between" in run(graph).failed["learn"]


def test_a_list_of_frames_to_leave_out_needs_labels(tmp_path: Path) -> None:
    """Motion stays whole, so that a list means nothing where no labels are read: that is told."""
    write_clips(tmp_path)
    (tmp_path / "out.txt").write_text("walk_0:2  limps\n", encoding="utf-8")
    (fault,) = check(motion_graph(tmp_path, exclude="out.txt"))
    assert (fault.knob, fault.found) == ("exclude", '"out.txt"')
    assert not check(motion_graph(tmp_path, exclude="out.txt", labels=["label"]))
