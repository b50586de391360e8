"""What a run would do: each node's key, whether a kept result serves, and why it has to run otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from understudy.graph import fingerprint
from understudy.graph.errors import Fault, GraphError, MediaError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from understudy.graph.fingerprint import Parts
    from understudy.graph.node import Node
    from understudy.graph.wiring import Wiring
    from understudy.runtime.context import Settings
    from understudy.runtime.store import Store


class State(StrEnum):
    """What a run does with a node."""

    UP_TO_DATE = "up to date"
    RUN = "will run"
    RESUME = "will resume"
    ON_DEMAND = "on demand"
    NOT_NEEDED = "not needed"


@dataclass(slots=True)
class Step:
    """One node of a plan.

    Attributes:
        node: The node's name.
        key: What identifies its result.
        lineage: The same without knobs that only say how long to go on.
        parts: What the key was made of.
        state: What a run does with it.
        why: The reason, in words.
        value: The kept outputs of a node that is up to date.
        notes: What the node takes for what, in sentences.
    """

    node: str
    key: str
    lineage: str
    parts: Parts
    state: State = State.NOT_NEEDED
    why: str = "nothing that runs needs it"
    value: Any = None
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether its compute is called."""
        return self.state in (State.RUN, State.RESUME, State.ON_DEMAND)


def plan(wiring: Wiring, store: Store, settings: Settings, targets: Sequence[str] = ()) -> dict[str, Step]:
    """A step for every node that the targets need, parents first.

    Args:
        wiring: The checked graph.
        store: Kept results.
        settings: What was asked for.
        targets: The nodes whose results are wanted; empty means every node that nothing else takes from.

    Raises:
        GraphError: A target is no node of the graph.
    """
    wanted = set(_known(wiring, targets) or wiring.ends())
    steps = _identified(wiring, store, settings, wanted)
    for name in reversed(steps):
        if name in wanted:
            _decide(steps[name], wiring.nodes[name], store, settings)
            if steps[name].runs:
                wanted.update(wiring.parents(name))
    return steps


def _known(wiring: Wiring, targets: Sequence[str]) -> list[str]:
    faults = []
    for name in targets:
        if name not in wiring.nodes:
            close = nearest(name, wiring.nodes)
            hint = f'Did you mean "{close}"?' if close else None
            faults.append(Fault(what="there is no node of this name", found=f'"{name}"', suggestion=hint))
    if faults:
        raise GraphError(faults)
    return list(targets)


def _identified(wiring: Wiring, store: Store, settings: Settings, targets: set[str]) -> dict[str, Step]:
    needed = set(targets)
    for name in reversed(wiring.nodes):
        if name in needed:
            needed.update(wiring.parents(name))
    steps: dict[str, Step] = {}
    for name, node in wiring.nodes.items():
        if name in needed:
            steps[name] = _identify(node, wiring, store, settings, steps)
    return steps


def _identify(node: Node, wiring: Wiring, store: Store, settings: Settings, steps: dict[str, Step]) -> Step:
    wires = wiring.wires[node.name]
    inputs = {port: [f"{steps[one.node].key}.{one.port}" for one in ones] for port, ones in wires.items()}
    contents = contents_of(node, store)
    parts = fingerprint.parts(node, inputs, contents)
    if node.framewise and settings.frames is not None:
        parts["frames"] = list(settings.frames)
    key = fingerprint.key(parts)
    lineage = key
    if any(knob.length for knob in node.knobs.values()):
        lineage = fingerprint.key(fingerprint.parts(node, inputs, contents, length=False))
    notes = tuple(note for outline in wiring.outlines[node.name].values() for note in outline.notes)
    return Step(node.name, key, lineage, parts, notes=tuple(dict.fromkeys(notes)))


def contents_of(node: Node, store: Store) -> dict[str, str]:
    """The digest of every file whose content is part of a node's result, by its name."""
    return {_shown(path, node.folder): _digest(path, store) for path in node.contents()}


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _digest(path: Path, store: Store) -> str:
    try:
        return store.digest(path)
    except MediaError as error:  # the node itself says what that means when it runs
        return f"unreadable: {error}"


def _decide(step: Step, node: Node, store: Store, settings: Settings) -> None:
    if not node.keeps:
        step.state, step.why = State.ON_DEMAND, "made again whenever something needs it"
        return
    kept = None if settings.fresh else store.kept(step.key)
    if kept is not None and kept.damage is None:
        step.state, step.why, step.value = State.UP_TO_DATE, "its kept result was verified", kept.value
        return
    standing = None if settings.fresh else node.standing(step.key, step.lineage)
    if standing is not None:
        step.state, step.why = State.RESUME, standing
    else:
        step.state, step.why = State.RUN, _reason(step, kept.damage if kept else None, store, settings)


def _reason(step: Step, damage: str | None, store: Store, settings: Settings) -> str:
    if settings.fresh:
        return "--fresh was asked for"
    if damage is not None:
        return damage
    before = store.latest_parts(step.node)
    if before is None:
        return "it has not run before"
    return fingerprint.difference(before, step.parts) or "its result was not kept"
