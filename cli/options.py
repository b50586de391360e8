"""The arguments that several commands share, and the graph that they stand for."""

from __future__ import annotations

import functools
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from understudy.graph.document import Graph
from understudy.graph.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from understudy.graph.errors import Fault
    from understudy.graph.registry import Registry

F = TypeVar("F", bound="Callable[..., Any]")


class Command(click.Command):
    """A command whose epilog, examples and exit statuses, is printed as it stands."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - the signature of click
        """Writes the epilog, indented like the rest of the help."""
        write_epilog(self.epilog, formatter)


def write_epilog(epilog: str | None, formatter: click.HelpFormatter) -> None:
    """Writes examples and the like as they stand, indented like the rest of a help page."""
    if epilog:
        formatter.write_paragraph()
        formatter.write(textwrap.indent(epilog.strip("\n"), "  ") + "\n")


@dataclass(frozen=True, slots=True)
class Given:
    """A graph as the command line names it.

    Attributes:
        path: The graph file.
        variables: Names and values that replace those of its `[vars]`.
        changes: Knobs, as NODE.KNOB, and their values.
    """

    path: str
    variables: Sequence[tuple[str, str]]
    changes: Sequence[tuple[str, str]]

    def load(self, registry: Registry) -> Graph:
        """The graph in the file, with variables and knobs changed as asked.

        Raises:
            GraphError: It is no graph file, or there is no such variable or node; all such faults at once.
            click.BadParameter: A change names no knob.
        """
        graph = Graph.load(self.path, dict(self.variables))
        change(graph, self.changes, registry)
        return graph


def graph_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """GRAPH, --set and --var: the command takes them as `given`."""

    @functools.wraps(function)
    def gathered(
        *,
        graph: str,
        variables: Sequence[tuple[str, str]],
        changes: Sequence[tuple[str, str]],
        **others: Any,
    ) -> Any:
        return function(given=Given(graph, variables, changes), **others)

    for decorate in (
        click.option(
            "--var",
            "variables",
            multiple=True,
            metavar="NAME=VALUE",
            callback=pairs,
            help="Give a variable of [vars] another value. Can be repeated.",
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="NODE.KNOB=VALUE",
            callback=pairs,
            help="Give a knob another value. Can be repeated.",
        ),
        click.argument("graph"),
    ):
        gathered = decorate(gathered)
    return gathered


def target_arguments(function: F) -> F:
    """--to, --frames and --fresh: what of the graph is wanted."""
    for decorate in (
        click.option("--fresh", is_flag=True, help="Begin anew: use no kept result and no unfinished run."),
        click.option(
            "--frames",
            metavar="RANGE",
            callback=_frames,
            help="Make only these frames, such as 1001-1100x2,1150.",
        ),
        click.option(
            "--to", multiple=True, metavar="NODE", help="Run only what this node needs. Can be repeated."
        ),
    ):
        function = decorate(function)
    return function


def chosen(graph: Graph, kind: str, asked: str | None) -> str:
    """The node of a type that --to names, or the only one that there is.

    Raises:
        click.BadParameter: There is none of that name, or there are several and none was named.
    """
    names = [name for name, entry in graph.entries.items() if entry.type == kind]
    if asked in names:
        return asked
    known = ", ".join(names) or "none"
    if asked is not None or len(names) != 1:
        wanted = f'there is no {kind} "{asked}"' if asked else f"say which {kind} with --to"
        raise click.BadParameter(f"{wanted}; there are: {known}", param_hint="--to")
    return names[0]


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")


def machine_arguments(function: F) -> F:
    """--device, --threads and how strictly to resume: what of `Settings` changes no result."""
    for decorate in (
        click.option(
            "--accept-changed-data", is_flag=True, help="Resume although the training frames changed."
        ),
        click.option("--strict-resume", is_flag=True, help="Refuse to resume on other software or hardware."),
        click.option(
            "--threads",
            default=0,
            type=click.IntRange(min=0),
            metavar="N",
            help="Threads for networks; 0: all cores.",
        ),
        click.option(
            "--device", default="auto", metavar="auto|cpu|cuda[:N]", help="Where networks are computed."
        ),
    ):
        function = decorate(function)
    return function


def pairs(_: click.Context, __: click.Parameter, given: Sequence[str]) -> list[tuple[str, str]]:
    """NAME=VALUE texts as names and values, for click's `callback`."""
    found = []
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f'"{text}" has no NAME=VALUE form')
        found.append((name.strip(), value))
    return found


def _frames(_: click.Context, __: click.Parameter, given: str | None) -> tuple[int, ...] | None:
    if given is None:
        return None
    from understudy.graph.ranges import parse

    try:
        return parse(given)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def change(graph: Graph, changes: Sequence[tuple[str, str]], registry: Registry) -> None:
    """Gives knobs, named NODE.KNOB, other values.

    Raises:
        GraphError: There are no such nodes; all of them at once.
        click.BadParameter: A change names no knob.
    """
    faults: list[Fault] = []
    for name, text in changes:
        node, dot, knob = name.partition(".")
        if not dot or not knob:
            raise click.BadParameter(f'"{name}={text}" has no NODE.KNOB=VALUE form', param_hint="--set")
        try:
            graph.set(node, knob, knob_value(text, is_text=_is_text(graph, registry, node, knob)))
        except GraphError as error:
            faults += error.faults
    if faults:
        raise GraphError(faults)


def _is_text(graph: Graph, registry: Registry, node: str, knob: str) -> bool:
    cls = registry.find(graph.entries[node].type) if node in graph.entries else None
    declared = cls.knobs.get(knob) if cls is not None else None
    return declared is not None and declared.type is str


def knob_value(text: str, *, is_text: bool = False) -> Any:
    """A knob's value from the command line: TOML, else the text itself.

    A knob that takes a text gets `1001` as that text, so that nobody has to quote twice.

    >>> knob_value("0.5"), knob_value("true"), knob_value("[1, 2]"), knob_value("best")
    (0.5, True, [1, 2], 'best')
    """
    import tomllib

    try:
        table = tomllib.loads(f"value = {text}")
    except ValueError:
        return text
    value = table["value"]
    if len(table) > 1 or (is_text and not isinstance(value, str | list)):
        return text
    return value
