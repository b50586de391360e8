"""What `understudy runs` does with runs beside listing them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from understudy.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from understudy.runtime.runs.comparing import Comparison
    from understudy.runtime.runs.table import Row

SHOWN = {
    "state": "state",
    "step": "step",
    "loss": "loss",
    "validation": "held out",
    "best": "best",
    "best_step": "at step",
    "seconds": "time",
    "speed": "steps/s",
    "verdict": "verdict",
}
"""Fields and what a person calls them."""

LONGEST_VALUE = 60


class Action(Protocol):
    """Does something with runs."""

    def __call__(self, places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:
        """Does it, and says what it did."""


def chosen(asked: Mapping[str, Any]) -> Action | None:
    """The action that was asked for, None for the table.

    Raises:
        click.UsageError: More than one was.
    """
    wanted = [name for name in ACTIONS if asked[name]]
    if len(wanted) > 1:
        raise click.UsageError(f"--{wanted[0]} and --{wanted[1]} don't go together; ask for one at a time")
    if not wanted:
        return None
    if (asked["sort"] or asked["reverse"]) or (asked["linear"] and wanted != ["plot"]):
        other = "linear" if asked["linear"] else "sort" if asked["sort"] else "reverse"
        raise click.UsageError(f"--{other} has no meaning with --{wanted[0]}")
    return ACTIONS[wanted[0]]


def compare(places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:  # noqa: ARG001 - the signature of actions
    """Says which knobs differ between two runs, and what that did to the result."""
    from understudy.nodes.registry import registry
    from understudy.runtime.runs.comparing import compare as compared

    if len(places) != 2:
        raise click.UsageError(f"--compare takes two run folders; {len(places)} given")
    comparison = compared(places[0], places[1], registry())
    if as_json:
        output.print_json(**comparison.as_dict())
        return
    one, two = comparison.first, comparison.second
    click.echo(output.columns(_differences(comparison), ("what differs", one.name, two.name)))
    click.echo()
    rows = [(label, _shown(one, name), _shown(two, name)) for name, label in SHOWN.items()]
    figures = dict.fromkeys((*one.figures, *two.figures))
    rows += [
        (name, output.number(one.figures.get(name)), output.number(two.figures.get(name))) for name in figures
    ]
    click.echo(output.columns(rows, ("what came of it", one.name, two.name)))
    click.echo("\n" + "\n".join([comparison.conclusion, *comparison.notes]))


def _differences(comparison: Comparison) -> list[tuple[str, ...]]:
    rows = [
        (one.where, *(output.shortened(str(value), LONGEST_VALUE) for value in (one.first, one.second)))
        for one in (*comparison.knobs, *comparison.versions)
    ]
    if comparison.data:
        rows.append(("files learned from", comparison.data, ""))
    return rows or [("nothing that could change the result", "", "")]


def _shown(row: Row, name: str) -> str:
    value = getattr(row, name)
    if value is None or value == "":
        return "-"
    if name == "step":
        return output.steps(row.step, row.steps)
    if name == "seconds":
        return output.duration(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}" if isinstance(value, float) else value


def plot(places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:
    """Draws the losses of runs into one picture."""
    from understudy.nodes.learning.loss_graph import Curve, draw_loss_graphs
    from understudy.runtime.durable import replacing
    from understudy.runtime.runs.folder import RunFolder
    from understudy.runtime.runs.summary import read_summary

    path = Path(asked["plot"])
    if path.suffix.lower() != ".png":
        raise click.BadParameter(f'"{path}" is no .png: the picture is a PNG', param_hint="--plot")
    rows = _with_losses(places)
    lone = len(rows) == 1
    curves = [
        Curve("" if lone else row.name, read_summary(RunFolder(row.run).summary), row.best_step)
        for row in rows
    ]
    title = rows[0].name if lone else f"{len(rows)} runs"
    with replacing(path) as partial:
        draw_loss_graphs(curves, partial, title, linear=asked["linear"])
    _tell(as_json=as_json, event="wrote", path=str(path), text=f"{path}  losses of {title}")


def tensorboard(places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:
    """Writes event files for TensorBoard."""
    from understudy.runtime.runs.tensorboard import write_events

    for row in _with_losses(places):
        path = write_events(Path(row.run), Path(asked["tensorboard"]))
        _tell(as_json=as_json, event="wrote", path=str(path), text=f"{path}  losses of {row.name}")


def _with_losses(places: Sequence[Path]) -> list[Row]:
    """The runs that have losses to show.

    Raises:
        click.UsageError: None has.
    """
    from understudy.runtime.runs.table import rows

    found = rows(places)
    for row in found:
        if row.state == "damaged":
            click.echo(f"{row.run} is left out: {row.reason}", err=True)
    kept = [row for row in found if row.loss is not None]
    if not kept:
        raise click.UsageError(f"no run in {', '.join(map(str, places))} has losses yet")
    return kept


def rename(places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:
    """Gives a run another name."""
    from understudy.runtime.runs.moving import rename_run

    if len(places) != 1:
        raise click.UsageError(f"--rename takes one run folder; {len(places)} given")
    new = rename_run(places[0], asked["rename"])
    _tell(
        as_json=as_json, event="renamed", run=str(places[0]), to=str(new), text=f"{places[0]} is {new} now."
    )


def _mover(name: str, event: str, said: str) -> Action:
    """An action that moves each run by the function of that name in `moving`."""

    def action(places: Sequence[Path], asked: Mapping[str, Any], *, as_json: bool) -> None:  # noqa: ARG001 - the signature of actions
        from understudy.runtime.runs import moving

        move: Callable[[Path], Path] = getattr(moving, name)
        for place in places:
            new = move(place)
            text = said.format(old=place, new=new)
            _tell(as_json=as_json, event=event, run=str(place), to=str(new), text=text)

    return action


def _tell(*, as_json: bool, text: str, **record: str) -> None:
    if as_json:
        output.print_json(**record)
    else:
        click.echo(text)


ACTIONS: dict[str, Action] = {
    "compare": compare,
    "plot": plot,
    "rename": rename,
    "trash": _mover("trash_run", "trashed", "{old} is in the trash: understudy runs {new} --restore"),
    "restore": _mover("restore_run", "restored", "{new} is back."),
    "tensorboard": tensorboard,
}
