"""Principal shapes as a file: what a wire of kind `basis` names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes
from understudy.nodes.media.meshes.mapped import map_arrays
from understudy.nodes.media.meshes.writing import write_npz

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_ARRAYS = ("mean", "shapes", "variances")
_NUMBERS = ("total", "squares", "count", "width")

FRAMES = "frames"
"""The space of a basis of pixels."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Principal shapes of deltas, or of frames.

    Attributes:
        shapes: Of the deltas of all vertices, `(3 V,)` values each; or of frames, `(H W C,)`.
        space: Where the deltas are taken, one of `skinning.SPACES`; `FRAMES` for frames.
        channels: Of frames.
        size: Height and width of frames, in pixels.
    """

    shapes: PrincipalShapes
    space: str
    channels: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)

    def write(self, path: Path) -> None:
        """Writes an .npz, whole or not at all."""
        more: dict[str, NDArray[Any]] = {"space": np.array(self.space)}
        if self.space == FRAMES:
            more |= {"channels": np.array(self.channels), "size": np.array(self.size)}
        write_npz(path, arrays_of(self.shapes) | more)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The basis that was written there, mapped.

        Raises:
            MediaError: The file is no basis.
        """
        found = map_arrays(Path(path))
        if "space" not in found:
            raise MediaError(path, "It is no basis: it has no space.")
        height, width = found.get("size", (0, 0))
        channels = tuple(str(name) for name in found.get("channels", ()))
        return cls(shapes_of(Path(path), found), str(found["space"]), channels, (int(height), int(width)))


def arrays_of(shapes: PrincipalShapes) -> dict[str, NDArray[Any]]:
    """Principal shapes as the arrays of a file."""
    return {name: np.asarray(getattr(shapes, name)) for name in (*_ARRAYS, *_NUMBERS)}


def shapes_of(path: Path, arrays: Mapping[str, NDArray[Any]]) -> PrincipalShapes:
    """The principal shapes that a file's arrays hold.

    Raises:
        MediaError: One is missing.
    """
    missing = [name for name in (*_ARRAYS, *_NUMBERS) if name not in arrays]
    if missing:
        raise MediaError(path, f"It is no basis: it has no {missing[0]}.")
    return PrincipalShapes(
        **{name: arrays[name] for name in _ARRAYS},
        total=float(arrays["total"]),
        squares=float(arrays["squares"]),
        count=int(arrays["count"]),
        width=int(arrays["width"]),
    )
