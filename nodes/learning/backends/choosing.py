"""Which back end is the fastest here: each computes the same tile, and one that differs does not count."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.backends.backend import computed_by, installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from understudy.nodes.learning.backends.backend import Load
    from understudy.nodes.learning.images.model import ImageModel

TOLERANCE = 1e-4
"""Share of the range of the values that a back end may differ from torch by, in float32."""

REPEATS = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """How a back end did on the tile.

    Attributes:
        name: The back end.
        seconds: The shortest of a few calls.
        difference: Largest difference from torch in float32, as a share of the range of its values.
        allowed: The largest difference that counts as the same: `TOLERANCE`, or in bfloat16 twice what
            torch itself differs by then.
    """

    name: str
    seconds: float
    difference: float
    allowed: float

    @property
    def agrees(self) -> bool:
        """Whether it may be used."""
        return self.difference <= self.allowed

    def plain(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def trials(
    model: ImageModel, tile_NCHW: Tensor, load: Load, names: Sequence[str] | None = None
) -> list[Trial]:
    """Back ends on the same tile; one that can't compute the network is left out.

    Args:
        model: With torch's network.
        tile_NCHW: Pixels, not encoded, of height and width that the network takes.
        load: How it will be used.
        names: Which of them, torch first; all that are installed without.
    """
    exact = model.predict(tile_NCHW, "float32", "cpu")
    span = float(exact.max() - exact.min()) or 1.0
    allowed = TOLERANCE
    found: list[Trial] = []
    for name in names or installed():
        try:
            other = computed_by(model, name, load)
        except UnderstudyError:
            continue
        difference = float((other.predict(tile_NCHW, load.precision, "cpu") - exact).abs().max()) / span
        if name == "torch" and load.precision != "float32":
            allowed = max(TOLERANCE, 2 * difference)
        found.append(Trial(name, _seconds(other, tile_NCHW, load.precision), difference, allowed))
    return found


def fastest(tried: Sequence[Trial]) -> Trial:
    """The fastest of those that agree; torch always does."""
    return min((trial for trial in tried if trial.agrees), key=lambda trial: trial.seconds)


def _seconds(model: ImageModel, tile_NCHW: Tensor, precision: str) -> float:
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        model.predict(tile_NCHW, precision, "cpu")
        taken.append(time.perf_counter() - began)
    return min(taken)
