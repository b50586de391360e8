"""The node types that a graph may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import UnderstudyError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from understudy.graph.node import Node


class Registry:
    """Node types by name; those of other packages are called `package.Type` and looked up when first named.

    Args:
        packages: Loads the types of other packages with their names, called once when a dotted name or a
            listing asks for them; it takes most of the time of finding types, and most graphs need none.
    """

    def __init__(self, packages: Callable[[], Iterable[tuple[str, type[Node]]]] = tuple) -> None:
        self._types: dict[str, type[Node]] = {}
        self._packages = packages
        self._complete = False

    def add(self, cls: type[Node]) -> None:
        """Adds a node type under its class name.

        Raises:
            UnderstudyError: Another type has that name already.
        """
        self._add(cls.type_name, cls)

    def _add(self, name: str, cls: type[Node]) -> None:
        known = self._types.get(name)
        if known is not None and known is not cls:
            raise UnderstudyError(
                f"Two node types are called {name}: {known.__module__} and {cls.__module__}. Rename one."
            )
        self._types[name] = cls

    def find(self, name: str) -> type[Node] | None:
        """The node type of that name, or None."""
        if "." in name:
            self._load_packages()
        return self._types.get(name)

    def nearest(self, name: str) -> str | None:
        """The known name that was most likely meant."""
        self._load_packages()
        return nearest(name, self._types)

    def __iter__(self) -> Iterator[type[Node]]:
        """Every node type, by name, those of other packages included."""
        self._load_packages()
        return iter([self._types[name] for name in sorted(self._types)])

    def _load_packages(self) -> None:
        if not self._complete:
            for name, cls in self._packages():
                cls.type_name = name
                self._add(name, cls)
            self._complete = True
