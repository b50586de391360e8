"""`understudy runs`: the table of runs, and what can be done with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.runtime.runs.table import Row

EPILOG = """
Examples:
  understudy runs                                     every run below this folder
  understudy runs shots/sh010 --sort best             the best held-out loss first
  understudy runs training/first                      one run, with its verdict in full
  understudy runs training/first training/second --compare
  understudy runs training --plot losses.png          all runs of a folder in one picture
  understudy runs training/first --rename long_crops
  understudy runs training/first --trash              moves it to training/.trash
  understudy runs training/.trash                     what lies in the trash
  understudy runs training/.trash/first --restore
  understudy runs training --tensorboard events       then: tensorboard --logdir events

States: running; stopped (by a signal, all saved); crashed (its process is gone); failed;
done; damaged (the folder can't be read, and the line says why).
"""

HEADING = ("run", "state", "step", "loss", "held out", "best", "at step", "time", "steps/s", "verdict")
SORTABLE = (
    *("name", "state", "step", "steps", "loss", "validation", "best", "best_step"),
    *("seconds", "speed", "verdict", "created", "node"),
)
LONGEST_NOTE = 72


@click.command(
    "runs",
    cls=options.Command,
    epilog=EPILOG,
    short_help="List runs; compare, plot, rename and trash them.",
)
@click.argument("places", nargs=-1, metavar="[FOLDER]...")
@click.option(
    "--sort",
    type=click.Choice(SORTABLE),
    metavar="FIELD",
    help=f"Order by a field, lowest first: {', '.join(SORTABLE)}.",
)
@click.option("--reverse", is_flag=True, help="Turn the order round.")
@click.option("--compare", is_flag=True, help="Say what differs between two runs, and what it did.")
@click.option("--plot", metavar="FILE.png", help="Draw the losses of the runs into one picture.")
@click.option("--linear", is_flag=True, help="Draw losses on a linear scale, not a logarithmic one.")
@click.option("--rename", metavar="NAME", help="Give a run's folder another name.")
@click.option("--trash", is_flag=True, help="Move runs to the folder .trash beside them.")
@click.option("--restore", is_flag=True, help="Move runs back from the trash.")
@click.option("--tensorboard", metavar="FOLDER", help="Write the losses as TensorBoard event files.")
@options.json_option
def command(*, places: Sequence[str], as_json: bool, **asked: Any) -> None:
    """Lists the runs in each FOLDER and in the folders within it, or does something with them.

    A FOLDER is a run folder, or any folder that has runs below it; this one when none is named. For each run
    the table tells state, steps, losses, the best held-out loss, time, speed and verdict.
    """
    from understudy.cli.run_actions import chosen

    named = [Path(place) for place in places or ["."]]
    with output.errors_as_json(wanted=as_json):
        require_folders(named)
        if action := chosen(asked):
            action(named, asked, as_json=as_json)
            return
        if asked["linear"]:
            raise click.UsageError("--linear goes with --plot")
        show(named, as_json=as_json, sort=asked["sort"], reverse=asked["reverse"])


def show(places: Sequence[Path], *, as_json: bool, sort: str | None = None, reverse: bool = False) -> None:
    """Prints the table of the runs in some folders, or a JSON line for each."""
    from understudy.runtime.runs.table import rows

    found = ordered(rows(places), sort, reverse=reverse)
    if as_json:
        for row in found:
            output.print_json(**row.as_dict())
        return
    if not found:
        where = ", ".join(map(str, places))
        click.echo(f"{where}: no runs. Run folders lie below a Trainer's data_directory.")
        return
    click.echo(output.columns([_cells(row) for row in found], HEADING))
    if len(found) == 1 and found[0].reason:
        click.echo(f"\n{output.paragraph(found[0].reason)}")


def ordered(rows: list[Row], field: str | None, *, reverse: bool) -> list[Row]:
    """Rows in the order of a field, those that lack it last; as they were when none is named."""
    known = [row for row in rows if field is None or getattr(row, field) is not None]
    if field is not None:
        known.sort(key=lambda row: getattr(row, field))
    rest = [row for row in rows if row not in known]
    return (known[::-1] if reverse else known) + rest


def require_folders(places: Sequence[Path]) -> None:
    """Refuses folders that are not there, with the run of the nearest name."""
    from understudy.graph.errors import nearest
    from understudy.runtime.runs.table import run_folders

    for place in places:
        if place.is_dir():
            continue
        if place.is_file():
            raise click.BadParameter(f"{place} is a file, not a folder", param_hint="FOLDER")
        below = place.parent if place.parent.is_dir() else Path()
        known = {path.name: path for path in run_folders(below)}
        close = nearest(place.name, known)
        hint = f'; did you mean "{known[close]}"?' if close else ""
        raise click.BadParameter(f"there is no folder {place}{hint}", param_hint="FOLDER")


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.run,
        row.state + (f" on {row.host}" if row.host else ""),
        output.steps(row.step, row.steps),
        output.number(row.loss),
        output.number(row.validation),
        output.number(row.best),
        "" if row.best_step is None else f"{row.best_step:,}",
        "" if not row.seconds else output.duration(row.seconds),
        output.number(row.speed, digits=3),
        note(row),
    )


def note(row: Row) -> str:
    """What the last column says: the verdict, or why there is none."""
    from understudy.nodes.learning.subject import in_words
    from understudy.runtime.runs.table import SILENT

    if row.state == "crashed":
        return row.reason.partition(".")[0]
    if row.state == "damaged" or row.verdict == SILENT:
        return row.reason
    said = row.verdict or output.shortened(row.reason, LONGEST_NOTE)
    return "; ".join(part for part in (said, in_words(row.figures)) if part)
