"""The JSON Schema of the graph file, made from the node classes, so that editors complete and check it.

Draft 2020-12. It knows types, knobs and ports; what a wire carries and what lies on disk only `check` knows.
JSON has neither `nan` nor `inf`, and takes 2.0 for a whole number: these only `check` refuses.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from understudy.graph.document import FORMAT

if TYPE_CHECKING:
    from understudy.graph.knobs import Knob
    from understudy.graph.node import Node
    from understudy.graph.ports import Input
    from understudy.graph.registry import Registry

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}
_WITH_VARIABLE = {"type": "string", "pattern": r"\$\{[^}]*\}"}
_ONE_SOURCE = {"type": "string", "minLength": 1}
_SOURCES = {"type": "array", "items": {"$ref": "#/$defs/source"}, "minItems": 1}


def schema(registry: Registry) -> dict[str, Any]:
    """The schema of a graph file for these node types, as plain data."""
    types = {cls.type_name: node_schema(cls) for cls in registry}
    nodes = [{"$ref": f"#/$defs/{name}"} for name in types]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A graph of Understudy",
        "type": "object",
        "properties": {
            "understudy": {
                "description": "The version of this format.",
                "type": "integer",
                "minimum": 1,
                "maximum": FORMAT,
            },
            "vars": {
                "description": "Texts that replace ${name}; --var gives them other values.",
                "type": "object",
                "additionalProperties": {"type": ["string", "number"]},
            },
            "nodes": {
                "description": "The nodes by name.",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"},
                "additionalProperties": {"oneOf": nodes},
                "minProperties": 1,
            },
        },
        "required": ["understudy", "nodes"],
        "additionalProperties": False,
        "$defs": {"source": {"description": 'A wire: "node" or "node.port".', **_ONE_SOURCE}, **types},
    }


def node_schema(cls: type[Node]) -> dict[str, Any]:
    """The schema of a node of one type."""
    required = [name for name, port in cls.inputs.items() if not port.optional]
    inputs = {
        "description": "For each input the node that it is connected to.",
        "type": "object",
        "properties": {name: _port(port) for name, port in cls.inputs.items()},
        "required": required,
        "additionalProperties": False,
    }
    return {
        "description": inspect.getdoc(cls) or "",
        "type": "object",
        "properties": {
            "type": {"const": cls.type_name, "description": (inspect.getdoc(cls) or "").partition("\n")[0]},
            "inputs": inputs,
            **{name: knob_schema(knob) for name, knob in cls.knobs.items()},
        },
        "required": ["type", "inputs"] if required else ["type"],
        "additionalProperties": False,
    }


def knob_schema(knob: Knob[Any]) -> dict[str, Any]:
    """The schema of a knob's value."""
    value = _one_value(knob)
    if knob.many:
        value = {"anyOf": [value, {"type": "array", "items": value}]}
    if knob.default is not None:
        value = {"default": list(knob.default) if knob.many else knob.default, **value}
    return {"description": knob.help, **value}


def _one_value(knob: Knob[Any]) -> dict[str, Any]:
    if knob.choices:
        return {"anyOf": [{"enum": [*knob.choices, *knob.words]}, _WITH_VARIABLE]}
    value: dict[str, Any] = {"type": _TYPES[knob.type]}
    if knob.least is not None:
        value["minimum"] = knob.least
    if knob.most is not None:
        value["maximum"] = knob.most
    if knob.words:
        value = {"anyOf": [value, {"enum": list(knob.words)}, _WITH_VARIABLE]}
    return value


def _port(port: Input) -> dict[str, Any]:
    one = {"$ref": "#/$defs/source"}
    sources = _SOURCES if port.many else {**_SOURCES, "maxItems": 1}
    return {"description": f"{port.help} Takes {' or '.join(port.kinds.split())}.", "anyOf": [one, sources]}
