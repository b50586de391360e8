"""Writing a graph file: only what changed is touched, so comments and layout stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tomlkit

from understudy.graph.document import FORMAT, Entry, Graph, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tomlkit import TOMLDocument
    from tomlkit.items import InlineTable, Table


def written(graph: Graph) -> str:
    """The text of the graph's file, made from the text that it was read from."""
    document = tomlkit.parse(graph.text) if graph.text else tomlkit.document()
    if "understudy" not in document:
        document["understudy"] = FORMAT
    _write_variables(document, graph.variables)
    _write_nodes(document, graph.entries)
    return tomlkit.dumps(document)


def _write_variables(document: TOMLDocument, variables: dict[str, str]) -> None:
    if variables and "vars" not in document:
        document["vars"] = tomlkit.table()
    for name, value in variables.items():
        table: Any = document["vars"]
        if str(table.get(name)) != value:
            table[name] = value


def _write_nodes(document: TOMLDocument, entries: dict[str, Entry]) -> None:
    if "nodes" not in document:
        document["nodes"] = tomlkit.table(is_super_table=True)
    nodes: Any = document["nodes"]
    for name in [name for name in nodes if name not in entries]:
        del nodes[name]
    for name, entry in entries.items():
        if name not in nodes:
            nodes[name] = tomlkit.table()
        _write_entry(nodes[name], entry)


def _write_entry(table: Table | InlineTable, entry: Entry) -> None:
    if table.get("type") != entry.type:
        table["type"] = entry.type
    if entry.inputs:
        _write_inputs(table, entry.inputs)
    elif "inputs" in table:
        del table["inputs"]
    for knob in [key for key in table if key not in ("type", "inputs") and key not in entry.knobs]:
        del table[knob]
    for knob, value in entry.knobs.items():
        if knob not in table or tomlkit.item(table[knob]).unwrap() != value:
            table[knob] = value


def _write_inputs(table: Table | InlineTable, inputs: dict[str, list[Source]]) -> None:
    if "inputs" not in table:
        table["inputs"] = tomlkit.inline_table()
    ports: Any = table["inputs"]
    for port in [port for port in ports if port not in inputs]:
        del ports[port]
    for port, sources in inputs.items():
        value = _source_value(sources)
        if port not in ports or tomlkit.item(ports[port]).unwrap() not in (value, [value]):
            ports[port] = value


def _source_value(sources: Sequence[Source]) -> str | list[str]:
    return str(sources[0]) if len(sources) == 1 else [str(source) for source in sources]
