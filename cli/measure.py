"""`understudy measure`: what quicker settings of an Inference cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output
from understudy.graph.document import Source
from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from understudy.graph.document import Graph
    from understudy.nodes.learning.quality_dial import Measured
    from understudy.runtime.context import Settings

EPILOG = """
Examples:
  understudy measure roto.toml
  understudy measure roto.toml --to matte --truth painted --count 8
  understudy measure head.toml --truth rig.shapes --json

The first line is the best there is; the others say how far they are from it, and from the
truth where that is given. Set what you choose as knobs of the Inference: precision, backend,
tile, overlap, principal_shapes.
"""

HEADING = ("setting", "ms each", "largest difference", "rms difference", "rms from the truth")
TILE = 512
"""Width and height, in pixels, of the tiles whose overlap is varied."""


@click.command(
    "measure", cls=options.Command, epilog=EPILOG, short_help="Say what quicker settings cost in error."
)
@options.graph_arguments
@click.option("--to", metavar="NODE", help="The Inference to measure; needed where there are several.")
@click.option("--truth", metavar="NODE[.PORT]", help="What gives the truth for some of the frames or poses.")
@click.option(
    "--count", default=5, type=click.IntRange(min=1), help="Frames, or poses, to look at; spread evenly."
)
@options.machine_arguments
@options.json_option
def command(
    *,
    given: options.Given,
    to: str | None,
    truth: str | None,
    count: int,
    as_json: bool,
    **asked: Any,
) -> None:
    """Measures settings of an Inference in GRAPH: precision, back end, overlap, principal shapes.

    Each is applied to the same few frames or poses. What the Inference needs is run first where it is not up
    to date. Nothing of the graph is changed.
    """
    from understudy.nodes.registry import registry
    from understudy.runtime.context import Settings

    with output.errors_as_json(wanted=as_json):
        types = registry()
        document = given.load(types)
        name = options.chosen(document, "Inference", to)
        rows = _measured(document, types, name, truth, count, Settings(**asked))
        if as_json:
            for row in rows:
                output.print_json(node=name, **row.plain())
            return
        click.echo(output.columns([_cells(row) for row in rows], HEADING))


def _measured(
    graph: Graph, types: Any, name: str, truth: str | None, count: int, settings: Settings
) -> Iterator[Measured]:
    from understudy.nodes.learning.quality_dial import measured_frames, measured_poses
    from understudy.runtime.devices import usual_threads
    from understudy.runtime.runs.container import read_container

    source, path, true = _values(graph, types, name, truth, settings)
    if path.endswith(".cat"):
        container = read_container(path, "cat")
        if container.header.get("subject") == "meshes":
            from understudy.nodes.learning.meshes.model import MeshModel

            deformer = MeshModel.from_container(container, path).deformer
            return measured_poses(deformer, source, _spread(range(len(source)), count), true)
    from understudy.nodes.learning.images.model_files import read_image_model

    threads = settings.threads or usual_threads()
    model, _ = read_image_model(path, threads)
    numbers = _spread(source.numbers, count)
    return measured_frames(model, source, numbers, true, threads=threads, tile=TILE)


def _values(
    graph: Graph, types: Any, name: str, truth: str | None, settings: Settings
) -> tuple[Any, str, Any | None]:
    """What the Inference takes, the path of its model, and the truth."""
    from understudy.cli.progress import people
    from understudy.runtime import running

    inputs = graph.entries[name].inputs
    wanted = [inputs["input"][0], inputs["model"][0]] + ([Source.parse(truth)] if truth else [])
    if truth and wanted[2].node not in graph.entries:
        raise click.BadParameter(f'there is no node "{wanted[2].node}"', param_hint="--truth")
    with people() as shown:
        outcome = running.run(
            graph, types, to=[source.node for source in wanted], settings=settings, sink=shown
        )
    if outcome.status:
        raise UnderstudyError("; ".join(outcome.failed.values()) or "Stopped; run the same command again.")
    found = []
    for source in wanted:
        outputs = outcome.values[source.node]
        if source.port is not None and source.port not in outputs:
            known = ", ".join(outputs)
            raise click.BadParameter(f"{source.node} gives {known}, no {source.port}", param_hint="--truth")
        found.append(outputs[source.port] if source.port else next(iter(outputs.values())))
    return found[0], found[1]["path"], found[2] if truth else None


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """So many of the numbers, spread evenly, the first and the last among them."""
    steps = max(1, min(count, len(numbers)) - 1)
    places = {round(place * (len(numbers) - 1) / steps) for place in range(min(count, len(numbers)))}
    return [numbers[place] for place in sorted(places)]


def _cells(row: Measured) -> tuple[str, ...]:
    error = "" if row.error is None else f"{row.error:.5f}"
    return (row.setting, f"{row.milliseconds:.1f}", f"{row.largest:.2g}", f"{row.rms:.2g}", error)
