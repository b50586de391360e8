"""`understudy nodes`: the node types, and the page that each gives of itself."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output
from understudy.graph.errors import GraphError

if TYPE_CHECKING:
    from understudy.graph.knobs import Knob
    from understudy.graph.node import Node
    from understudy.graph.registry import Registry


EPILOG = """
Examples:
  understudy nodes
  understudy nodes Trainer
  understudy nodes --schema > understudy.schema.json

With the first line "#:schema understudy.schema.json" in a graph file, editors that know TOML
schemas (taplo, Even Better TOML) complete and check it.
"""


@click.command("nodes", cls=options.Command, epilog=EPILOG, short_help="List the node types, or explain one.")
@click.argument("type_name", metavar="[TYPE]", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of graph files, for editors.")
def command(*, type_name: str | None, schema: bool) -> None:
    """Lists the node types, or prints the page of one: what it does, its ports and its knobs."""
    from understudy.nodes.registry import registry

    types = registry()
    if schema:
        from understudy.graph.schema import schema as schema_of

        click.echo(json.dumps(schema_of(types), indent=2))
    elif type_name is None:
        click.echo(output.columns([(cls.type_name, summary(cls)) for cls in types]))
    else:
        click.echo(page(_found(types, type_name)))


def _found(types: Registry, name: str) -> type[Node]:
    cls = types.find(name)
    if cls is None:
        from understudy.graph.errors import Fault

        close = types.nearest(name)
        hint = f'Did you mean "{close}"?' if close else "`understudy nodes` lists the types."
        raise GraphError([Fault(what="there is no such node type", found=f'"{name}"', suggestion=hint)])
    return cls


def summary(cls: type[Node]) -> str:
    """The first line of a node type's docstring."""
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def page(cls: type[Node]) -> str:
    """A node type's help page: its docstring, ports and knobs, and how it stands in a graph file."""
    doc = inspect.getdoc(cls) or ""
    parts = [cls.type_name, _indented(doc)]
    inputs = [
        (name, " or ".join(port.kinds.split()), _with(port.help, _notes(port.optional, port.many)))
        for name, port in cls.inputs.items()
    ]
    outputs = [(name, " or ".join(port.kinds.split()), port.help) for name, port in cls.outputs.items()]
    knobs = [(name, default_text(knob), _with(knob.help, _range(knob))) for name, knob in cls.knobs.items()]
    for title, rows in (("Inputs", inputs), ("Outputs", outputs), ("Knobs (with their defaults)", knobs)):
        if rows:
            parts.append(f"{title}\n{_indented(output.columns(rows))}")
    parts.append(f"In a graph file\n{_indented(_example(cls))}")
    return "\n\n".join(parts)


def default_text(knob: Knob[Any]) -> str:
    """A knob's default as it would stand in a graph file, or "none"."""
    from understudy.graph.knobs import shown

    return "none" if knob.default is None else shown(knob.default)


def _notes(optional: bool, many: bool) -> str:  # noqa: FBT001 - two facts of a port
    words = [word for word, holds in (("optional", optional), ("one or several", many)) if holds]
    return f"({', '.join(words)})" if words else ""


def _range(knob: Knob[Any]) -> str:
    return "" if knob.type is str and not knob.choices else f"Takes {knob.expected}."


def _with(help_text: str, note: str) -> str:
    return f"{help_text} {note}".strip()


def _example(cls: type[Node]) -> str:
    lines = [f"[nodes.{cls.__name__.lower()}]", f'type = "{cls.type_name}"']
    ports = [f'{name} = "NODE"' for name, port in cls.inputs.items() if not port.optional]
    if ports:
        lines.append(f"inputs = {{ {', '.join(ports)} }}")
    lines += [f"{name} = {default_text(knob)}" for name, knob in cls.knobs.items() if knob.path]
    return "\n".join(lines)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
