"""Reads ASF and AMC, Acclaim's text formats of a skeleton and its motion (Lander 1998)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from understudy.graph.errors import MediaError
from understudy.nodes.media.motion.clip import Clip, check_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATE = 120.0
"""Frames a second: AMC does not say, and the CMU's, which nearly all are, have so many."""


@dataclass(slots=True)
class Bone:
    """A bone of an ASF; its joint lies at its beginning.

    Attributes:
        name: Its name.
        direction: A unit vector along it, at zero.
        length: Its length.
        axis: Angles of its own axes, in degrees, and their order.
        dof: The angles that an AMC gives, such as rx.
        parent: The bone that it begins at.
    """

    name: str
    direction: tuple[float, ...] = (0.0, 0.0, 0.0)
    length: float = 0.0
    axis: tuple[tuple[float, ...], str] = ((0.0, 0.0, 0.0), "XYZ")
    dof: tuple[str, ...] = ()
    parent: str = ""


@dataclass(slots=True)
class Skeleton:
    """What an ASF holds.

    Attributes:
        bones: The bones by name, the root first, parents before their children.
        order: What the root's numbers are, such as tx or rz.
        degrees: Whether angles are in degrees.
    """

    bones: dict[str, Bone] = field(default_factory=dict)
    order: tuple[str, ...] = ("tx", "ty", "tz", "rx", "ry", "rz")
    degrees: bool = True


def skeleton_file(path: Path) -> Path:
    """The ASF that an AMC belongs to: of the beginning of its name, or the only one beside it.

    Raises:
        MediaError: There is none, or several of which none has its name.
    """
    files = sorted(one for one in path.parent.iterdir() if one.suffix.lower() == ".asf")
    mine = [one for one in files if path.stem.startswith(one.stem)]
    if len(mine) == 1 or len(files) == 1:
        return (mine or files)[0]
    found = ", ".join(one.name for one in files) or "none"
    raise MediaError(
        path, f"An AMC needs the ASF of its skeleton beside it, such as {path.stem}.asf; found {found}."
    )


def read_amc(path: Path) -> Clip:
    """The clip of an AMC and its ASF.

    Raises:
        MediaError: A file is damaged or was cut short, or the ASF is of another skeleton; it names the line.
    """
    skeleton = read_asf(skeleton_file(path))
    frames = _frames(path, skeleton)
    return _clip(path, skeleton, frames)


def read_asf(path: Path) -> Skeleton:
    """The skeleton of an ASF."""
    found = Skeleton()
    root = Bone("root")
    found.bones["root"] = root
    section, bone = "", root
    for number, words in _words(path):
        if words[0].startswith(":"):
            section = words[0]
            continue
        try:
            if section == ":bonedata":
                bone = _bone_line(found, bone, words)
            elif section == ":hierarchy" and words[0] not in ("begin", "end"):
                for child in words[1:]:
                    found.bones[child].parent = words[0]
            else:
                _root_line(found, section, words)
        except (IndexError, ValueError, KeyError):
            raise MediaError(path, f'Line {number:,} can\'t be read: "{" ".join(words)[:60]}".') from None
    return _sorted(path, found)


def _root_line(skeleton: Skeleton, section: str, words: list[str]) -> None:
    root = skeleton.bones["root"]
    if section == ":units" and words[0] == "angle":
        skeleton.degrees = words[1].lower().startswith("deg")
    elif section == ":root" and words[0] == "order":
        skeleton.order = tuple(one.lower() for one in words[1:])
    elif section == ":root" and words[0] == "axis":
        root.axis = (root.axis[0], words[1])
    elif section == ":root" and words[0] == "orientation":
        root.axis = (_floats(words[1:4]), root.axis[1])


def _bone_line(skeleton: Skeleton, bone: Bone, words: list[str]) -> Bone:
    if words[0] == "begin":
        return Bone("")
    if words[0] == "name":
        bone.name = words[1]
        skeleton.bones[bone.name] = bone
    elif words[0] == "direction":
        bone.direction = _floats(words[1:4])
    elif words[0] == "length":
        bone.length = float(words[1])
    elif words[0] == "axis":
        bone.axis = (_floats(words[1:4]), words[4])
    elif words[0] == "dof":
        bone.dof = tuple(one.lower() for one in words[1:])
    return bone


