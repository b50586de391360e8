"""What a `features` wire of motion carries: clips of one skeleton, one after another."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.media.motion.clip import Clip


@dataclass(frozen=True, slots=True)
class Motion:
    """Clips of one skeleton.

    Attributes:
        clips: The clips.
        names: What each is called.
    """

    clips: tuple[Clip, ...]
    names: tuple[str, ...]

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints' names."""
        return self.clips[0].joints

    def __len__(self) -> int:
        """The number of frames of all clips."""
        return sum(len(clip) for clip in self.clips)

    def digest(self) -> str:
        """The SHA-256 of all that is made of it."""
        found = hashlib.sha256(repr((self.names, self.joints)).encode())
        for clip in self.clips:
            for array in (clip.vectors, clip.root, np.array(clip.rate)):
                found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()


def together(clips: Sequence[Clip], names: Sequence[str]) -> Motion:
    """Clips as one motion.

    Raises:
        MediaError: A clip has another skeleton than the first; it names both and a joint that differs.
    """
    first = clips[0]
    for clip in clips[1:]:
        if clip.joints != first.joints:
            raise MediaError(
                clip.path,
                f"It has another skeleton than {first.path}: {_difference(clip.joints, first.joints)}. "
                "Clips that are learned together need the same joints.",
            )
    return Motion(tuple(clips), tuple(names))


def _difference(joints: Sequence[str], others: Sequence[str]) -> str:
    more, fewer = sorted(set(joints) - set(others)), sorted(set(others) - set(joints))
    if more:
        return f"it has the joint {more[0]}, which the other lacks"
    if fewer:
        return f"it lacks the joint {fewer[0]}"
    return "its joints come in another order"


def times(clip: Clip) -> NDArray[np.float64]:
    """Where each frame of a clip lies in it, from 0 to 1: the phase of a clip that is one cycle."""
    return np.arange(len(clip)) / max(1, len(clip) - 1)
