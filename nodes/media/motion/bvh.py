"""Reads BVH, Biovision's text format of a skeleton and its motion (Meredith and Maddock 2001)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from understudy.graph.errors import MediaError
from understudy.nodes.media.motion.clip import Clip, check_numbers, named_apart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(slots=True)
class Joints:
    """The hierarchy of a BVH.

    Attributes:
        names: The joints', parents first; end sites are left out.
        parents: Each joint's parent; -1 for the root.
        offsets: Each joint's place against its parent.
        channels: Each joint's channels, in the order of the numbers in a frame.
        open: The joints whose braces are open; -1 for an end site.
    """

    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    offsets: list[tuple[float, ...]] = field(default_factory=list)
    channels: list[list[str]] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    _next: int = -1

    def take(self, words: list[str]) -> None:
        """Takes a line of the hierarchy.

        Raises:
            ValueError: A number can't be read.
            IndexError: Something is missing.
        """
        word = words[0].upper()
        if word in ("ROOT", "JOINT"):
            self.names.append(" ".join(words[1:]))
            self.parents.append(self.open[-1] if self.open else -1)
            self.offsets.append((0.0, 0.0, 0.0))
            self.channels.append([])
            self._next = len(self.names) - 1
        elif word == "END":
            self._next = -1
        elif word == "{":
            self.open.append(self._next)
        elif word == "}":
            self.open.pop()
        elif word == "OFFSET" and self.open[-1] >= 0:
            self.offsets[self.open[-1]] = tuple(float(one) for one in words[1:4])
        elif word == "CHANNELS":
            self.channels[self.open[-1]] = [one.lower() for one in words[2 : 2 + int(words[1])]]


def read_bvh(path: Path) -> Clip:
    """The clip of a BVH, which may be compressed (`.bvh.gz`).

    Raises:
        MediaError: It is no BVH, or was cut short; the message names the line.
    """
    lines = _lines(path)
    joints, at = _hierarchy(path, lines)
    count, time, at = _motion_header(path, lines, at)
    return _clip(path, joints, _numbers(path, lines, at, count, joints), 1.0 / time)


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
        text = gzip.decompress(data) if path.suffix.lower() == ".gz" else data
        return text.decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise MediaError(path, f"It can't be read: {error.strerror or error}.") from error
    except EOFError as error:
        raise MediaError(path, f"It was cut short: {error}. Export it again.") from error


def _hierarchy(path: Path, lines: list[str]) -> tuple[Joints, int]:
    """The joints, and the line after them."""
    if not lines or lines[0].strip() != "HIERARCHY":
        raise MediaError(path, "It is no BVH: the first line is not HIERARCHY.")
    joints = Joints()
    for at, line in enumerate(lines[1:], 1):
        words = line.split()
        if words and words[0].upper() == "MOTION":
            if joints.open or not joints.names:
                raise MediaError(path, f"Line {at + 1:,} begins the motion within the skeleton.")
            return _complete(path, joints), at + 1
        try:
            if words:
                joints.take(words)
        except (IndexError, ValueError):
            raise MediaError(path, f'Line {at + 1:,} can\'t be read: "{line.strip()[:60]}".') from None
    raise MediaError(path, f"It ends in line {len(lines):,}, before any motion. Was it cut short?")


def _complete(path: Path, joints: Joints) -> Joints:
    for name, offset in zip(joints.names, joints.offsets, strict=True):
        if len(offset) != 3:
            raise MediaError(path, f"The joint {name} has an offset of {len(offset)} numbers, not 3.")
    return joints


def _motion_header(path: Path, lines: list[str], at: int) -> tuple[int, float, int]:
    """How many frames there are, the seconds of each, and the line of the first."""
    words = [line.split() for line in lines[at : at + 2]]
    try:
        count, time = int(words[0][-1]), float(words[1][-1])
    except (IndexError, ValueError):
        raise MediaError(
            path, f"Line {at + 1:,} says neither frames nor frame time. Was it cut short?"
        ) from None
    if not time > 0.0:
        raise MediaError(path, f"Its frame time is {time:g} seconds.")
    return count, time, at + 2


def _numbers(path: Path, lines: list[str], at: int, count: int, joints: Joints) -> list[list[float]]:
    wide = sum(len(channels) for channels in joints.channels)
    found = []
    for number, line in _frames(lines, at):
        values = line.split()
        if len(values) != wide:
            raise MediaError(
                path,
                f"Line {number + 1:,} has {len(values):,} values, and the skeleton has {wide:,} channels. "
                "Was it cut short?",
            )
        try:
            found.append([float(value) for value in values])
        except ValueError as error:
            raise MediaError(path, f"Line {number + 1:,} can't be read: {error}.") from None
    if len(found) != count:
        raise MediaError(path, f"It says {count:,} frames and has {len(found):,}. Was it cut short?")
    return found


def _frames(lines: list[str], at: int) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines[at:], at):
        if line.strip():
            yield number, line


def _clip(path: Path, joints: Joints, rows: list[list[float]], rate: float) -> Clip:
    import numpy as np
    from scipy.spatial.transform import Rotation

    values = np.array(rows, np.float64).reshape(len(rows), -1)
    check_numbers(path, values)
    vectors = np.zeros((len(rows), len(joints.names), 3))
    root = np.tile(np.array(joints.offsets[0]), (len(rows), 1))
    at = 0
    for joint, channels in enumerate(joints.channels):
        mine = values[:, at : at + len(channels)]
        at += len(channels)
        turned = [place for place, one in enumerate(channels) if one.endswith("rotation")]
        if turned:
            order = "".join(channels[place][0].upper() for place in turned)
            vectors[:, joint] = Rotation.from_euler(order, mine[:, turned], degrees=True).as_rotvec()
        for place, one in enumerate(channels):
            if joint == 0 and one.endswith("position"):
                root[:, "xyz".index(one[0])] = mine[:, place]
    parents, offsets = np.array(joints.parents, np.int64), np.array(joints.offsets)
    return Clip(path, named_apart(joints.names), parents, offsets, vectors, root, rate)
