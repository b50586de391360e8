"""Where a Write can write to: each medium's package may have a module `sink`, found as its `source` is.

Such a module has `holds(path)`, which says whether files of that name are of its medium, and `kind`, the kind
of wire that it writes, and the functions of `Sink`. None of it may import anything heavy before `write`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from understudy.nodes.media.sources import modules

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.write import Write
    from understudy.runtime.context import Context


class Sink(Protocol):
    """A module `sink`."""

    kind: str

    def holds(self, path: Path) -> bool:
        """Whether files of this name are of its medium."""

    def writes(self, value: Any) -> bool:
        """Whether a wire's value is of its kind."""

    def check(self, node: Write, outline: Outline, report: Report) -> None:
        """Adds every fault that can be seen before running."""

    def write(self, node: Write, value: Any, context: Context) -> dict[str, Any]:
        """Writes what the wire carries; gives plain data, and adds the files to the context."""


def sink_of(path: Path, kind: str) -> Sink | None:
    """The sink that writes wires of this kind to files of this name; None where nothing does."""
    return next((sink for sink in _sinks() if sink.kind == kind and sink.holds(path)), None)


def sink_for(path: Path, value: Any) -> Sink:
    """The sink that writes this value to a file of this name; checking found that there is one."""
    return next(sink for sink in _sinks() if sink.holds(path) and sink.writes(value))


@cache
def _sinks() -> tuple[Sink, ...]:
    return tuple(cast("Sink", module) for module in modules("sink"))
