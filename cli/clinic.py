"""`understudy clinic`: what is wrong with the data; sorts, groups, and lists what to leave out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from understudy.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.graph.document import Graph
    from understudy.runtime import events
    from understudy.runtime.scheduler import Outcome


EPILOG = """
Examples:
  understudy clinic roto.toml                          the pairs of the graph's Trainer
  understudy clinic roto.toml --drop "blurred or misaligned"
  understudy clinic footage/plate.####.exr --by sharpness
  understudy clinic plates/p.####.jpg --truth mattes/p.####.png
  understudy clinic photos --by similarity --links --drop duplicate

A rule names measures (sharpness, noise, brightness, contrast, white, black, bad,
motion, frame) and findings (blurred, duplicate, misaligned, empty_matte ...).

Exit status: 0 done, whatever was found; 1 something failed; 2 the graph, the rule or
the call is wrong; 130 stopped: the same command goes on where it was.
"""

_NODE = "clinic"


@click.command(
    "clinic", cls=options.Command, epilog=EPILOG, short_help="Find bad examples; sort, group and list them."
)
@options.graph_arguments
@click.option("--truth", metavar="PATH", help="The ground truth of a PATH of frames, paired by number.")
@click.option("--by", metavar="ORDER", help="Sort by time, sharpness, noise, brightness, motion, similarity, "
              "dissimilarity, hash, or FILE.cat:COLUMN: what a model finds in the frames.")  # fmt: skip
@click.option("--drop", metavar="RULE", help="List the frames of which a rule is true, to be left out.")
@click.option("--quarantine", metavar="FILE", help="That list; quarantine.txt beside the graph without it.")
@click.option("--near", metavar="NUMBER", type=click.FloatRange(0, 1),
              help="How much frames that count as duplicates may differ; 0.0145 without it.")  # fmt: skip
@click.option("--links", is_flag=True, help="Make a folder of links to the files, named in order.")
@click.option("--out", metavar="FOLDER", help="Where tables and pictures go; clinic/ without it.")
@options.json_option
def command(
    *,
    given: options.Given,
    truth: str | None,
    as_json: bool,
    **asked: Any,
) -> int:
    """Finds what is wrong with the frames, pairs, poses or rows that a graph learns from, or of a PATH.

    GRAPH is a graph file; or a sequence such as plate.####.exr, a movie, a table, posed meshes, or a folder
    of pictures. Nothing is changed or deleted: --drop writes a list of frames that a DataSource leaves out
    (its knob exclude), and that you may edit.
    """
    from understudy.nodes.registry import registry

    with output.errors_as_json(wanted=as_json):
        knobs = _knobs(asked)
        if given.path.lower().endswith(".toml"):
            document = given.load(registry())
            nodes = _added(document, knobs)
        else:
            document, nodes = _of_path(given.path, truth, knobs)
        _sort_by_model(document, nodes)
        return _run(document, nodes, as_json=as_json)


def _knobs(asked: dict[str, Any]) -> dict[str, Any]:
    """The knobs of the Clinic that were asked for; paths count from where the command was called."""
    knobs = {name: value for name, value in asked.items() if value}
    for option, knob in (("out", "path"), ("quarantine", "quarantine")):
        if option in knobs:
            knobs[knob] = str(Path(knobs.pop(option)).absolute())
    return knobs


def _added(document: Graph, knobs: dict[str, Any]) -> list[str]:
    """The graph's Clinics; where it has none, one is added for each Trainer, else for each DataSource."""
    there = [name for name, entry in document.entries.items() if entry.type == "Clinic"]
    for name in there:
        for knob, value in knobs.items():
            document.set(name, knob, value)
    if there:
        return there
    sources = [name for name, entry in document.entries.items() if entry.type == "DataSource"]
    wires = _trained_on(document) or {name: _outputs_of(document, name) for name in sources}
    if not wires:
        raise click.UsageError(
            "The graph has no Trainer, no Clinic and no DataSource: there is nothing to look at."
        )
    for name in sources:
        _let_gaps_be(document, name)
    added = []
    for name, inputs in wires.items():
        node = _NODE if len(wires) == 1 else f"{_NODE}_{name}"
        folder = {"path": "clinic" if len(wires) == 1 else f"clinic/{name}"}
        document.add("Clinic", node, inputs=inputs, **{**folder, **knobs})
        added.append(node)
    return added


def _let_gaps_be(document: Graph, name: str) -> None:
    """Missing values of a table are a finding here, and nothing to stop at, unless a knob says otherwise."""
    from understudy.nodes.data_source import DataSource

    knobs = document.entries[name].knobs
    medium = DataSource(name, knobs, folder=document.folder).medium
    if medium is not None and "missing" in medium.knobs and "missing" not in knobs:
        document.set(name, "missing", "mean")


