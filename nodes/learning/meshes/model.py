"""A trained deformer as a checkpoint holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.learning.deformers.deformer import Deformer, built
from understudy.nodes.learning.deformers.uncertainty import Uncertainty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.runtime.runs.container import Container

_DEFORMER, _UNCERTAINTY = "deformer/", "uncertainty/"


@dataclass(frozen=True, slots=True)
class MeshModel:
    """A deformer and how far off it may be.

    Attributes:
        deformer: From controls and joint matrices to vertices.
        uncertainty: Of its vertices; None for models that tell none.
    """

    deformer: Deformer
    uncertainty: Uncertainty | None

    def header(self) -> dict[str, Any]:
        """Plain data that `from_container` reads."""
        return {"subject": "meshes", "deformer": self.deformer.header()}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The numbers, by name."""
        known = {} if self.uncertainty is None else self.uncertainty.arrays()
        found = {_DEFORMER + name: array for name, array in self.deformer.arrays().items()}
        return found | {_UNCERTAINTY + name: array for name, array in known.items()}

    @classmethod
    def from_container(cls, container: Container, path: str) -> MeshModel:
        """The model in a `.cat`.

        Raises:
            FormatError: It is a checkpoint of something else, or its parts don't fit together.
        """
        header, tensors = container.header, container.tensors
        if header.get("subject") != "meshes":
            raise FormatError(
                path, f"this is a model of {header.get('subject', 'something else')}, and controls were given"
            )
        try:
            deformer = built(header["deformer"], _under(tensors, _DEFORMER))
            known = _under(tensors, _UNCERTAINTY)
            return cls(deformer, Uncertainty.built(known) if known else None)
        except (KeyError, TypeError, ValueError, UnderstudyError) as error:
            raise FormatError(path, f"the checkpoint does not hold a usable model: {error}") from error


def _under(tensors: Any, prefix: str) -> dict[str, NDArray[Any]]:
    return {name[len(prefix) :]: array for name, array in tensors.items() if name.startswith(prefix)}
