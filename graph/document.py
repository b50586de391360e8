"""The graph as a document: what stands in a graph file, kept as written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from understudy.graph.errors import Fault, GraphError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FORMAT = 1
"""The version of the graph file that this program writes; older ones are upgraded on reading."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class Source(NamedTuple):
    """Where a wire begins: a node, and one of its output ports (None: its first)."""

    node: str
    port: str | None = None

    @classmethod
    def parse(cls, text: str) -> Source:
        """From `"node"` or `"node.port"`.

        >>> Source.parse("rig.controls")
        Source(node='rig', port='controls')
        """
        node, _, port = text.partition(".")
        return cls(node, port or None)

    def __str__(self) -> str:
        return f"{self.node}.{self.port}" if self.port else self.node


@dataclass(slots=True)
class Entry:
    """One node as the document has it.

    Attributes:
        type: The node type's name.
        inputs: The sources of each connected port, in order.
        knobs: Knob values as written, `${variables}` included.
    """

    type: str
    inputs: dict[str, list[Source]] = field(default_factory=dict)
    knobs: dict[str, Any] = field(default_factory=dict)


class Graph:
    """A graph of nodes: built in Python or read from a file, and saved as one.

        graph = Graph()
        plate = graph.add("DataSource", "plate", path="plate.####.exr")
        graph.add("Write", "out", inputs={"input": plate}, path="out.####.exr")
        graph.save("job.toml")

    Attributes:
        entries: The nodes by name, in the order of the file.
        variables: The values of `[vars]`, which replace `${name}` in every text.
        path: The file that it was read from or saved to, None before that.
        text: What stood in that file.
        changed: The knobs, as (node, knob), that were set since.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.entries: dict[str, Entry] = {}
        self.variables: dict[str, str] = {}
        self.path = Path(path) if path is not None else None
        self.text = ""
        self.changed: set[tuple[str, str]] = set()

    @classmethod
    def load(cls, path: Path | str, variables: Mapping[str, str] | None = None) -> Graph:
        """Reads a graph file; `variables` replace those of its `[vars]`.

        Raises:
            GraphError: The file can't be read, or is no graph file; it carries every fault found.
        """
        from understudy.graph.reading import read

        graph = read(Path(path))
        graph.set_variables(variables or {})
        return graph

    @property
    def folder(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent if self.path is not None else Path()

    def add(
        self,
        type: str,  # noqa: A002 - the file's own word
        name: str,
        *,
        inputs: Mapping[str, str | Sequence[str]] | None = None,
        **knobs: Any,
    ) -> str:
        """Adds a node and gives its name back, to be used as a source.

        Args:
            type: The node type's name.
            name: The node's name: letters, digits, `_` and `-`.
            inputs: For each port a source (`"node"` or `"node.port"`), or a list of them.
            knobs: Knobs that differ from their defaults.

        Raises:
            GraphError: The name is taken already, or has other characters.
        """
        if name in self.entries:
            raise GraphError([Fault(what="there is a node of this name already", node=name)])
        if not is_name(name):
            raise GraphError(
                [
                    Fault(
                        what="this can't be a node's name",
                        node=name,
                        expected="up to 100 letters, digits, _ and -",
                    )
                ]
            )
        sources = {
            port: [Source.parse(one) for one in as_list(value)] for port, value in (inputs or {}).items()
        }
        self.entries[name] = Entry(type, sources, {knob: _plain(value) for knob, value in knobs.items()})
        return name

    def set(self, node: str, knob: str, value: Any) -> None:
        """Changes a knob of a node.

        Raises:
            GraphError: There is no node of that name.
        """
        if node not in self.entries:
            close = nearest(node, self.entries)
            hint = f'Did you mean "{close}"?' if close else None
            raise GraphError([Fault(what="there is no node of this name", node=node, suggestion=hint)])
        self.entries[node].knobs[knob] = _plain(value)
        self.changed.add((node, knob))

    def set_variables(self, values: Mapping[str, str]) -> None:
        """Gives variables of `[vars]` other values.

        Raises:
            GraphError: A name is not in `[vars]`.
        """
        for name, value in values.items():
            if name not in self.variables:
                close = nearest(name, self.variables)
                hint = f'Did you mean "{close}"?' if close else "Add it to [vars]."
                raise GraphError(
                    [Fault(what=f"there is no variable {name} in [vars]", file=self.file, suggestion=hint)]
                )
            self.variables[name] = value

    def as_text(self) -> str:
        """The text of a graph file that holds what the graph is now."""
        from understudy.graph.writing import written

        return written(self)

    def save(self, path: Path | str) -> None:
        """Writes the graph as a file; comments and layout of the file it was read from stay.

        Raises:
            StorageError: The file can't be written; an old one is untouched.
        """
        target = Path(path)
        self.text = self.as_text()
        self.changed.clear()
        self.path = target
        replace_text(target, self.text)

    @property
    def file(self) -> str | None:
        """The path for people to read, None before the graph has one."""
        return str(self.path) if self.path is not None else None

    def substituted(self, value: Any, missing: Callable[[str], None]) -> Any:
        """A knob's value with every `${variable}` replaced; `missing` is told unknown names."""

        def replaced(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.variables:
                missing(name)
            return self.variables.get(name, match[0])

        if isinstance(value, str):
            return _VARIABLE.sub(replaced, value) if "${" in value else value
        if isinstance(value, list | tuple):
            return [self.substituted(item, missing) for item in value]
        return value


def is_name(text: str) -> bool:
    """Whether a node may be called so."""
    return _NAME.fullmatch(text) is not None


def as_list(value: str | Sequence[str]) -> list[str]:
    """One source or several, as a list."""
    return [value] if isinstance(value, str) else list(value)


def replace_text(path: Path, text: str) -> None:
    """Replaces a text file whole: a temporary file beside it, then a rename.

    Raises:
        StorageError: It can't be written; the old file is untouched.
    """
    import os

    from understudy.graph.errors import StorageError

    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(path, f"can't be written: {error.strerror}") from error


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
