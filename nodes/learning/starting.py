"""Where a training begins: in a run that was cut off, from one that is to be lengthened, or in a new one.

A run is found by the job's fingerprint in its manifest, so that the same command goes on where it stopped. A
training whose rate is constant for most of its length is the same up to its decay whatever its length; so a
longer job begins with the state before the decay of a shorter one, and ends with the bytes that it would have
had from step 1.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError, StorageError
from understudy.nodes.learning.schedules import WARM_UP_STEPS, decay_start, warm_up
from understudy.runtime import durable
from understudy.runtime.processes import this_process
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import Run, RunFolder, create_run, data_lock, find_runs
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from understudy.nodes.learning.loop import Plan
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context
    from understudy.runtime.runs.container import Container

Environment = dict[str, "str | int"]


@dataclass(slots=True)
class Start:
    """A run folder that this process may write, and the state to begin with.

    Attributes:
        folder: The run's folder.
        context: Takes sentences for people.
        environment: On what it is computed now.
        finished: Whether there is nothing left to do.
        step: The last step that is done.
        container: The state after that step; None at the very beginning.
        provenance: What the checkpoints say of their origin.
        failed_saves: Saves in a row that failed.
    """

    folder: RunFolder
    context: Context
    environment: Environment
    finished: bool = False
    step: int = 0
    container: Container | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    failed_saves: int = 0
    _summary: SummaryWriter | None = None

    @property
    def summary(self) -> SummaryWriter:
        """The losses, open for the steps after `step`."""
        if self._summary is None:
            self._summary = SummaryWriter(self.folder.summary, self.step)
        return self._summary

    def mark(self, state: Any, step: int, **changes: Any) -> None:
        """Writes into the manifest how the run stands."""
        manifest = read_manifest(self.folder.manifest)
        write_manifest(self.folder.manifest, replace(manifest, state=state, step=step, **changes))

    def say(self, message: str) -> None:
        """A sentence for people and for the run's log."""
        self.context.say(f"{self.context.node}: {message}")
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S')} {message}\n"
        try:
            with self.folder.log.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            self.context.warn(f"{self.folder.log} can't be written: {error.strerror}")

    def close(self) -> None:
        """Closes the losses."""
        if self._summary is not None:
            self._summary.close()


def standing(data_directory: Path, key: str, lineage: str) -> str | None:
    """In words, what a training of this job would begin with; None for a new run."""
    for run in reversed(find_runs(data_directory)):
        name, manifest = run.folder.path.name, run.manifest
        if manifest.job == key and manifest.state == "finished":
            return f"{name} is finished and is used"
        if manifest.job == key:
            return f"{name} stopped at step {manifest.step:,} of {manifest.steps:,}"
        long_enough = warm_up(manifest.steps) == WARM_UP_STEPS
        if manifest.lineage == lineage and long_enough and run.folder.osts():
            return f"it goes on from {name}, which has {manifest.steps:,} steps"
    return None


@contextmanager
def begin(
    node: Trainer, context: Context, plan: Plan, subject: Subject, environment: Environment
) -> Iterator[Start]:
    """Finds or makes the run folder of a job and locks it; the lock is given back at the end.

    Raises:
        LockedError: Another process works on this run.
        NodeError: The state fits neither the data nor the machine, and that was not allowed.
        StorageError: The folder can't be made.
    """
    directory = node.path_of(node.data_directory)
    beginning = _Beginning(node, context, plan, subject, environment)
    with data_lock(directory):
        run = beginning.choose(directory)
        lock = None
        if run is None or run.manifest.state != "finished" or not run.folder.cats():
            folder = run.folder if run is not None else beginning.create(directory)
            lock = folder.lock()
            lock.acquire()
    if lock is None:
        assert run is not None
        yield Start(run.folder, context, environment, finished=True)
        return
    start = None
    try:
        start = beginning.start(folder)
        yield start
    finally:
        if start is not None:
            start.close()
        lock.release()


