"""What a clip of motion is, whatever file it came from. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clip:
    """Joint rotations over time. A joint at zero is aligned with the world, so that names alone tell mirrors.

    Attributes:
        path: The file.
        joints: The J joints' names, parents first; the first is the root.
        parents: `(J,)`, -1 for the root; None where the file does not say.
        offsets: `(J, 3)`, from the parent at zero; None where the file does not say.
        vectors: `(N, J, 3)`, each joint's rotation against its parent as a rotation vector, in radians.
        root: `(N, 3)`, where the root is, in the file's units.
        rate: Frames a second.
    """

    path: Path
    joints: tuple[str, ...]
    parents: NDArray[np.int64] | None
    offsets: Floats | None
    vectors: Floats
    root: Floats
    rate: float

    def __len__(self) -> int:
        """The number of frames."""
        return len(self.vectors)


def named_apart(names: list[str]) -> tuple[str, ...]:
    """Names, of which repeated ones get a number: the ends of limbs are often all called End."""
    found: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} {counts[name]}")
    return tuple(found)


def check_numbers(path: Path, *arrays: Floats) -> None:
    """Refuses a clip without frames, and one with values that are no numbers.

    Raises:
        MediaError: It names the first such frame.
    """
    import numpy as np

    if not len(arrays[0]):
        raise MediaError(path, "It has no frames.")
    for array in arrays:
        bad = ~np.isfinite(array).reshape(len(array), -1).all(axis=1)
        if bad.any():
            raise MediaError(
                path, f"Frame {int(np.argmax(bad)) + 1:,} holds NaN or infinity. Export it again."
            )


def kinematics(clip: Clip) -> Floats:
    """Where each joint is, `(N, J, 3)`, in the file's units; the clip has to know parents and offsets."""
    import numpy as np
    from scipy.spatial.transform import Rotation

    assert clip.parents is not None
    assert clip.offsets is not None
    count = len(clip)
    local = Rotation.from_rotvec(clip.vectors.reshape(-1, 3)).as_matrix().reshape(count, -1, 3, 3)
    world, places = np.empty_like(local), np.empty((count, len(clip.joints), 3))
    for joint, parent in enumerate(clip.parents.tolist()):
        if parent < 0:
            world[:, joint], places[:, joint] = local[:, joint], clip.root
        else:
            world[:, joint] = world[:, parent] @ local[:, joint]
            places[:, joint] = places[:, parent] + world[:, parent] @ clip.offsets[joint]
    return places
