"""Shapes that are computed when somebody asks for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.media.meshes.posed import PosedMeshes, Rows
    from understudy.nodes.media.meshes.rig import Rig

    Play = Callable[[PosedMeshes], Iterator[NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class PlayedShapes:
    """A sequence of shapes made from controls, as lazy as `PosedMeshes`.

    Attributes:
        source: The controls.
        play: Gives the vertices of poses, blocks `(n, V, 3)` in the rig's units.
        heat: Gives a value at each vertex of poses, blocks `(n, V)`, such as how far off it may be, in the
            rig's units; None where there is none.
    """

    source: PosedMeshes
    play: Play
    heat: Play | None = None

    def __len__(self) -> int:
        return len(self.source)

    @property
    def rig(self) -> Rig:
        """What all poses share."""
        return self.source.rig

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the controls lie in."""
        return self.source.files

    @property
    def frames(self) -> NDArray[np.int64]:
        """`(N,)`, each pose's frame number."""
        return self.source.frames

    def select(self, rows: Sequence[int] | Rows | slice) -> PlayedShapes:
        """Some of the poses, in that order."""
        return replace(self, source=self.source.select(rows))

    def vertices(self, rows: Sequence[int] | Rows | slice) -> NDArray[np.float32]:
        """The vertices `(n, V, 3)` of some poses, in object space."""
        return np.concatenate(list(self.play(self.source.select(rows))))

    def in_blocks(self) -> Iterator[NDArray[np.float32]]:
        """The vertices of all poses, a block at a time."""
        return self.play(self.source)
