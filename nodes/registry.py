"""Finds the node types: every module of the node folders, and what other packages offer.

A package offers its own through an entry point of the group `understudy.nodes`, whose value is a module; its
node types are then called `<entry point's name>.<class name>`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError
from understudy.graph.node import Node
from understudy.graph.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

FOLDERS = (
    "understudy.nodes",
    "understudy.nodes.operators",
    "understudy.nodes.networks",
    "understudy.nodes.losses",
)
GROUP = "understudy.nodes"


@cache
def registry() -> Registry:
    """All node types that are installed, found once in a process."""
    found = Registry(packages=_other_packages)
    for folder in FOLDERS:
        for module in _modules(folder):
            for cls in node_types(module):
                found.add(cls)
    return found


def node_types(module: ModuleType) -> list[type[Node]]:
    """The node types that a module defines itself."""
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Node)
        and not value.abstract
        and value.__module__ == module.__name__
    ]


def _modules(folder: str) -> Iterator[ModuleType]:
    package = importlib.import_module(folder)
    for entry in pkgutil.iter_modules(package.__path__):
        if not entry.ispkg:
            yield importlib.import_module(f"{folder}.{entry.name}")


def _other_packages() -> Iterator[tuple[str, type[Node]]]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=GROUP):
        try:
            module = entry.load()
        except Exception as error:
            what = f"The node types of {entry.name} ({entry.value}) can't be loaded"
            raise UnderstudyError(f"{what}: {type(error).__name__}: {error}") from error
        for cls in node_types(module):
            yield f"{entry.name}.{cls.__name__}", cls
