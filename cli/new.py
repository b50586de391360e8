"""`understudy new`: starts a folder with a graph and footage."""

from __future__ import annotations

from pathlib import Path

import click

from understudy.cli import options, output

EPILOG = """
Examples:
  understudy new
  understudy new roto first
"""


@click.command(
    "new", cls=options.Command, epilog=EPILOG, short_help="Start a folder with a graph and footage."
)
@click.argument("template", required=False)
@click.argument("folder", required=False)
def command(*, template: str | None, folder: str | None) -> None:
    """Starts a folder from a template: a graph to read, and footage to run it on.

    Without TEMPLATE and FOLDER it lists the templates.
    """
    from understudy.cli.templates import TEMPLATES, create, require_room
    from understudy.graph.errors import UnderstudyError

    if template is None:
        click.echo(output.columns(list(TEMPLATES.items())))
        return
    if folder is None:
        raise click.UsageError(f"Name the folder to make: understudy new {template} FOLDER")
    try:
        require_room(template, Path(folder))
    except UnderstudyError as error:
        raise click.UsageError(str(error)) from None
    click.echo(f"{folder}: making the footage of {template} ...", err=True)
    files = create(template, Path(folder))
    click.echo(f"{folder}: {len(files)} files. Next: understudy run {files[0]}")
