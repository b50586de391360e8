"""`understudy suggest`: which frame to paint, or which pose to capture, next."""

from __future__ import annotations

from typing import Any

import click

from understudy.cli import options, output

EPILOG = """
Examples:
  understudy suggest roto.toml
  understudy suggest roto.toml --count 3 --json
  understudy suggest show.toml --to learn_hair

Paint the first one or two, run the graph, and ask again: each painted frame changes what the next
one teaches.
"""

NOTHING = "Nothing is left to paint or to capture."


@click.command(
    "suggest",
    cls=options.Command,
    epilog=EPILOG,
    short_help="Say which frames to paint, or poses to capture, next.",
)
@options.graph_arguments
@click.option("--to", metavar="NODE", help="The Trainer to suggest for; needed where there are several.")
@click.option("--count", default=5, type=click.IntRange(min=1), help="Suggestions at most; 5 without.")
@options.machine_arguments
@options.json_option
def command(
    *,
    given: options.Given,
    to: str | None,
    count: int,
    as_json: bool,
    **asked: Any,
) -> None:
    """Ranks the frames of GRAPH that are not painted by what painting them would teach.

    That is told by how unsure the newest model is of a frame, how unlike the painted ones it looks, and how
    far in time the nearest is. Without a model the last two decide; before anything is painted they tell what
    to begin with. A contact sheet shows the first five. No training is begun.
    """
    from understudy.cli.progress import people
    from understudy.nodes.registry import registry
    from understudy.runtime.context import Settings

    with output.errors_as_json(wanted=as_json):
        types = registry()
        document = given.load(types)
        name = options.chosen(document, "Trainer", to)
        from understudy.nodes.learning.asking import Asking

        with people() as shown:
            asking = Asking(document, types, name, Settings(**asked), shown)
            told, sheet = asking.suggestions(count)
    for line in asking.notes:
        click.echo(line, err=True)
    if as_json:
        for one in told:
            output.print_json(frame=one.frame, score=round(one.score, 4), reason=one.reason)
    else:
        rows = [(str(one.frame), f"{one.score:.3f}", one.reason) for one in told]
        click.echo(output.columns(rows, ("frame", "score", "why")) if rows else NOTHING)
    if sheet is not None:
        click.echo(f"Contact sheet: {sheet}", err=as_json)
