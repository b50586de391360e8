"""Finding everything that is wrong with a graph before anything runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from understudy.graph.document import Source
from understudy.graph.errors import GraphError, nearest
from understudy.graph.knobs import KnobError
from understudy.graph.lines import LineFinder
from understudy.graph.report import Report
from understudy.graph.wiring import Wire, Wiring, ordered, parents

if TYPE_CHECKING:
    from understudy.graph.document import Entry, Graph
    from understudy.graph.errors import Fault
    from understudy.graph.node import Node
    from understudy.graph.ports import Outline
    from understudy.graph.registry import Registry


MOST_COMPARISONS = 100_000
"""Names are compared about so often to suggest others; it takes one or two seconds."""


def check(graph: Graph, registry: Registry) -> list[Fault]:
    """Every fault of a graph; an empty list says that it can run."""
    return _Checker(graph, registry).faults


def wiring(graph: Graph, registry: Registry) -> Wiring:
    """The graph made ready to run.

    Raises:
        GraphError: It has faults; the error carries all of them.
    """
    checker = _Checker(graph, registry)
    if checker.faults:
        raise GraphError(checker.faults)
    return Wiring(graph, checker.nodes, checker.wires, checker.outlines)


class _Checker:
    """Goes through a graph once: types, knobs, wires, order, and then each node's own look."""

    def __init__(self, graph: Graph, registry: Registry) -> None:
        self.graph, self.registry = graph, registry
        self.report = Report(graph.file, LineFinder(graph.text, graph.changed))
        self.nodes: dict[str, Node] = {}
        self.wires: dict[str, dict[str, list[Wire]]] = {}
        self.cut: set[str] = set()  # nodes of which a wire leads nowhere: that is told once
        self.outlines: dict[str, dict[str, Outline]] = {}
        self.close: dict[str, str | None] = {}
        made = {name: self._node(name, entry) for name, entry in graph.entries.items()}
        self.made = {name: node for name, node in made.items() if node is not None}
        for name, entry in graph.entries.items():
            self.wires[name] = self._wires(name, entry)
        if not graph.entries:
            self.report.fault("the graph has no nodes", expected="[nodes.NAME] with a type")
        self._outline_all()

    @property
    def faults(self) -> list[Fault]:
        return sorted(self.report.faults, key=lambda fault: fault.line or 0)

    def _node(self, name: str, entry: Entry) -> Node | None:
        self.report.node = name
        cls = self.registry.find(entry.type)
        values = self._values(cls, entry)
        return cls(name, values, folder=self.graph.folder) if cls is not None else None

    def _values(self, cls: type[Node] | None, entry: Entry) -> dict[str, Any]:
        if cls is None:
            close = self.registry.nearest(entry.type)
            hint = f'Did you mean "{close}"?' if close else "`understudy nodes` lists the types."
            self.report.fault("unknown node type", knob="type", found=f'"{entry.type}"', suggestion=hint)
            return {}
        values = {}
        for knob, raw in entry.knobs.items():
            if knob not in cls.knobs:
                self._unknown_knob(cls, knob)
                continue
            try:
                values[knob] = cls.knobs[knob].accept(
                    self.graph.substituted(raw, partial(self._missing_variable, knob))
                )
            except KnobError as error:
                self.report.fault(
                    "this knob does not take that value",
                    knob=knob,
                    found=error.found,
                    expected=error.expected,
                    suggestion=error.suggestion,
                )
        return values

    def _unknown_knob(self, cls: type[Node], knob: str) -> None:
        close = nearest(knob, cls.knobs)
        hint = f'Did you mean "{close}"?' if close else f"`understudy nodes {cls.type_name}` lists its knobs."
        if knob in cls.inputs:
            hint = f'It is an input: write inputs = {{ {knob} = "NODE" }}.'
        self.report.fault(f"{cls.type_name} has no such knob", knob=knob, suggestion=hint)

    def _missing_variable(self, knob: str, name: str) -> None:
        close = nearest(name, self.graph.variables)
        hint = f'Did you mean "{close}"?' if close else "Add it to [vars] or give it with --var."
        self.report.fault(f"there is no variable {name}", knob=knob, suggestion=hint)

    def _wires(self, name: str, entry: Entry) -> dict[str, list[Wire]]:
        self.report.node = name
        node = self.made.get(name)
        if node is None:
            found = {port: [self._wire(one) for one in sources] for port, sources in entry.inputs.items()}
            return {port: [one for one in wires if one] for port, wires in found.items()}
        for port in entry.inputs:
            if port not in node.inputs:
                self._unknown_port(node, port)
        result = {}
        for port, declared in node.inputs.items():
            sources = [self._source(source) for source in entry.inputs.get(port, [])]
            if not sources and not declared.optional:
                expected = "a source of " + declared.kinds.replace(" ", " or ")
                self.report.fault(f"input {port} is not connected", knob="inputs", expected=expected)
            if len(sources) > 1 and not declared.many:
                self.report.fault(f"input {port} takes one source", knob="inputs", found=str(len(sources)))
            wires = [wire for wire in map(self._wire, sources) if wire is not None]
            if len(wires) < len(sources):
                self.cut.add(name)
            if wires:
                result[port] = wires
        return result

    def _source(self, source: Source) -> Source:
        text = str(source)
        return (
            Source.parse(self.graph.substituted(text, partial(self._missing_variable, "inputs")))
            if "${" in text
            else source
        )

    def _unknown_port(self, node: Node, port: str) -> None:
        close = nearest(port, node.inputs)
        known = ", ".join(node.inputs) or "none"
        hint = f'Did you mean "{close}"?' if close else f"{node.type_name} has the inputs: {known}."
        if port in node.knobs:
            hint = f"It is a knob: write it as a line of its own, {port} = ..."
        self.report.fault(f"{node.type_name} has no input {port}", knob="inputs", suggestion=hint)

    def _wire(self, source: Source) -> Wire | None:
        if source.node not in self.graph.entries:
            close = self._nearest_node(source.node)
            hint = f'Did you mean "{close}"?' if close else None
            self.report.fault(
                "there is no node of this name", knob="inputs", found=f'"{source}"', suggestion=hint
            )
            return None
        parent = self.made.get(source.node)
        if parent is None:
            return Wire(source.node, source.port or "")
        if not parent.outputs:
            self.report.fault(f'"{source.node}" gives nothing that could be connected', knob="inputs")
            return None
        port = source.port or next(iter(parent.outputs))
        if port not in parent.outputs:
            close = nearest(port, parent.outputs)
            hint = (
                f'Did you mean "{source.node}.{close}"?' if close else f"It has: {', '.join(parent.outputs)}."
            )
            self.report.fault(
                f'"{source.node}" has no such output', knob="inputs", found=f'"{source}"', suggestion=hint
            )
            return None
        return Wire(source.node, port)

    def _nearest_node(self, name: str) -> str | None:
        """The node that was most likely meant, as long as that stays quick in a graph full of faults."""
        if name not in self.close:
            quick = (len(self.close) + 1) * len(self.graph.entries) < MOST_COMPARISONS
            self.close[name] = nearest(name, self.graph.entries) if quick or not self.close else None
        return self.close[name]

    def _outline_all(self) -> None:
        order, circles = ordered({name: parents(wires) for name, wires in self.wires.items()})
        for circle in circles:
            self.report.node = circle[0]
            self.report.fault(
                "the wires run in a circle",
                knob="inputs",
                found=_circle_text(circle),
                suggestion="Cut one of them.",
            )
        for name in dict.fromkeys((*order, *self.graph.entries)):
            if name in self.made:
                self.nodes[name] = self.made[name]
                self.report.node = name
                self.outlines[name] = self._outline(self.made[name])

    def _outline(self, node: Node) -> dict[str, Outline]:
        inputs: dict[str, list[Outline]] = {}
        complete = True
        for port, wires in self.wires[node.name].items():
            known = [self._carried(wire) for wire in wires]
            inputs[port] = [outline for outline in known if outline is not None]
            complete &= len(inputs[port]) == len(known)
            for wire, outline in zip(wires, known, strict=True):
                if outline is None:
                    self._absent(wire)
                elif not node.inputs[port].takes(outline.kind):
                    complete = False
                    self._unlike(node, port, wire, outline)
        missing = any(not port.optional and name not in inputs for name, port in node.inputs.items())
        if missing or not complete or node.name in self.cut:
            return {}
        try:
            return node.outline(inputs, self.report)
        except OSError as error:  # a name too long, a folder that may not be read
            self.report.fault("its files can't be looked at", found=str(error))
            return {}

    def _carried(self, wire: Wire) -> Outline | None:
        return self.outlines.get(wire.node, {}).get(wire.port)

    def _absent(self, wire: Wire) -> None:
        """A fault where what a node reads does not have that output: a table has no frames."""
        there = self.outlines.get(wire.node)
        if there:
            shown = " or ".join(f'"{wire.node}.{port}"' for port in there)
            self.report.fault(
                f'"{wire.node}" has no {wire.port}', knob="inputs", suggestion=f"It has {shown}."
            )

    def _unlike(self, node: Node, port: str, wire: Wire, outline: Outline) -> None:
        self.report.fault(
            f"input {port} takes another kind of wire",
            knob="inputs",
            found=f'{outline.kind} from "{wire.node}.{wire.port}"',
            expected=node.inputs[port].kinds.replace(" ", " or "),
        )


def _circle_text(circle: list[str]) -> str:
    path = [circle[0], *reversed(circle)]
    shown = path if len(path) <= 9 else [*path[:4], "...", *path[-4:]]
    return " -> ".join(shown)
