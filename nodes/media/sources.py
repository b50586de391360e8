"""What a DataSource can read: each medium is a package beside this file with a module `source`.

Such a module has two functions and a tuple, `knobs`. `holds(path)` says whether a path, which may have
padding, is of its medium; `source(node)` gives a `Source`; `knobs` are those of a DataSource that mean
something for it. Where `holds` looks into files, the module sets `narrow` and is asked first. To add a
medium, add its package. None of this may import anything heavy, for checking a graph runs it.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from understudy.graph.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from understudy.graph.ports import Outline
    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource
    from understudy.runtime.context import Context


class Source(Protocol):
    """What a DataSource of one medium does; the methods are those of `Node`."""

    def outline(self, report: Report) -> dict[str, Outline]:
        """The outputs that the path has, and every fault that can be seen before reading it all."""

    def contents(self) -> Iterable[Path]:
        """The files whose content is part of the result."""

    def compute(self, context: Context) -> Mapping[str, Any]:
        """The value of each output that the path has."""


class Medium(Protocol):
    """A module `source`.

    Attributes:
        knobs: Those of a DataSource that mean something for its medium, beside the path.
    """

    knobs: tuple[str, ...]

    def holds(self, path: Path) -> bool:
        """Whether the path is of this medium."""

    def source(self, node: DataSource) -> Source:
        """What reads the node's path."""


def medium_of(path: Path) -> Medium | None:
    """The medium that a path is of; None where no medium knows it."""
    return next((medium for medium in _media() if medium.holds(path)), None)


@cache
def _media() -> tuple[Medium, ...]:
    found = sorted(modules("source"), key=lambda module: not getattr(module, "narrow", False))
    return tuple(cast("Medium", module) for module in found)


def modules(name: str) -> list[ModuleType]:
    """The modules of that name in the packages of this folder."""
    package = __name__.rpartition(".")[0]
    packages = [entry.name for entry in pkgutil.iter_modules([str(Path(__file__).parent)]) if entry.ispkg]
    names = [f"{package}.{one}.{name}" for one in packages]
    return [importlib.import_module(one) for one in names if find_spec(one)]


def fault_nothing_there(path: Path, text: str, report: Report) -> None:
    """Tells that a path holds no file: the folder that is not there, or the file of the nearest name.

    Args:
        path: Where it leads.
        text: As the graph has it.
        report: Takes the fault.
    """
    folder = path.parent
    if not folder.is_dir():
        report.fault("there is no such folder", knob="path", found=str(folder))
        return
    close = nearest(path.name, [entry.name for entry in folder.iterdir()])
    hint = f'Did you mean "{close}"?' if close else f"{folder} has no file of a similar name."
    report.fault("there is no such file", knob="path", found=f'"{text}"', suggestion=hint)
