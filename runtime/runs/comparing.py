"""What differs between two runs, and what it did to the result."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.document import Graph
from understudy.graph.errors import GraphError
from understudy.runtime.runs.folder import RunFolder, open_run
from understudy.runtime.runs.table import Row, row_of

if TYPE_CHECKING:
    from understudy.graph.registry import Registry
    from understudy.runtime.runs.manifest import Manifest

UNSET = "unset"
"""What stands for a knob whose default nobody knows, and for a node that only the other graph has."""

MEASURED_ON = (".hold_out", ".inputs.validation", ".inputs.groundtruth")
"""Knobs and wires on which it depends what is held out."""

ALIKE = 0.01
"""Losses that differ by less than this share of the first are told as equal."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two runs don't share.

    Attributes:
        where: `node.knob`, `node.type`, `node.inputs.port`, or the name of a program.
        first: Its value in the first run.
        second: Its value in the second run.
    """

    where: str
    first: Any
    second: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs held side by side.

    Attributes:
        first: The facts of the one.
        second: The facts of the other.
        knobs: Knobs, node types and wires that could change the result and differ.
        data: In words, how many files that were learned from differ; empty where none does.
        versions: Programs and machines that differ.
        notes: Why something could not be compared.
        conclusion: What the differences did to the result, in a sentence.
    """

    first: Row
    second: Row
    knobs: list[Difference]
    data: str
    versions: list[Difference]
    notes: list[str]
    conclusion: str

    def as_dict(self) -> dict[str, Any]:
        """The fields, as plain data."""
        return asdict(self)


def compare(first: Path | str, second: Path | str, registry: Registry) -> Comparison:
    """Compares two runs by the copies of the graphs that lie in their folders, and by what came out.

    Args:
        first: A run folder.
        second: Another.
        registry: Knows the defaults of knobs, and which knobs change no result; those are left out.

    Raises:
        FormatError: One is no run folder.
    """
    paths = Path(first), Path(second)
    manifests = [open_run(path).manifest for path in paths]
    one, two = (row_of(path, manifest) for path, manifest in zip(paths, manifests, strict=True))
    notes: list[str] = []
    settings = []
    for path, manifest in zip(paths, manifests, strict=True):
        try:
            settings.append(_settings(Graph.load(RunFolder(path).graph), manifest.node, registry))
        except GraphError as error:
            notes.append(f"The knobs can't be compared: {error}")
    knobs = _differences(*settings) if len(settings) == 2 else []
    data = _data(*manifests)
    if data or any(knob.where.endswith(MEASURED_ON) for knob in knobs):
        notes.append("What was held out may differ, and then so does what their held-out losses mean.")
    return Comparison(
        one,
        two,
        knobs,
        data,
        _differences(*(manifest.versions for manifest in manifests)),
        notes,
        conclusion(one, two, comparable=not any(".inputs.loss" in knob.where for knob in knobs)),
    )


def _settings(graph: Graph, target: str, registry: Registry) -> dict[str, Any]:
    """All that a node's result depends on in a graph, by `node.knob`."""
    found: dict[str, Any] = {}
    waiting, seen = [target], set()
    while waiting:
        name = waiting.pop(0)
        if name in seen or name not in graph.entries:
            continue
        seen.add(name)
        entry = graph.entries[name]
        cls = registry.find(entry.type)
        found[f"{name}.type"] = entry.type
        for port, sources in entry.inputs.items():
            found[f"{name}.inputs.{port}"] = ", ".join(map(str, sources))
            waiting += [source.node for source in sources]
        declared = cls.knobs if cls is not None else {}
        values = {knob: one.default for knob, one in declared.items()} | entry.knobs
        for knob, value in values.items():
            if knob not in declared or declared[knob].result:
                found[f"{name}.{knob}"] = _plain(graph.substituted(value, lambda _: None))
    return found


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _differences(first: dict[str, Any], second: dict[str, Any]) -> list[Difference]:
    pairs = [(name, first.get(name, UNSET), second.get(name, UNSET)) for name in {**first, **second}]
    return [Difference(name, one, two) for name, one, two in pairs if one != two]


def _data(first: Manifest, second: Manifest) -> str:
    """How the files differ that were learned from."""
    one, two = first.data, second.data
    counts = {
        "only the first has": len(one.keys() - two.keys()),
        "only the second has": len(two.keys() - one.keys()),
        "changed between them": sum(one[name] != two[name] for name in one.keys() & two.keys()),
    }
    return ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)


def conclusion(first: Row, second: Row, *, comparable: bool = True) -> str:
    """What came of the differences, in a sentence.

    Args:
        first: The run that is the measure.
        second: The run that is told.
        comparable: Whether both were trained against the same loss.
    """
    if not comparable:
        return "They were trained against different losses, so the numbers can't be held against each other."
    kind, one, two = "best held-out loss", first.best, second.best
    if one is None or two is None:
        kind, one, two = "training loss", first.loss, second.loss
    if one is None or two is None:
        return "One of them has no losses yet."
    return f"{second.name} {_outcome(kind, one, two)}{_time(first, second)}."


def _outcome(kind: str, one: float, two: float) -> str:
    if abs(two - one) <= ALIKE * abs(one):
        return f"has the same {kind}, {two:.4g}"
    word = "lower" if two < one else "higher"
    share = f" ({abs(two / one - 1):.0%} {word})" if one else f" ({word})"
    return f"has the {kind} {two:.4g} instead of {one:.4g}{share}"


def _time(first: Row, second: Row) -> str:
    if not first.seconds or not second.seconds:
        return ""
    ratio = second.seconds / first.seconds
    return ", in the same time" if 0.9 < ratio < 1.1 else f", in {ratio:.2g} times the time"
