"""`understudy run`: runs a graph, or what some of its nodes need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.runtime import events
    from understudy.runtime.context import Settings
    from understudy.runtime.scheduler import Outcome


EPILOG = """
Examples:
  understudy run roto.toml
  understudy run roto.toml --var shot=sh020 --set learn.epochs=800
  understudy run roto.toml --to matte --frames 1001-1100 --device cuda:0

Exit status: 0 done; 1 a node failed; 2 the graph or the call is wrong;
130 stopped by a signal with everything saved.
"""


@click.command(
    "run", cls=options.Command, epilog=EPILOG, short_help="Run a graph; what is up to date is skipped."
)
@options.graph_arguments
@options.target_arguments
@options.machine_arguments
@options.json_option
def command(
    *,
    given: options.Given,
    to: Sequence[str],
    as_json: bool,
    **asked: Any,
) -> int:
    """Runs a graph: every node that nothing else takes from, and all that these need.

    What is up to date is skipped. Killed or stopped, the same command goes on where it was.
    """
    from understudy.nodes.registry import registry
    from understudy.runtime.context import Settings

    with output.errors_as_json(wanted=as_json):
        types = registry()
        document = given.load(types)
        return run(document, types, Settings(**asked), to=to, as_json=as_json)


def run(graph: Any, types: Any, settings: Settings, *, to: Sequence[str] = (), as_json: bool = False) -> int:
    """Runs a graph with progress for people, and JSON lines where wanted; gives the exit status.

    Raises:
        GraphError: The graph has faults; nothing ran.
        click.BadParameter: There is no such device.
    """
    from understudy.cli.progress import people, written
    from understudy.runtime import running

    _refuse_missing_device(settings.device)
    lines = Lines()
    with people() as shown:

        def both(event: events.Event) -> None:
            shown(event)
            lines.print(**event.as_dict())

        sink = both if as_json else shown
        outcome = running.run(graph, types, to=to, settings=settings, sink=sink)
    if as_json:
        lines.print(event="end", **_end(outcome))
    for line in (*written(shown.wrote), _summary(outcome)):
        click.echo(line, err=as_json)
    return outcome.status


class Lines:
    """JSON lines on standard output, from any thread; a reader that went away does not end the run."""

    def __init__(self) -> None:
        self._lock, self._open = threading.Lock(), True

    def print(self, **record: Any) -> None:
        """One JSON object on a line."""
        with self._lock:
            if self._open:
                try:
                    output.print_json(**record)
                except BrokenPipeError:
                    self._open = False


def _refuse_missing_device(device: str) -> None:
    """Says before anything runs that a GPU is missing; torch is imported only where one was asked for."""
    from understudy.graph.errors import UnderstudyError
    from understudy.runtime.devices import resolve

    if device in ("auto", "cpu"):
        return
    try:
        resolve(device)
    except UnderstudyError as error:
        raise click.BadParameter(str(error), param_hint="--device") from None


def _end(outcome: Outcome) -> dict[str, Any]:
    return {
        "status": outcome.status,
        "ran": outcome.ran,
        "up_to_date": outcome.up_to_date,
        "failed": outcome.failed,
        "skipped": outcome.skipped,
        "stopped": outcome.stopped,
    }


def _summary(outcome: Outcome) -> str:
    counts = {
        "ran": len(outcome.ran),
        "up to date": len(outcome.up_to_date),
        "failed": len(outcome.failed),
        "skipped because of that": len(outcome.skipped),
    }
    text = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing to do"
    if outcome.stopped:
        return f"Stopped ({text}). Run the same command again to go on."
    return f"{'Failed' if outcome.failed else 'Done'}: {text}."
