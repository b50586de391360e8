"""Principal shapes as a file: what a wire of kind `basis` names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.learning.principal_shapes import PrincipalShapes
from understudy.nodes.media.meshes.mapped import map_arrays
from understudy.nodes.media.meshes.writing import write_npz

if TYPE_CHECKING:
    from pathlib import Path

_ARRAYS = ("mean", "shapes", "variances")
_NUMBERS = ("total", "squares", "count")


@dataclass(frozen=True, slots=True)
class Basis:
    """Principal shapes of deltas.

    Attributes:
        shapes: Of the deltas of all vertices, `(3 V,)` values each.
        space: Where the deltas are taken, one of `skinning.SPACES`.
    """

    shapes: PrincipalShapes
    space: str

    def write(self, path: Path) -> None:
        """Writes an .npz, whole or not at all."""
        arrays = {name: np.asarray(getattr(self.shapes, name)) for name in (*_ARRAYS, *_NUMBERS)}
        write_npz(path, arrays | {"space": np.array(self.space)})

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """The basis that was written there, mapped.

        Raises:
            MediaError: The file is no basis.
        """
        from pathlib import Path

        found = map_arrays(Path(path))
        missing = [name for name in (*_ARRAYS, *_NUMBERS, "space") if name not in found]
        if missing:
            raise MediaError(path, f"It is no basis: it has no {missing[0]}.")
        shapes = PrincipalShapes(
            **{name: found[name] for name in _ARRAYS},
            total=float(found["total"]),
            squares=float(found["squares"]),
            count=int(found["count"]),
        )
        return cls(shapes, str(found["space"]))


def draw_accuracy(shapes: PrincipalShapes, path: Path, title: str, units: str) -> None:
    """Draws how accurate so many shapes are, and what they leave, as a PNG.

    Args:
        shapes: The principal shapes.
        path: The PNG.
        title: What stands above it.
        units: Of lengths.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    kept = len(shapes.shapes)
    figure = Figure(figsize=(8, 4.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(xlabel="principal shapes", ylabel="given back, in percent", title=title)
    counts = np.arange(kept + 1)
    axes.plot(counts, 100.0 * shapes.accuracies()[: kept + 1], color="tab:green")
    axes.grid(visible=True, alpha=0.3)
    left = axes.twinx()
    left.set(ylabel=f"left, rms, in {units}", yscale="log")
    left.plot(counts, np.maximum(shapes.residuals()[: kept + 1], 1e-12), color="tab:blue")
    figure.savefig(path, format="png", metadata={"Software": None})
