"""A film camera of the rendered shots: where it stands, what it sees, and its moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.cli.templates.arrays import Array
    from understudy.nodes.media.images.frame import Window


CENTRE = (240.0, 135.0)
"""The principal point, in pixels of the display window of 480 x 270."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A pinhole camera that looks along +z; x is right and y is up.

    Attributes:
        position: In metres, (x, y, z).
        pan: Turn to the right, in radians.
        tilt: Turn upwards, in radians.
        roll: Turn about the line of sight, in radians.
        focal: Focal length, in pixels.
    """

    position: tuple[float, float, float]
    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    focal: float = 560.0

    def rays(self, window: Window) -> Array:
        """The line of sight through every pixel of a window, shape (height, width, 3), not normalised."""
        x = (np.arange(window.x, window.x + window.width) + 0.5 - CENTRE[0]) / self.focal
        y = (CENTRE[1] - np.arange(window.y, window.y + window.height) - 0.5) / self.focal
        turn = self._turn().astype(np.float32)
        across = x.astype(np.float32)[None, :, None] * turn[:, 0]
        return across + y.astype(np.float32)[:, None, None] * turn[:, 1] + turn[:, 2]

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points of the world, (N, 3), as pixel x, pixel y and distance along the line of sight, (N, 3)."""
        seen = (points - np.array(self.position)) @ self._turn()
        x = CENTRE[0] + self.focal * seen[:, 0] / seen[:, 2]
        y = CENTRE[1] - self.focal * seen[:, 1] / seen[:, 2]
        return np.stack([x, y, seen[:, 2]], axis=1)

    def _turn(self) -> NDArray[np.float64]:
        """The camera's right, up and forward in the world, as columns."""
        (sp, st, sr), (cp, ct, cr) = (f([self.pan, self.tilt, self.roll]) for f in (np.sin, np.cos))
        pan = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        tilt = np.array([[1, 0, 0], [0, ct, st], [0, -st, ct]])
        roll = np.array([[cr, sr, 0], [-sr, cr, 0], [0, 0, 1]])
        turned: NDArray[np.float64] = pan @ tilt @ roll
        return turned
