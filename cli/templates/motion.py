"""The clips of the motion template: a stick figure that walks, runs, stands, waves and jumps, as BVH."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.templates.chance import generator

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.cli.templates.arrays import Array

RATE = 30.0
"""Frames a second."""

JOINTS = (("Hips", -1, (0, 92, 0)), ("Spine", 0, (0, 12, 0)), ("Head", 1, (0, 45, 0)),
          ("LeftArm", 1, (18, 38, 0)), ("LeftForeArm", 3, (0, -28, 0)),
          ("RightArm", 1, (-18, 38, 0)), ("RightForeArm", 5, (0, -28, 0)),
          ("LeftUpLeg", 0, (10, 0, 0)), ("LeftLeg", 7, (0, -44, 0)), ("LeftFoot", 8, (0, -42, 0)),
          ("RightUpLeg", 0, (-10, 0, 0)), ("RightLeg", 10, (0, -44, 0)),
          ("RightFoot", 11, (0, -42, 0)))  # fmt: skip
"""Each joint with its parent and its place against it, in cm; z is forwards."""

NAMES = [name for name, _, _ in JOINTS]


@dataclass(frozen=True)
class Capture:
    """How much is captured.

    Attributes:
        takes: Clips of each motion.
        count: Frames of each.
    """

    takes: int = 4
    count: int = 120


SHOT = Capture()

MOTIONS = ("walk", "run", "stand", "wave", "jump")


def performed(motion: str, seed: int, count: int) -> tuple[Array, Array]:
    """Turns of every joint about x `(N, J)`, in degrees, and where the hips are `(N, 3)`, in cm."""
    draw = generator(seed, motion)
    time = np.arange(count) / RATE
    pace = {"walk": 1.0, "run": 1.5, "jump": 0.8}.get(motion, 0.4) * draw.uniform(0.9, 1.1)
    size = {"walk": 1.0, "run": 1.9, "jump": 0.3}.get(motion, 0.06) * draw.uniform(0.85, 1.15)
    beat = 2.0 * np.pi * (pace * time + draw.random())
    turns = {name: np.zeros(count) for name in NAMES}
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        swing = np.sin(beat) if sign > 0 or motion == "jump" else np.sin(beat + np.pi)
        turns[f"{side}UpLeg"] = -26.0 * size * swing
        turns[f"{side}Leg"] = 22.0 * size * (1.0 + np.cos(beat + (0.0 if sign > 0 else np.pi)))
        turns[f"{side}Arm"] = 22.0 * size * swing
        turns[f"{side}ForeArm"] = -10.0 - 14.0 * size * (1.0 + swing)
    height = 92.0 + 2.5 * size * np.cos(2.0 * beat)
    if motion == "jump":
        crouch = np.clip(-np.sin(beat), 0.0, 1.0)
        height = 92.0 + 38.0 * np.clip(np.sin(beat), 0.0, 1.0) - 22.0 * crouch
        for side in ("Left", "Right"):
            turns[f"{side}UpLeg"], turns[f"{side}Leg"] = -55.0 * crouch, 85.0 * crouch
            turns[f"{side}Arm"] = -150.0 * np.clip(np.sin(beat), 0.0, 1.0) + 40.0 * crouch
    if motion == "wave":
        turns["RightArm"] = -150.0 + 8.0 * np.sin(0.5 * beat)
        turns["RightForeArm"] = -20.0 + 35.0 * np.sin(2.0 * np.pi * 1.6 * time)
    speed = {"walk": 130.0, "run": 380.0}.get(motion, 0.0) * pace
    root = np.stack([np.full(count, 40.0 * draw.random()), height, speed * time], axis=1)
    together = np.stack([turns[name] for name in NAMES], axis=1)
    return together + draw.normal(scale=0.8, size=together.shape), root


def hierarchy() -> str:
    """The skeleton as BVH."""
    lines = ["HIERARCHY"]

    def joint(place: int, deep: int) -> None:
        name, parent, offset = JOINTS[place]
        gap = "  " * deep
        places = "6 Xposition Yposition Zposition" if parent < 0 else "3"
        lines.extend([f"{gap}{'JOINT' if parent >= 0 else 'ROOT'} {name}", f"{gap}{{"])
        lines.append(f"{gap}  OFFSET {offset[0]} {offset[1]} {offset[2]}")
        lines.append(f"{gap}  CHANNELS {places} Zrotation Yrotation Xrotation")
        children = [other for other, (_, above, _) in enumerate(JOINTS) if above == place]
        for child in children:
            joint(child, deep + 1)
        if not children:
            lines.extend([f"{gap}  End Site", f"{gap}  {{", f"{gap}    OFFSET 0 -10 0", f"{gap}  }}"])
        lines.append(f"{gap}}}")

    joint(0, 0)
    return "\n".join(lines)


def depth_first() -> list[int]:
    """The joints in the order of the hierarchy, which is that of the numbers in a frame."""
    found: list[int] = []
    ahead = [0]
    while ahead:
        place = ahead.pop(0)
        found.append(place)
        ahead = [other for other, (_, above, _) in enumerate(JOINTS) if above == place] + ahead
    return found


def write_bvh(path: Path, turns: Array, root: Array, facing: float) -> Path:
    """Writes a clip whose figure looks `facing` degrees about the vertical."""
    angle = np.radians(facing)
    across, along = root[:, 0], root[:, 2]
    placed = np.stack([across * np.cos(angle) + along * np.sin(angle), root[:, 1],
                       along * np.cos(angle) - across * np.sin(angle)], axis=1)  # fmt: skip
    frames = []
    for turn, where in zip(turns, placed, strict=True):
        numbers = [*where, 0.0, facing, turn[0]]
        numbers += [one for place in depth_first()[1:] for one in (0.0, 0.0, turn[place])]
        frames.append(" ".join(f"{number:.4f}" for number in numbers))
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f"{hierarchy()}\nMOTION\nFrames: {len(turns)}\nFrame Time: {1.0 / RATE:.7f}\n"
    path.write_text(head + "\n".join(frames) + "\n", encoding="utf-8")
    return path


def make_footage(folder: Path) -> list[Path]:
    """Writes labelled clips in a folder for each motion, and a take that nobody labelled."""
    written = []
    for motion in MOTIONS:
        for take in range(1, SHOT.takes + 1):
            turns, root = performed(motion, take, SHOT.count)
            path = folder / "clips" / motion / f"{motion}_{take}.bvh"
            written.append(write_bvh(path, turns, root, 360.0 * generator(take, motion + " facing").random()))
    parts = [
        performed(motion, 90 + place, SHOT.count)
        for place, motion in enumerate(("stand", "walk", "run", "wave"))
    ]
    ends = np.cumsum([0.0, *(part[1][-1, 2] for part in parts[:-1])])
    roots = [part[1] + [0.0, 0.0, end] for part, end in zip(parts, ends, strict=True)]
    turns, root = np.concatenate([part[0] for part in parts]), np.concatenate(roots)
    return [*written, write_bvh(folder / "takes" / "unlabelled.bvh", turns, root, 70.0)]
