"""Reading a graph file: TOML to a document, with every structural fault told at once."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from understudy.graph.document import FORMAT, Entry, Graph, Source, is_name
from understudy.graph.errors import Fault, GraphError, nearest
from understudy.graph.knobs import shown
from understudy.graph.lines import LineFinder
from understudy.graph.report import Report

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_FILE = 64 * 1024 * 1024
"""A graph file of more bytes is refused before it is read."""

MOST_NODES = 200_000
"""A graph of more nodes is refused."""

LONGEST_VARIABLE = 1000
"""A variable of more characters is refused: a small file could stand for a huge text."""

_TOP = ("understudy", "vars", "nodes")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")


def read(path: Path) -> Graph:
    """The graph in a file.

    Raises:
        GraphError: It can't be read, is no TOML, or its structure is not that of a graph file.
    """
    return parse(_text(path), path)


def parse(text: str, path: Path | None = None) -> Graph:
    """The graph in a text.

    Raises:
        GraphError: It is no TOML, or its structure is not that of a graph file.
    """
    graph = Graph(path)
    graph.text = text
    report = Report(graph.file, LineFinder(text))
    table = _table(text, graph.file)
    _read_top(table, report)
    _read_variables(graph, table.get("vars", {}), report)
    _read_nodes(graph, table.get("nodes", {}), report)
    if report.faults:
        raise GraphError(report.faults)
    return graph


def _text(path: Path) -> str:
    def refuse(what: str, suggestion: str | None = None) -> GraphError:
        return GraphError([Fault(what=what, file=str(path), suggestion=suggestion)])

    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise refuse(f"the graph file is too large: {size:,} bytes, at most {LARGEST_FILE:,}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        names = [one.name for one in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        close = nearest(path.name, names)
        hint = f'Did you mean "{path.with_name(close)}"?' if close else "Give the path of a .toml file."
        raise refuse("there is no such graph file", suggestion=hint) from None
    except UnicodeDecodeError as error:
        raise refuse(f"the graph file is not UTF-8 text (byte {error.start})") from None
    except IsADirectoryError:
        graphs = sorted(path.glob("*.toml"))
        hint = f'Did you mean "{graphs[0]}"?' if graphs else "Give the path of a .toml file."
        raise refuse("this is a folder, not a graph file", suggestion=hint) from None
    except OSError as error:
        raise refuse(f"the graph file can't be read: {error.strerror}") from None


def _table(text: str, file: str | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _LINE.search(str(error))
        what = "this is no TOML: " + _LINE.sub("", str(error)).strip()
        raise GraphError([Fault(what=what, file=file, line=int(place[1]) if place else None)]) from None
    except RecursionError:
        raise GraphError([Fault(what="lists are nested too deeply", file=file)]) from None
    except ValueError:  # Python's own limit on the digits of a number
        raise GraphError([Fault(what="a number has too many digits", file=file)]) from None


def _read_top(table: dict[str, Any], report: Report) -> None:
    for key in table:
        if key not in _TOP:
            close = nearest(key, _TOP)
            hint = f'Did you mean "{close}"?' if close else "Nodes stand in [nodes.NAME] tables."
            report.fault("unknown key", knob=key, expected=", ".join(_TOP), suggestion=hint)
    version = table.get("understudy")
    if version is None:
        report.fault(
            "the version of the format is missing",
            expected=f"understudy = {FORMAT} at the top",
            suggestion="Is this a graph file?",
        )
    elif version.__class__ is not int or not 1 <= version <= FORMAT:
        report.fault(
            "unknown version of the format",
            knob="understudy",
            found=shown(version),
            expected=f"1 to {FORMAT}",
            suggestion="A newer Understudy may read it.",
        )


def _read_variables(graph: Graph, table: Any, report: Report) -> None:
    if not isinstance(table, dict):
        report.fault("vars is no table", knob="vars", expected="[vars] with one name = text a line")
        return
    for name, value in table.items():
        if isinstance(value, str) and len(value) > LONGEST_VARIABLE:
            most = f"at most {LONGEST_VARIABLE:,} characters"
            report.fault(f"variable {name} is too long", knob="vars", found=shown(value), expected=most)
        elif isinstance(value, str):
            graph.variables[name] = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            graph.variables[name] = str(value)
        else:
            report.fault(f"variable {name} is no text", knob="vars", found=shown(value), expected="a text")


def _read_nodes(graph: Graph, table: Any, report: Report) -> None:
    if not isinstance(table, dict) or not all(isinstance(entry, dict) for entry in table.values()):
        report.fault("nodes is no table of tables", knob="nodes", expected="[nodes.NAME] for each node")
        return
    if len(table) > MOST_NODES:
        report.fault("too many nodes", found=f"{len(table):,}", expected=f"at most {MOST_NODES:,}")
        return
    for name, entry in table.items():
        report.node = name
        if not is_name(name):
            report.fault("this can't be a node's name", expected="up to 100 letters, digits, _ and -")
        graph.entries[name] = _entry(entry, report)
    report.node = None


def _entry(table: dict[str, Any], report: Report) -> Entry:
    kind = table.get("type")
    if not isinstance(kind, str):
        found = None if kind is None else shown(kind)
        report.fault(
            "the node has no type", knob="type", found=found, expected='type = "DataSource" or another'
        )
        kind = ""
    inputs = table.get("inputs", {})
    if not isinstance(inputs, dict):
        report.fault("inputs is no table", knob="inputs", found=shown(inputs), expected='{ port = "node" }')
        inputs = {}
    knobs = {key: value for key, value in table.items() if key not in ("type", "inputs")}
    return Entry(kind, {port: _sources(port, value, report) for port, value in inputs.items()}, knobs)


def _sources(port: str, value: Any, report: Report) -> list[Source]:
    texts = value if isinstance(value, list) else [value]
    if all(isinstance(text, str) and text for text in texts):
        return [Source.parse(text) for text in texts]
    report.fault(
        f"input {port} is no source",
        knob="inputs",
        found=shown(value),
        expected='"node", "node.port" or a list of these',
    )
    return []
