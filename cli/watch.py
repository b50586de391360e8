"""`understudy watch`: runs, live."""

from __future__ import annotations

import math
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from understudy.cli import options, output
from understudy.cli.runs import note, require_folders, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from understudy.runtime.runs.following import Change, Watcher
    from understudy.runtime.runs.table import Row

EPILOG = """
Examples:
  understudy watch                       every run below this folder
  understudy watch shots/sh010 --interval 5
  understudy watch /mnt/farm/training    runs that other machines write
  understudy watch --json                a JSON line whenever something changed
  understudy watch --once                what understudy runs prints

JSON lines have "event": seen (it runs already), progress (steps came) or state (it began,
ended, stopped or crashed), and the fields of understudy runs --json.
Ctrl-C ends the watching, with exit status 130; the runs go on.
"""

CURVE = 20
"""Characters of the little curve of losses."""

BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.-=+*%#"

LINES_INTERVAL = 10.0
"""Seconds between two plain lines of a run, where no terminal shows it live."""


@click.command("watch", cls=options.Command, epilog=EPILOG, short_help="Follow runs live, others' too.")
@click.argument("places", nargs=-1, metavar="[FOLDER]...")
@click.option(
    "--interval",
    default=1.0,
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Time between two looks; 1 s.",
)
@click.option("--once", is_flag=True, help="Look once, as understudy runs does.")
@options.json_option
def command(*, places: Sequence[str], interval: float, once: bool, as_json: bool) -> None:
    """Follows the runs in each FOLDER and in the folders within it until Ctrl-C: steps, losses, time left.

    Only files are read, so a run may be on this machine or on any other that writes to the same disk. Runs
    that ended before are not shown; new ones appear by themselves.
    """
    from understudy.runtime.runs.following import Watcher

    named = [Path(place) for place in places or ["."]]
    with output.errors_as_json(wanted=as_json):
        require_folders(named)
        if once:
            show(named, as_json=as_json)
            return
    watcher = Watcher(named)
    if as_json:
        _follow_as_json(watcher, interval)
    elif sys.stdout.isatty():
        _follow_live(watcher, interval, named)
    else:
        _follow_in_lines(watcher, interval)


def _follow_as_json(watcher: Watcher, interval: float) -> None:
    while True:
        for change in watcher.look():
            output.print_json(event=change.event, **change.row.as_dict())
        sys.stdout.flush()
        time.sleep(interval)


def _follow_in_lines(watcher: Watcher, interval: float) -> None:
    """A line for each change of state, and for the steps now and then."""
    told: dict[str, float] = {}
    while True:
        for change in watcher.look():
            run, now = change.row.run, time.monotonic()
            if change.event != "progress" or now - told.get(run, -math.inf) >= LINES_INTERVAL:
                told[run] = now
                click.echo(line(change))
        sys.stdout.flush()
        time.sleep(interval)


def line(change: Change) -> str:
    """A change as a line for people."""
    row = change.row
    if change.event == "state" and row.state != "running":
        return f"{row.run}: {row.state} at step {output.steps(row.step, row.steps)}. {note(row)}".rstrip(". ")
    parts = ["running" if change.event != "progress" else "", output.steps(row.step, row.steps)]
    parts += [f"loss {output.number(row.loss)}" if row.loss else ""]
    parts += [f"held out {output.number(row.validation)}" if row.validation else ""]
    parts += [f"{left(row)} left" if left(row) else ""]
    return f"{row.run}: " + ", ".join(part for part in parts if part)


def _follow_live(watcher: Watcher, interval: float, places: Sequence[Path]) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    bars = bars_for(console.encoding)
    shown: set[str] = set()
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        while True:
            shown |= {change.row.run for change in watcher.look()}
            rows = [row for row in watcher.rows if row.run in shown]
            live.update(_shown(rows, watcher, bars) if rows else _waiting(watcher, places), refresh=True)
            time.sleep(interval)


def _waiting(watcher: Watcher, places: Sequence[Path]) -> Text:
    from rich.text import Text

    where = " ".join(map(str, places))
    ended = len(watcher.rows)
    others = f" ({ended:,} ended: understudy runs {where})" if ended else ""
    return Text(f"No run is running in {where}{others}. Waiting for one; Ctrl-C ends this.")


def _shown(rows: Sequence[Row], watcher: Watcher, bars: str) -> Text:
    """All runs, two lines each."""
    from rich.text import Text

    width = max(len(row.name) for row in rows)
    shown = Text()
    for row in rows:
        head, figures = block(row, sparkline(watcher.losses(row), bars))
        shown.append(row.name.ljust(width), style="bold")
        shown.append(f"  {head}\n    {figures}\n")
    return shown


def block(row: Row, curve: str) -> tuple[str, str]:
    """What is told beside a run's name, and below it: how far it is, and how good."""
    state = row.state + (f" on {row.host}" if row.host else "")
    speed = f"{output.number(row.speed, digits=3)} steps/s" if row.speed else ""
    ahead = [f"{left(row)} left" if left(row) else "", speed if row.state == "running" else ""]
    far = ", ".join(part for part in (output.steps(row.step, row.steps), *ahead) if part)
    losses = (("loss", row.loss), ("held out", row.validation), ("best", row.best))
    figures = [f"{name} {output.number(value)}" for name, value in losses if value is not None]
    if row.best_step is not None:
        figures[-1] += f" at step {row.best_step:,}"
    said = "; ".join(part for part in (", ".join(figures), note(row)) if part)
    return "  ".join(part for part in (state, curve, far) if part), said


def left(row: Row) -> str:
    """How long a run still takes, in words; nothing where that is not known."""
    return output.duration(row.remaining) if row.remaining and row.state == "running" else ""


def bars_for(encoding: str) -> str:
    """The characters of little curves, the lowest first: bars, or signs that every terminal has."""
    try:
        BARS.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN_BARS
    return BARS


def sparkline(losses: Sequence[float], bars: str = BARS, width: int = CURVE) -> str:
    """Losses as a little curve, each sign the mean of a share of the steps, on a logarithmic scale.

    >>> sparkline([1.0, 0.1, 0.01, 0.001], width=4)
    '█▆▃▁'
    """
    width = min(width, len(losses))
    if width == 0:
        return ""
    edges = [len(losses) * cell // width for cell in range(width + 1)]
    means = [
        sum(part) / len(part)
        for begin, end in pairwise(edges)
        if (part := [loss for loss in losses[begin:end] if math.isfinite(loss)])
    ]
    heights = [math.log(mean) for mean in means] if all(mean > 0 for mean in means) else means
    if not heights:
        return ""
    low, high = min(heights), max(heights)
    scale = (len(bars) - 1) / (high - low) if high > low else 0.0
    return "".join(bars[round((height - low) * scale)] for height in heights)
