"""The question which frames of a graph to paint next, or which poses to capture: from a Trainer to an answer.

Nothing is trained for it. The newest checkpoint of the Trainer says how sure it is of the frames that are not
painted; without one, looks and time alone decide. What is computed for the answer is computed by nodes that
are added to the graph in memory and never saved.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.checking import check, wiring
from understudy.graph.errors import GraphError, NodeError, UnderstudyError
from understudy.nodes.learning.suggesting import expected_error, frames_to_paint, shot_of
from understudy.runtime import events, running

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from understudy.graph.document import Graph, Source
    from understudy.graph.errors import Fault
    from understudy.graph.registry import Registry
    from understudy.nodes.learning.suggesting import Suggested
    from understudy.runtime.context import Settings

SHOWN = 5
"""Suggestions on the contact sheet at most."""


@dataclass
class Asking:
    """One question.

    Attributes:
        graph: The document; nodes are added to it.
        types: Of nodes.
        trainer: The Trainer's name.
        settings: As for a run.
        sink: Takes events.
        notes: Sentences for people beside the answer: whose model was asked, and what it could not say.
    """

    graph: Graph
    types: Registry
    trainer: str
    settings: Settings
    sink: events.Sink = events.nobody
    notes: list[str] = field(default_factory=list)

    def suggestions(self, count: int) -> tuple[Sequence[Suggested], Path | None]:
        """The suggestions, the best first, and the picture of the first five where there is one.

        Raises:
            GraphError: The graph has faults.
            UnderstudyError: Frames can't be read, or the wires carry what nothing can be suggested for.
        """
        if missing := self._nothing_painted():
            return self._first(missing, count)
        running.planned(self.graph, self.types, to=[self.trainer], settings=self.settings)  # tells all faults
        shot, truth = self._wires()
        cat = self._newest()
        applied = self._applied(shot, cat) if cat is not None else None
        values = self._computed([shot.node, truth.node, *([applied] if applied else [])])
        inferred = values[applied] if applied else {}
        source, painted = _value(values, shot), _value(values, truth)
        if hasattr(source, "read"):
            told: Sequence[Suggested] = self._frames(source, painted, inferred, count)
        else:
            told = _poses(source, painted, cat, count)
        columns = [str(shot)] if hasattr(source, "read") else []
        columns += [f"{applied}.{port}" for port in inferred if self._known(inferred, port)]
        return told, self._sheet(columns, [one.frame for one in told[:SHOWN]])

    def _nothing_painted(self) -> list[Fault]:
        """The faults of a graph whose groundtruth has no files yet, if that is all that is wrong with it."""
        if not {"input", "groundtruth"} <= self.graph.entries[self.trainer].inputs.keys():
            return []
        shot, truth = self._wires()
        painted = self._above(truth.node) - self._above(shot.node)
        faults = check(self.graph, self.types)
        return faults if all(one.node in painted and one.knob == "path" for one in faults) else []

    def _above(self, name: str) -> set[str]:
        """A node and all that it takes from; names of nodes that don't exist are faults of the graph."""
        found, left = set(), [name]
        while left:
            one = left.pop()
            if one not in found and one in self.graph.entries:
                found.add(one)
                inputs = self.graph.entries[one].inputs.values()
                left += [source.node for sources in inputs for source in sources]
        return found

    def _first(self, missing: list[Fault], count: int) -> tuple[Sequence[Suggested], Path | None]:
        """The frames to begin with; the nodes that wait for a painted one are taken out of the graph."""
        shot, _ = self._wires()
        kept = self._above(shot.node)
        self.graph.entries = {name: one for name, one in self.graph.entries.items() if name in kept}
        frames = _value(self._computed([shot.node]), shot)
        if not hasattr(frames, "read"):
            raise GraphError(missing)
        self.notes.append(f"Nothing is painted yet: {missing[0]} Looks and time decide what to begin with.")
        told = frames_to_paint(shot_of(frames, []), count)
        return told, self._sheet([str(shot)], [one.frame for one in told[:SHOWN]])

    def _wires(self) -> tuple[Source, Source]:
        """Where the frames or poses to choose from come from, and the groundtruth.

        Where an Inference applies this Trainer's model to something else, that is what is chosen from.
        """
        inputs = self.graph.entries[self.trainer].inputs
        own, truth = inputs["input"][0], inputs["groundtruth"][0]
        ours = (entry.inputs["input"][0] for entry in self.graph.entries.values() if self._is_ours(entry))
        return next((source for source in ours if source.node != own.node), own), truth

    def _is_ours(self, entry: Any) -> bool:
        """Whether this is an Inference whose model comes of this Trainer."""
        if entry.type != "Inference":
            return False
        models = [self.graph.entries[source.node] for source in entry.inputs.get("model", ())]
        return self.trainer in [one.node for model in models for one in model.inputs.get("run", ())]

    def _newest(self) -> Path | None:
        """The last checkpoint of the job as it is now, else that of the Trainer's newest run."""
        from understudy.runtime.runs.folder import find_runs

        step = running.planned(self.graph, self.types, to=[self.trainer], settings=self.settings)[
            self.trainer
        ]
        node: Any = wiring(self.graph, self.types).nodes[self.trainer]
        found = find_runs(node.path_of(node.data_directory))
        runs = [run for run in found if run.manifest.node == self.trainer and run.folder.cats()]
        if not runs:
            self.notes.append(
                f"{self.trainer} has no checkpoint yet, so that novelty and coverage alone decide. "
                "Run the graph and ask again."
            )
            return None
        run = max(runs, key=lambda one: (one.manifest.job == step.key, one.manifest.number))
        cats = run.folder.cats()
        older = (
            "" if run.manifest.job == step.key else ", which learned from other frames or with other knobs"
        )
        self.notes.append(f"By the model of {run.folder.path.name} at step {max(cats):,}{older}.")
        return cats[max(cats)]

    def _applied(self, shot: Source, cat: Path) -> str:
        """The name of an Inference of the checkpoint."""
        model = self.graph.add("Checkpoint", self._free("suggest_model"), pick=str(cat.absolute()))
        inputs = {"input": str(shot), "model": model}
        return self.graph.add("Inference", self._free("suggest"), inputs=inputs)

    def _free(self, name: str) -> str:
        while name in self.graph.entries:
            name += "_"
        return name

    def _computed(self, nodes: list[str]) -> dict[str, dict[str, Any]]:
        outcome = running.run(self.graph, self.types, to=nodes, settings=self.settings, sink=self.sink)
        if outcome.status:
            failed = "; ".join(outcome.failed.values())
            raise UnderstudyError(failed or "Stopped; run the same command again.")
        return outcome.values

    def _frames(self, source: Any, painted: Any, inferred: dict[str, Any], count: int) -> Sequence[Suggested]:
        there = sorted(set(source.numbers) & set(painted.numbers))

        def told(done: int, total: int) -> None:
            self.sink(events.Progress(self.trainer, done, total, "frames looked at", None, {}))

        doubt = _doubt(inferred) if self._known(inferred, "uncertainty") else None
        return frames_to_paint(shot_of(source, there, doubt, told), count)

    def _known(self, inferred: dict[str, Any], port: str) -> bool:
        """Whether the model says what this port gives; an older checkpoint may hold no uncertainty."""
        if port not in inferred:
            return False
        if port != "uncertainty" or not hasattr(inferred[port], "read"):
            return True
        try:
            inferred[port].read(inferred[port].numbers[0])
        except NodeError as error:
            note = f"{error} Novelty and coverage alone decide."
            self.notes += [] if note in self.notes else [note]
            return False
        return True

    def _sheet(self, columns: list[str], frames: list[int]) -> Path | None:
        """The suggested frames as a picture: the frame, what the model makes of it, and how sure it is."""
        if not frames or not columns:
            return None
        path = running.work_folder(self.graph) / f"suggestions_{self.trainer}.png"
        numbers = ",".join(map(str, frames))
        sheet = self.graph.add(
            "ContactSheet",
            self._free("suggest_sheet"),
            inputs={"columns": columns},
            path=str(path.absolute()),
            frames=numbers,
        )
        self._computed([sheet])
        return path


def _value(values: dict[str, dict[str, Any]], source: Source) -> Any:
    outputs = values[source.node]
    return outputs[source.port] if source.port else next(iter(outputs.values()))


def _doubt(inferred: dict[str, Any]) -> Callable[[int], float]:
    """How far off the model expects to be of a frame."""
    result, unsure = inferred["result"], inferred["uncertainty"]

    def error(number: int) -> float:
        matte = result.read(number).pixels if unsure.matte else None
        return expected_error(unsure.read(number).pixels, matte)

    return error


def _poses(source: Any, captured: Any, cat: Path | None, count: int) -> Sequence[Suggested]:
    from understudy.nodes.learning.meshes.model import MeshModel
    from understudy.nodes.learning.meshes.suggest import poses_to_capture
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.runtime.runs.container import read_container

    if not isinstance(source, PosedMeshes) or not isinstance(captured, PosedMeshes):
        raise UnderstudyError("Frames to paint and poses to capture can be suggested, and nothing else here.")
    model = MeshModel.from_container(read_container(str(cat), "cat"), str(cat)) if cat is not None else None
    return poses_to_capture(source, captured, model, count)
