"""`understudy runs`: the table of runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from understudy.runtime.runs.folder import Run
    from understudy.runtime.runs.summary import Summary

EPILOG = """
Examples:
  understudy runs
  understudy runs shots/sh010 --json
"""

HEADING = ("run", "node", "state", "step", "loss", "held out", "best", "time", "verdict")
LOSSES_AVERAGED = 100


@click.command(
    "runs", cls=options.Command, epilog=EPILOG, short_help="List the runs: state, losses, verdict."
)
@click.argument("folder", default=".")
@options.json_option
def command(*, folder: str, as_json: bool) -> None:
    """Lists the runs in FOLDER and in the folders within it: state, steps, losses, best, time and verdict."""
    if not Path(folder).is_dir():
        raise click.BadParameter(f"there is no folder {folder}", param_hint="FOLDER")
    rows = [facts(run) for run in found(Path(folder))]
    if as_json:
        for row in rows:
            output.print_json(**row)
    elif rows:
        click.echo(output.columns([_cells(row) for row in rows], HEADING))
    else:
        click.echo(f"{folder}: no runs. Run folders lie below a Trainer's data_directory.")


def found(folder: Path) -> list[Run]:
    """The runs in a folder, and in the folders down to three levels within it."""
    from understudy.runtime.runs.folder import find_runs

    manifests = (path for depth in range(1, 5) for path in folder.glob("*/" * depth + "manifest.json"))
    directories = {path.parent.parent for path in manifests}
    return [run for directory in sorted(directories) for run in find_runs(directory)]


def facts(run: Run) -> dict[str, Any]:
    """What the table says of a run, as plain data; None where it is not known yet."""
    import numpy as np

    from understudy.graph.errors import FormatError
    from understudy.runtime.runs.summary import read_summary

    manifest = run.manifest
    row: dict[str, Any] = {
        "run": str(run.folder.path),
        "node": manifest.node,
        "state": state_of(run),
        "step": manifest.step,
        "steps": manifest.steps,
        "loss": None,
        "held_out": None,
        "best_step": manifest.best_step,
        "seconds": None,
        "verdict": manifest.verdict,
    }
    try:
        summary = read_summary(run.folder.summary)
    except FormatError:
        return row
    last = summary.losses[np.isfinite(summary.losses)][-LOSSES_AVERAGED:]
    row["step"] = int(summary.steps[-1]) if len(summary.steps) else manifest.step
    row["loss"] = float(last.mean()) if last.size else None
    row["held_out"] = float(summary.validation[-1]) if len(summary.validation) else None
    row["seconds"] = seconds(summary)
    return row


def state_of(run: Run) -> str:
    """How a run stands; one that says it runs while nobody works on it was cut off."""
    from understudy.runtime.locks import owner_of

    state = run.manifest.state
    return "cut off" if state == "running" and owner_of(run.folder.lock().path) is None else state


def seconds(summary: Summary) -> float:
    """How long all processes trained together; each counts from zero."""
    import numpy as np

    times = summary.times
    ends = np.flatnonzero(np.diff(times) < 0)
    return float(times[ends].sum() + times[-1]) if len(times) else 0.0


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["run"],
        row["node"],
        row["state"],
        f"{row['step']:,} of {row['steps']:,}",
        _number(row["loss"]),
        _number(row["held_out"]),
        "" if row["best_step"] is None else f"{row['best_step']:,}",
        "" if row["seconds"] is None else output.duration(row["seconds"]),
        row["verdict"],
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