def _sort_by_model(document: Graph, nodes: Sequence[str]) -> None:
    """Where a Clinic is to sort by FILE.cat:COLUMN, adds the nodes that apply that model to its frames."""
    from understudy.graph.document import Source

    for name in nodes:
        entry = document.entries[name]
        path, found, column = str(entry.knobs.get("by", "")).rpartition(".cat:")
        if found:
            model = document.add("Checkpoint", f"{name}_model", pick=str(Path(f"{path}.cat").absolute()))
            inputs = {"input": str(entry.inputs["input"][0]), "model": model}
            entry.inputs["columns"] = [Source(document.add("Inference", f"{name}_columns", inputs=inputs))]
            document.set(name, "by", column)


def _trained_on(document: Graph) -> dict[str, dict[str, str]]:
    """What each Trainer learns from, by the Clinic's ports."""
    found = {}
    for name, entry in document.entries.items():
        if entry.type == "Trainer" and entry.inputs.get("input"):
            truths = entry.inputs.get("groundtruth", [])
            found[name] = _ports(*(str(one[0]) for one in (entry.inputs["input"], truths) if one))
    return found


def _ports(source: str, truth: str = "") -> dict[str, str]:
    """Where a Clinic takes what is learned from; of poses their controls say enough."""
    if not truth or truth.endswith(".shapes"):
        return {"input": source}
    labels_of_frames = truth.endswith(".labels") and not source.endswith(".features")
    return {"input": source, "columns" if labels_of_frames else "groundtruth": truth}


def _outputs_of(document: Graph, name: str) -> dict[str, str]:
    """What a DataSource gives to look at, by the Clinic's ports."""
    from understudy.graph.report import Report
    from understudy.nodes.data_source import DataSource

    node = DataSource(name, document.entries[name].knobs, folder=document.folder)
    outputs = node.outline({}, Report(None, lambda *_: None, node=name))
    kind = next((one for one in ("frames", "features", "controls", "shapes") if one in outputs), "frames")
    truth = f"{name}.labels" if kind == "features" and "labels" in outputs else ""
    return _ports(f"{name}.{kind}", truth)


def _of_path(text: str, truth: str | None, knobs: dict[str, Any]) -> tuple[Graph, list[str]]:
    """A graph that reads a path, and its Clinic; it lies in the folder where the command was called."""
    from understudy.graph.document import Graph

    document = Graph()
    document.add("DataSource", "input", path=str(_sequence_in(Path(text))))
    _let_gaps_be(document, "input")
    inputs = _outputs_of(document, "input")
    if truth is not None:
        inputs["groundtruth"] = document.add("DataSource", "truth", path=str(_sequence_in(Path(truth))))
    document.add("Clinic", _NODE, inputs=inputs, **knobs)
    return document, [_NODE]


def _sequence_in(path: Path) -> Path:
    """What a folder of pictures holds: one sequence, else all files of its most frequent suffix."""
    from understudy.nodes.media.images.source import IMAGES, padded

    if not path.is_dir():
        return path
    names = [
        one.name for one in path.iterdir() if one.suffix.lower() in IMAGES and not one.name.startswith(".")
    ]
    if not names:
        return path
    patterns = Counter(padded(name) for name in names)
    (pattern, count), *others = patterns.most_common()
    if not others and count > 1:
        return path / pattern
    suffix = Counter(Path(name).suffix for name in names).most_common(1)[0][0]
    rest = sum(Path(name).suffix != suffix for name in names)
    if rest:
        click.echo(f"{path}: looks at the {len(names) - rest} {suffix} files, not at {rest} others", err=True)
    return path / f"*{suffix}"


def _run(document: Graph, nodes: list[str], *, as_json: bool) -> int:
    from understudy.cli.progress import people
    from understudy.cli.run import Lines
    from understudy.nodes.registry import registry
    from understudy.runtime import events, running

    lines = Lines()
    with people() as shown:

        def sink(event: events.Event) -> None:
            if not isinstance(event, events.Said):  # the summary says it all
                shown(event)
            if as_json:
                lines.print(**event.as_dict())

        outcome = running.run(document, registry(), to=nodes, sink=sink)
    _tell(outcome, nodes, as_json=as_json)
    return outcome.status


def _tell(outcome: Outcome, nodes: list[str], *, as_json: bool) -> None:
    """The summaries, and where the tables and pictures lie."""
    for name in nodes:
        if name not in outcome.values:
            continue
        table = outcome.values[name]["table"]
        if as_json:
            output.print_json(event="clinic", node=name, **table)
            continue
        if len(nodes) > 1:
            click.echo(f"{name}:")
        for line in table["summary"]:
            click.echo(line)
        folder = Path(table["path"]).parent
        click.echo(f"See {_shown(folder)}/: {', '.join(_worth_seeing(folder))}.")
    if outcome.stopped:
        click.echo("Stopped. Run the same command again to go on.", err=True)


def _worth_seeing(folder: Path) -> list[str]:
    names = [name for name in ("worst.png", "pairs", "order.png", "table.csv") if (folder / name).exists()]
    return [f"{name}/" if (folder / name).is_dir() else name for name in names]


def _shown(folder: Path) -> Path:
    here = Path.cwd()
    absolute = folder.absolute()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else folder