class _Beginning:
    """How one job begins."""

    def __init__(
        self, node: Trainer, context: Context, plan: Plan, subject: Subject, environment: Environment
    ) -> None:
        self.node, self.context, self.plan, self.environment = node, context, plan, environment
        self.samples = subject.samples
        self.data = {
            f"{port} {name}": digest
            for port, digests in subject.identities().items()
            for name, digest in digests.items()
        }
        self.knobs = _digest(
            {
                name: getattr(node, name)
                for name, knob in node.knobs.items()
                if knob.result and not knob.length
            }
        )
        self.parent: tuple[Run, int] | None = None

    def choose(self, directory: Path) -> Run | None:
        """The run that is this job's already, None when a new one is due."""
        if self.context.settings.fresh:
            return None
        runs = find_runs(directory)[::-1]
        same = [run for run in runs if run.manifest.job == self.context.key]
        same.sort(key=lambda run: run.manifest.state != "finished")
        if same:
            return same[0]
        changed = self._changed(runs)
        if changed is not None:
            return changed
        self.parent = self._chosen_parent(runs) or self._shorter(runs)
        return None

    def _changed(self, runs: list[Run]) -> Run | None:
        """An unfinished run that differs in its data only; it is used where that was allowed, else named."""
        for run in runs:
            manifest = run.manifest
            alike = manifest.node == self.node.name and manifest.details.get("knobs") == self.knobs
            if not alike or manifest.state == "finished" or manifest.data == self.data:
                continue
            words = _changes(manifest.data, self.data)
            if self.context.settings.accept_changed_data:
                self._accept(run, words)
                return run
            left = f"{run.folder.path.name} was left at step {manifest.step:,}, since {words}"
            self.context.warn(
                f"{self.node.name}: {left}. A new run begins; --accept-changed-data goes on with the old one."
            )
            return None
        return None

    def _accept(self, run: Run, words: str) -> None:
        manifest = run.manifest
        manifest.changes.append({"step": manifest.step, "data": words})
        manifest.job, manifest.lineage = self.context.key, self.context.lineage
        manifest.data = self.data
        write_manifest(run.folder.manifest, manifest)

    def _chosen_parent(self, runs: list[Run]) -> tuple[Run, int] | None:
        """The run that `resume` named, with its newest state."""
        wanted = self.context.settings.parent
        if wanted is None:
            return None
        for run in runs:
            if run.folder.path.absolute() == wanted.absolute():
                step, container, _ = run.folder.newest_state()
                if container is None:
                    raise NodeError(self.node.name, f"{wanted} has no state to go on from")
                if step >= self.plan.steps:
                    raise NodeError(
                        self.node.name,
                        f"{wanted} is at step {step:,} already, and {self.plan.steps:,} were asked for",
                        knob="epochs",
                    )
                return run, step
        raise NodeError(self.node.name, f"{wanted} is no run of this node", knob="data_directory")

    def _shorter(self, runs: list[Run]) -> tuple[Run, int] | None:
        """The run of the same job in another length that has the latest state which both lengths share."""
        found = [
            (run, step)
            for run in runs
            if run.manifest.lineage == self.context.lineage
            for step in run.folder.osts()
            if step <= self._shared(run.manifest.steps)
        ]
        return max(found, key=lambda pair: pair[1], default=None)

    def _shared(self, steps: int) -> int:
        """Up to which step a training of so many steps is the same as this one."""
        if self.plan.schedule == "cosine" or warm_up(steps) != warm_up(self.plan.steps):
            return 0
        lengths = (steps, self.plan.steps)
        return min(lengths) if self.plan.schedule == "constant" else min(map(decay_start, lengths))

    def create(self, directory: Path) -> RunFolder:
        """A new run's folder."""
        graph = self.context.graph
        changes = []
        if self.parent is not None:
            run, step = self.parent
            changes.append({"step": step, "parent": run.folder.path.name, "steps": self.plan.steps})
        manifest = Manifest(
            name="",
            number=0,
            node=self.node.name,
            job=self.context.key,
            lineage=self.context.lineage,
            steps=self.plan.steps,
            host=this_process().host,
            graph=str((graph.path or directory).absolute()),
            parent=self.parent[0].folder.path.name if self.parent else None,
            versions={name: str(value) for name, value in self.environment.items()},
            changes=changes,
            data=self.data,
            details={"knobs": self.knobs, "environment": self.environment, "provenance": self._provenance()},
        )
        return create_run(directory, manifest, graph.as_text().encode(), self.node.run_name)

    def _provenance(self) -> dict[str, Any]:
        return {
            "job": self.context.key,
            "graph": hashlib.sha256(self.context.graph.as_text().encode()).hexdigest(),
            "data": _digest(self.data),
            "seed": self.node.seed,
            "understudy": self.environment["understudy"],
            "torch": self.environment["torch"],
        }

    def start(self, folder: RunFolder) -> Start:
        """The state to begin with, in a folder that is locked."""
        folder.clean()
        manifest = read_manifest(folder.manifest)
        start = Start(folder, self.context, self.environment, provenance=manifest.details["provenance"])
        step, container, passed_over = folder.newest_state()
        folder.prune_osts(self._kept_states(), upto=step)
        for sentence in passed_over:
            self.context.warn(f"{self.node.name}: {sentence}")
        if container is not None:
            start.step, start.container = step, container
            self._compare(start, manifest)
            start.say(f"goes on in {folder.path.name} after step {step:,} of {self.plan.steps:,}")
        elif manifest.parent is not None:
            self._inherit(start, manifest)
        else:
            start.say(
                f"begins {folder.path.name}: {self.plan.steps:,} steps of {self.plan.batch} {self.samples}"
            )
        self._room(start)
        start.mark("running", start.step)
        return start

    def _kept_states(self) -> set[int]:
        """States that stay beside the newest two: before the decay, to be lengthened from, and the last."""
        return {decay_start(self.plan.steps), self.plan.steps}

    def _inherit(self, start: Start, manifest: Manifest) -> None:
        """Takes over the state of the parent that the manifest names, and its losses up to there."""
        parent, step = RunFolder(start.folder.path.parent / str(manifest.parent)), manifest.changes[0]["step"]
        start.container = read_container(parent.ost(step), "ost")
        before = read_summary(parent.summary)
        for row in zip(before.steps, before.losses, before.rates, before.times, strict=True):
            if row[0] <= step:
                start.summary.row(int(row[0]), *map(float, row[1:]))
        for at, loss in zip(before.validation_steps, before.validation, strict=True):
            if at <= step:
                start.summary.validation(int(at), float(loss))
        start.step = step
        start.summary.record(step, {"change": f"goes on from {manifest.parent}", "steps": self.plan.steps})
        best = start.container.header.get("best")
        if best and (model := parent.cats().get(int(best["step"]))) is not None:
            durable.replace_bytes(start.folder.cat(int(best["step"])), [model.read_bytes()])
        start.say(f"goes on from {manifest.parent} after step {step:,}, to {self.plan.steps:,}")

    def _compare(self, start: Start, manifest: Manifest) -> None:
        """Says where machine or software differ from those of the state; refuses if that was asked."""
        from understudy.nodes.learning.environment import differences

        assert start.container is not None
        words = differences(start.container.header.get("environment", {}), self.environment)
        if not words:
            return
        message = f"the state was written elsewhere ({'; '.join(words)}): the last bits may differ"
        if self.context.settings.strict_resume:
            raise NodeError(self.node.name, f"--strict-resume: {message}")
        self.context.warn(f"{self.node.name}: {message}")
        manifest.changes.append({"step": start.step, "environment": words})
        write_manifest(start.folder.manifest, manifest)
        start.summary.note(start.step, message)

    def _room(self, start: Start) -> None:
        """Refuses to begin where the disk has no room for two saves."""
        needed = 2 * sum(path.stat().st_size for path in [*start.folder.osts().values()][-1:])
        free = durable.free_bytes(start.folder.path)
        if free is not None and free < max(needed, LEAST_ROOM):
            raise StorageError(
                start.folder.path,
                "there is too little room for checkpoints",
                needed=max(needed, LEAST_ROOM),
                free=free,
            )


LEAST_ROOM = 16 << 20
"""Bytes that have to be free for a training to begin."""


def _changes(before: dict[str, str], now: dict[str, str]) -> str:
    """In words, which frames differ."""
    words = [f"{name} is gone" for name in before if name not in now]
    words += [f"{name} is new" for name in now if name not in before]
    words += [f"{name} changed" for name, digest in now.items() if before.get(name, digest) != digest]
    shown = ", ".join(words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
