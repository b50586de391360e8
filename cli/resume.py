"""`understudy resume`: goes on with a run, as it was or changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.graph.document import Graph
    from understudy.graph.registry import Registry
    from understudy.runtime.runs.manifest import Manifest

EPILOG = """
Examples:
  understudy resume training/Training_260314_101500
  understudy resume training/Training_260314_101500 --set epochs=800
  understudy resume training/Training_260314_101500 --set learning_rate=0.0005

Exit status: as that of `understudy run`.
"""


@click.command(
    "resume",
    cls=options.Command,
    epilog=EPILOG,
    short_help="Go on with a run, as it was, longer or changed.",
)
@click.argument("run_folder", metavar="RUN")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KNOB=VALUE",
    callback=options.pairs,
    help="Give a knob of the run's node another value. Can be repeated.",
)
@options.machine_arguments
@options.json_option
def command(*, run_folder: str, changes: Sequence[tuple[str, str]], as_json: bool, **asked: Any) -> int:
    """Goes on with the run in the folder RUN, by the copy of the graph that lies there.

    Without changes an unfinished run goes on where it stopped, and a finished one is left as it is. With
    changes a new run begins with the state of this one, names it as its parent, and leaves it alone.
    """
    from understudy.cli.run import run
    from understudy.nodes.registry import registry
    from understudy.runtime.context import Settings
    from understudy.runtime.runs.folder import open_run

    with output.errors_as_json(wanted=as_json):
        found, types = open_run(run_folder), registry()
        folder, manifest = found.folder, found.manifest
        graph = original_graph(folder.graph, manifest)
        changed = [(f"{manifest.node}.{knob}", value) for knob, value in changes]
        options.change(graph, changed, types)
        parent = folder.path if begins_anew(graph, types, manifest.node) else None
        return run(graph, types, Settings(**asked, parent=parent), to=[manifest.node], as_json=as_json)


def original_graph(copy: Path, manifest: Manifest) -> Graph:
    """The graph in a run's copy, at the place that it came from, where its relative paths begin.

    Raises:
        GraphError: The copy can't be read, or that place is gone.
    """
    from understudy.graph.document import Graph
    from understudy.graph.errors import Fault, GraphError

    graph = Graph.load(copy)
    graph.path = Path(manifest.graph)
    if not graph.folder.is_dir():
        what = f"the folder {graph.folder}, which the run's graph came from, is gone"
        hint = "Put the folder back, or run the graph from where it is now."
        raise GraphError([Fault(what=what, file=str(copy), suggestion=hint)])
    return graph


def begins_anew(graph: Graph, types: Registry, node: str) -> bool:
    """Whether a change is more than another length, which the same run can be brought to."""
    cls = types.find(graph.entries[node].type) if node in graph.entries else None
    knobs = cls.knobs if cls is not None else {}
    return any(
        knob in knobs and knobs[knob].result and not knobs[knob].length
        for name, knob in graph.changed
        if name == node
    )
