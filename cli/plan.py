"""`understudy plan`: what a run would do, node by node, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence


EPILOG = """
Examples:
  understudy plan roto.toml
  understudy plan roto.toml --to matte --set learn.epochs=800

Exit status: 0, or 2 where the graph or the call is wrong.
"""


@click.command(
    "plan", cls=options.Command, epilog=EPILOG, short_help="Say what would run, what is up to date, and why."
)
@options.graph_arguments
@options.target_arguments
@options.json_option
def command(
    *,
    given: options.Given,
    to: Sequence[str],
    as_json: bool,
    **asked: Any,
) -> None:
    """Says for each node what a run would do with it, and why; nothing is computed.

    A node is up to date, will run, will resume, is made on demand, or is not needed.
    """
    from understudy.nodes.registry import registry
    from understudy.runtime.context import Settings
    from understudy.runtime.running import planned

    with output.errors_as_json(wanted=as_json):
        types = registry()
        document = given.load(types)
        steps = planned(document, types, to=to, settings=Settings(**asked))
    kinds = {name: entry.type for name, entry in document.entries.items()}
    if as_json:
        for name, step in steps.items():
            output.print_json(node=name, type=kinds[name], state=step.state, why=step.why, key=step.key,
                              **({"notes": list(step.notes)} if step.notes else {}))  # fmt: skip
        return
    rows = [(name, kinds[name], step.state, step.why) for name, step in steps.items()]
    click.echo(output.columns(rows, ("node", "type", "state", "why")))
    for name, step in steps.items():
        for note in step.notes:
            click.echo(f"{name}: {note}")
