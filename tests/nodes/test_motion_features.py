"""Features of motion: what does not change when somebody walks elsewhere, windows, and mirrors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from understudy.graph.errors import UnderstudyError
from understudy.nodes.media.motion.clip import Clip
from understudy.nodes.media.motion.features import Wanted, lines_of, windows_of
from understudy.nodes.media.motion.mirroring import partners
from understudy.nodes.media.motion.motion import together
from understudy.nodes.media.motion.summary import summary_of
from understudy.nodes.media.tables.columns import Column
from understudy.nodes.media.tables.table import single_lines

JOINTS = ("Hips", "LeftLeg", "RightLeg")

ALL = Wanted(rotations=True, velocities=True, root=True, up="y", lateral="x", rate=0.0, mirror=True)


def clip(frames: int = 30, seed: int = 0, rate: float = 30.0) -> Clip:
    """A smooth motion of three joints."""
    draw = np.random.Generator(np.random.Philox(seed))
    time = np.linspace(0.0, 4.0, frames)[:, None, None]
    vectors = 0.3 * np.sin(time + draw.normal(size=(1, 3, 3)) * 2.0)
    root = np.cumsum(draw.normal(size=(frames, 3)) * 0.1 + [0.0, 0.0, 0.5], axis=0)
    return Clip(Path("made.npz"), JOINTS, None, None, vectors, root, rate)


def test_place_and_heading_do_not_matter() -> None:
    """The same motion elsewhere and turned by 140 degrees about the vertical gives the same lines."""
    one = clip()
    turn = Rotation.from_euler("y", 140, degrees=True)
    vectors = one.vectors.copy()
    vectors[:, 0] = (turn * Rotation.from_rotvec(vectors[:, 0])).as_rotvec()
    other = replace(one, vectors=vectors, root=turn.apply(one.root) + np.array([50.0, 0.0, -20.0]))
    lines = [lines_of(together([each], ["a"]), ALL).values for each in (one, other)]
    assert np.allclose(lines[0], lines[1], atol=1e-9)


def test_the_mirror_of_a_line_is_the_line_of_the_mirror() -> None:
    """A motion that was exchanged and reflected by hand gives what `mirror` makes of the original."""
    one = clip()
    flipped = one.vectors[:, [0, 2, 1]] * [1.0, -1.0, -1.0]
    other = replace(one, vectors=flipped, root=one.root * [-1.0, 1.0, 1.0])
    lines = lines_of(together([one], ["a"]), ALL)
    assert lines.mirror is not None
    mirrored = lines.values[:, lines.mirror.places] * lines.mirror.signs
    assert np.allclose(mirrored, lines_of(together([other], ["a"]), ALL).values, atol=1e-9)


def test_velocities_are_a_second_whatever_the_rate() -> None:
    """Every second frame of a smooth motion turns about as fast, to a tenth of the fastest turn."""
    motion = together([clip(frames=200)], ["a"])
    fine, coarse = (lines_of(motion, replace(ALL, rate=rate)) for rate in (30.0, 15.0))
    turns = [place for place, name in enumerate(fine.names) if "turns" in name]
    both = fine.values[::2][:, turns], coarse.values[:, turns]
    assert coarse.frames[:3].tolist() == [1, 3, 5]
    assert np.abs(both[0] - both[1]).max() < 0.1 * np.abs(both[0]).max()


def test_windows_stay_within_their_clip() -> None:
    """Ten frames every five, numbered by the middle; a clip that is too short is told."""
    motion = together([clip(30), clip(22, 1), clip(6, 2)], ["a", "b", "c"])
    windows, short = windows_of(lines_of(motion, ALL), 10 / 30, 5 / 30)
    assert windows.keys == [("a", n) for n in (6, 11, 16, 21, 26)] + [("b", n) for n in (6, 11, 16)]
    assert short == ["c"]
    assert np.array_equal(windows.at([5])[0], windows.values[30:40])


def test_a_window_longer_than_every_clip_is_refused() -> None:
    """The sentence has both lengths."""
    with pytest.raises(UnderstudyError, match="A window has 60 frames, and the longest clip 30"):
        windows_of(lines_of(together([clip()], ["a"]), ALL), 2.0, 1.0)


def test_a_summary_is_means_and_deviations() -> None:
    """Of each column over its window, paired with the same frame; a category is refused by name."""
    columns = (Column("a", "number"), Column("light", "category", ("day", "night")))
    values = np.stack([np.arange(6.0), np.zeros(6)], axis=1)
    table = single_lines(columns, values, np.full(6, "a"), np.arange(1, 7))
    windows, _ = windows_of(replace(table, columns=columns[:1], values=values[:, :1]), 3.0, 3.0)
    found = summary_of(windows)
    assert (found.names, found.keys, found.length) == (("a mean", "a deviation"), windows.keys, 1)
    assert np.allclose(found.values, [[1.0, np.sqrt(2 / 3)], [4.0, np.sqrt(2 / 3)]])
    with pytest.raises(UnderstudyError, match=r"there is light \(category: day, night\); leave it out"):
        summary_of(windows_of(table, 3.0, 3.0)[0])


def test_the_mirror_of_a_summary_is_the_summary_of_the_mirror() -> None:
    """What was exchanged and reflected by hand in every frame is what `mirror` makes of the summary."""
    windows, _ = windows_of(lines_of(together([clip()], ["a"]), ALL), 0.4, 0.2)
    assert windows.mirror is not None
    turned = replace(windows, values=windows.values[:, windows.mirror.places] * windows.mirror.signs)
    one = summary_of(windows)
    assert one.mirror is not None
    assert np.allclose(one.values[:, one.mirror.places] * one.mirror.signs, summary_of(turned).values)


def test_more_frames_than_there_are_are_refused() -> None:
    """A clip of 30 frames a second can't give 60."""
    with pytest.raises(UnderstudyError, match="30 frames a second; 60 can't be taken"):
        lines_of(together([clip()], ["a"]), replace(ALL, rate=60.0))


@pytest.mark.parametrize(
    "names",
    [("Hips", "LeftArm", "RightArm"), ("root", "lfemur", "rfemur"), ("hips", "arm.L", "arm.R"),
     ("root", "left_knee", "right_knee"), ("Hips", "LHipJoint", "RHipJoint")],
)  # fmt: skip
def test_left_and_right_are_found_by_name(names: tuple[str, ...]) -> None:
    """As BVH, ASF, Blender, DeepMimic and the CMU name them."""
    assert partners(names) == [0, 2, 1]


def test_ends_of_limbs_follow_their_limb() -> None:
    """Joints that are all called End change places as the hands before them do."""
    names = ("Hips", "Head", "End", "LeftHand", "End 2", "RightHand", "End 3")
    assert partners(names) == [0, 1, 2, 5, 6, 3, 4]


def test_names_without_sides_are_refused() -> None:
    """Nothing says what left is."""
    with pytest.raises(UnderstudyError, match="No joint's name has one of the other side"):
        partners(("a1", "b2", "c3"))
