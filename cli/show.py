"""`understudy show`: what is in a graph, a run folder, a .cat, an .ost or a .summary."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Iterator

EPILOG = """
Examples:
  understudy show roto.toml
  understudy show training/Training_260314_101500
  understudy show training/Training_260314_101500/Training_260314_101500_00004000.cat
"""

LONGEST_VALUE = 100


@click.command(
    "show", cls=options.Command, epilog=EPILOG, short_help="Tell what is in a file or a run folder."
)
@click.argument("file")
@options.json_option
def command(*, file: str, as_json: bool) -> None:
    """Tells what is in a graph, a run folder, a .cat, an .ost or a .summary."""
    path = Path(file)
    with output.errors_as_json(wanted=as_json):
        content, table = described(path)
    if as_json:
        output.print_json(file=file, **content)
        return
    click.echo(f"{file}\n")
    reason = content.pop("reason", "")
    click.echo(output.columns(list(_lines(content))))
    if reason:
        click.echo(f"\n{output.paragraph(reason)}")
    if table:
        click.echo(f"\n{output.columns(table[1:], table[0])}")


Table = list[tuple[str, ...]]


def described(path: Path) -> tuple[dict[str, Any], Table]:
    """What is in a file, as plain data, and a table of its parts with the heading first.

    Raises:
        UnderstudyError: It is damaged, or can't be read.
        click.BadParameter: It is none of our files.
    """
    if path.is_dir():
        return _run_folder(path)
    if path.suffix == ".summary":
        return _summary(path), []
    if path.suffix in (".cat", ".ost"):
        return _container(path)
    if path.suffix == ".toml":
        return _graph(path)
    raise click.BadParameter(f"{path} is no .toml, .cat, .ost, .summary or run folder", param_hint="FILE")


def _graph(path: Path) -> tuple[dict[str, Any], Table]:
    from understudy.graph.document import Graph

    graph = Graph.load(path)
    table: Table = [("node", "type", "inputs", "knobs")]
    for name, entry in graph.entries.items():
        inputs = [f"{port} = {', '.join(map(str, sources))}" for port, sources in entry.inputs.items()]
        knobs = [f"{knob} = {_text(value)}" for knob, value in entry.knobs.items()]
        table.append((name, entry.type, "; ".join(inputs), "; ".join(knobs)))
    return {"nodes": len(graph.entries), "vars": graph.variables}, table


def _run_folder(path: Path) -> tuple[dict[str, Any], Table]:
    from understudy.runtime.runs.folder import open_run
    from understudy.runtime.runs.table import row_of

    manifest = open_run(path).manifest
    content = row_of(path, manifest).as_dict() | {
        "created": manifest.created,
        "host": manifest.host,
        "graph": manifest.graph,
        "parent": manifest.parent,
        "versions": manifest.versions,
        "changes": manifest.changes,
        "learned_from": f"{len(manifest.data):,} files",
    }
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    return content, [("file", "bytes"), *((one.name, f"{one.stat().st_size:,}") for one in files)]


def _container(path: Path) -> tuple[dict[str, Any], Table]:
    from understudy.runtime.runs.container import read_container
    from understudy.runtime.runs.layout import parse_table

    read_container(path)  # refuses damage anywhere in it
    with path.open("rb") as file:
        found = parse_table(path, file, None)
    content = {
        "kind": f".{found.kind}, version {found.version}",
        "bytes": found.size,
        "tensors": len(found.entries),
        "values": sum(math.prod(entry.shape) for entry in found.entries),
        **found.header,
    }
    rows = [
        (entry.name, entry.dtype, " x ".join(map(str, entry.shape)), f"{entry.size:,}")
        for entry in found.entries
    ]
    return content, [("tensor", "dtype", "shape", "bytes"), *rows]


def _summary(path: Path) -> dict[str, Any]:
    import numpy as np

    from understudy.runtime.runs.glance import LOSSES_AVERAGED, seconds
    from understudy.runtime.runs.summary import read_summary

    found = read_summary(path)
    content: dict[str, Any] = {"steps": len(found.steps), "seconds": seconds(found.times.tolist())}
    if len(found.steps):
        content["last_step"] = int(found.steps[-1])
        content["first_loss"] = float(found.losses[0])
        content["last_losses"] = float(np.mean(found.losses[-LOSSES_AVERAGED:]))
        content["last_rate"] = float(found.rates[-1])
    if len(found.validation):
        best = int(np.argmin(found.validation))
        content["best_held_out"] = float(found.validation[best])
        content["best_step"] = int(found.validation_steps[best])
    return content | {"damage": found.damage, "records": found.records}


def _lines(content: dict[str, Any], indent: str = "") -> Iterator[tuple[str, str]]:
    """Names and values; mappings are indented, empty values left out."""
    for name, value in content.items():
        label = indent + name.replace("_", " ")
        if isinstance(value, dict):
            if value:
                yield label, ""
                yield from _lines(value, indent + "  ")
        elif value not in (None, "", []):
            yield label, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
