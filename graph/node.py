"""What a node type is: a docstring, ports, knobs, and one method that does the work."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from understudy.graph.knobs import Knob
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from understudy.graph.report import Report


class Node:
    """A node of a graph: subclass it, declare ports and knobs, and write `compute`.

    A node promises three things: what identifies its result (its class, its knobs, its inputs and the
    `contents` it reads), what its wires carry (`outline`), and how the result is computed (`compute`).
    None of the first two may import anything heavy; `compute` imports what it needs.

        class Invert(Node):
            '''Turns dark into light.'''

            version = 1
            input = Input("frames", "Frames to invert.")
            output = Output("frames", "The inverted frames.")

            def compute(self, inputs, context):
                return inverted(inputs["input"])

    Attributes:
        version: Raise it when the code gives another result for the same knobs and inputs. A class that
            declares none is identified by the text of its source file.
        keeps: Whether the result is plain data that is worth keeping between processes. Other results
            are cheap descriptions that are made again when somebody needs them.
        framewise: Whether it makes frame after frame, so that `--frames` restricts it.
        exclusive: Whether it needs the device for itself, so that two such nodes run one after another.
    """

    version: ClassVar[int | None] = None
    keeps: ClassVar[bool] = False
    framewise: ClassVar[bool] = False
    exclusive: ClassVar[bool] = False
    abstract: ClassVar[bool] = True

    type_name: ClassVar[str] = "Node"
    knobs: ClassVar[dict[str, Knob[Any]]] = {}
    inputs: ClassVar[dict[str, Input]] = {}
    outputs: ClassVar[dict[str, Output]] = {}

    def __init_subclass__(cls, *, abstract: bool = False, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.abstract = abstract
        cls.type_name = cls.__name__
        declared = [item for base in reversed(cls.__mro__) for item in vars(base).items()]
        cls.knobs = {name: value for name, value in declared if isinstance(value, Knob)}
        cls.inputs = {name: value for name, value in declared if isinstance(value, Input)}
        cls.outputs = {name: value for name, value in declared if isinstance(value, Output)}

    def __init__(
        self, name: str, values: Mapping[str, Any] | None = None, *, folder: Path | None = None
    ) -> None:
        """A node of a graph.

        Args:
            name: Its name in the graph.
            values: Knobs that differ from their defaults, already accepted by `Knob.accept`.
            folder: The folder that relative paths start from; the current one without it.
        """
        self.name = name
        self.values = dict(values or {})
        self.folder = folder or Path()

    def path_of(self, text: str) -> Path:
        """A path knob's text as a path, relative to the graph file's folder."""
        return self.folder / text

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - nodes that check use it
        """What each output will carry, and every fault that can be seen before running.

        By default an output has its declared kind and the frames of the first connected `frames` input.

        Args:
            inputs: What the connected wires carry, by port.
            report: Takes faults: `report.fault("what is wrong", knob=..., found=..., expected=...)`.
        """
        wires = (wire for port in self.inputs for wire in inputs.get(port, ()))
        frames = next((wire.frames for wire in wires if wire.kind == "frames"), None)
        return {
            name: Outline(port.kind, frames if port.kind == "frames" else None)
            for name, port in self.outputs.items()
        }

    def contents(self) -> Iterable[Path]:
        """The files whose content is part of the result; the scheduler digests them."""
        return ()

    def standing(self, key: str, lineage: str) -> str | None:  # noqa: ARG002 - nodes that resume use it
        """In words, where an earlier process stopped on the way to this result; None where it begins anew."""
        return None

    def compute(self, inputs: Inputs, context: Any) -> Any:
        """The first output's value, or a dictionary of values by output port.

        Args:
            inputs: The values on the wires.
            context: The `understudy.runtime.context.Context` of this run.
        """
        raise NotImplementedError(f"{type(self).__name__} has no compute")

    @classmethod
    def code_version(cls) -> str:
        """The declared version, or a digest of the source file where none is declared."""
        return str(cls.version) if cls.version is not None else _source_digest(cls.__module__)


class Inputs:
    """The values on a node's wires: `inputs["input"]`, or `inputs.all("columns")` for a port of several."""

    def __init__(self, values: Mapping[str, Sequence[Any]]) -> None:
        self._values = values

    def __getitem__(self, port: str) -> Any:
        """The value on a port that is connected."""
        return self._values[port][0]

    def get(self, port: str) -> Any | None:
        """The value on a port, or None where it is not connected."""
        values = self._values.get(port)
        return values[0] if values else None

    def all(self, port: str) -> list[Any]:
        """Every value on a port, in the order of the graph file."""
        return list(self._values.get(port, ()))


@cache
def _source_digest(module: str) -> str:
    source = Path(sys.modules[module].__file__ or "")
    return "source " + hashlib.sha256(source.read_bytes()).hexdigest()[:16]