def _floats(words: list[str]) -> tuple[float, ...]:
    if len(words) != 3:
        raise ValueError("three numbers are needed")
    return tuple(float(word) for word in words)


def _sorted(path: Path, skeleton: Skeleton) -> Skeleton:
    """The skeleton with parents before their children; bones without a parent are a fault."""
    order, ahead = ["root"], ["root"]
    while ahead:
        parent = ahead.pop(0)
        children = [name for name, bone in skeleton.bones.items() if bone.parent == parent]
        order += children
        ahead += children
    lost = sorted(set(skeleton.bones) - set(order))
    if lost or len(order) < 2:
        what = f"the bone {lost[0]} hangs nowhere" if lost else "it has no bones"
        raise MediaError(path, f"It is no whole ASF: {what}. Was it cut short?")
    skeleton.bones = {name: skeleton.bones[name] for name in order}
    return skeleton


def _words(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if words:
            yield number, words


def _frames(path: Path, skeleton: Skeleton) -> list[dict[str, list[float]]]:
    moved = {name: len(bone.dof) for name, bone in skeleton.bones.items() if bone.dof}
    moved["root"] = len(skeleton.order)
    frames: list[dict[str, list[float]]] = []
    for number, words in _words(path):
        if words[0].startswith(":"):
            continue
        if len(words) == 1 and words[0].isdecimal():
            _check_whole(path, frames, moved)
            frames.append({})
            continue
        if words[0] not in moved or not frames:
            raise MediaError(
                path, f'Line {number:,} moves "{words[0]}", which its skeleton does not have or move. '
                "Is the ASF that of somebody else?"
            )  # fmt: skip
        try:
            frames[-1][words[0]] = [float(word) for word in words[1:]]
        except ValueError as error:
            raise MediaError(path, f"Line {number:,} can't be read: {error}.") from None
        if len(words) - 1 != moved[words[0]]:
            raise MediaError(
                path, f"Line {number:,} has {len(words) - 1} values for {words[0]}, which takes "
                f"{moved[words[0]]}. Was it cut short?"
            )  # fmt: skip
    if not frames:
        raise MediaError(path, "It has no frames.")
    _check_whole(path, frames, moved)
    return frames


def _check_whole(path: Path, frames: list[dict[str, list[float]]], moved: dict[str, int]) -> None:
    absent = [name for name in moved if frames and name not in frames[-1]]
    if absent:
        raise MediaError(
            path, f"Frame {len(frames):,} does not say how {absent[0]} is turned. Was it cut short?"
        )


def _clip(path: Path, skeleton: Skeleton, frames: list[dict[str, list[float]]]) -> Clip:
    import numpy as np
    from scipy.spatial.transform import Rotation

    names = list(skeleton.bones)
    vectors, root = np.zeros((len(frames), len(names), 3)), np.zeros((len(frames), 3))
    offsets = np.zeros((len(names), 3))
    parents = np.array([names.index(bone.parent) if bone.parent else -1 for bone in skeleton.bones.values()])
    for joint, (name, bone) in enumerate(skeleton.bones.items()):
        axis = Rotation.from_euler(bone.axis[1].lower(), bone.axis[0], degrees=skeleton.degrees)
        dof = skeleton.order if name == "root" else bone.dof
        values = np.array([frame.get(name, ()) for frame in frames], np.float64).reshape(len(frames), -1)
        check_numbers(path, values)
        angles = [place for place, one in enumerate(dof) if one.startswith("r")]
        if angles:  # turned about fixed axes one after another, within the bone's own axes
            order = "".join(dof[place][1] for place in angles)
            turned = Rotation.from_euler(order, values[:, angles], degrees=skeleton.degrees)
            vectors[:, joint] = (axis * turned * axis.inv()).as_rotvec()
        for place, one in enumerate(dof):
            if name == "root" and one.startswith("t"):
                root[:, "xyz".index(one[1])] = values[:, place]
        if bone.parent:
            before = skeleton.bones[bone.parent]
            offsets[joint] = np.array(before.direction) * before.length
    return Clip(path, tuple(names), parents, offsets, vectors, root, RATE)
