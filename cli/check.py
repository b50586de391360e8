"""`understudy check`: every fault of a graph at once."""

from __future__ import annotations

import click

from understudy.cli import options, output

EPILOG = """
Examples:
  understudy check roto.toml
  understudy check roto.toml --var shot=sh020 --json

Exit status: 0 the graph can run; 2 it has faults.
"""


@click.command("check", cls=options.Command, epilog=EPILOG, short_help="Find every fault of a graph at once.")
@options.graph_arguments
@options.json_option
def command(*, given: options.Given, as_json: bool) -> None:
    """Finds every fault of a graph at once, without running anything.

    Each fault names file, line, node and knob, what was found, what was expected, and the nearest
    right name.
    """
    from understudy.graph.checking import check
    from understudy.graph.errors import GraphError
    from understudy.nodes.registry import registry

    with output.errors_as_json(wanted=as_json):
        types = registry()
        document = given.load(types)
        faults = check(document, types)
        if faults:
            raise GraphError(faults)
    count = len(document.entries)
    if as_json:
        output.print_json(event="end", status=0, nodes=count)
    else:
        click.echo(f"{given.path}: {count:,} {'node' if count == 1 else 'nodes'}, no faults.")
