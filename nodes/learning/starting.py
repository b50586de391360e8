"""Where a training begins: in a run that was cut off, from one that is to be lengthened, or in a new one.

A training whose rate is constant for most of its length is the same up to its decay whatever its length; so a
longer job begins with the state before the decay of a shorter one, and ends with the bytes that it would have
had from step 1.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError, Stopped, StorageError, UnderstudyError
from understudy.nodes.learning.choosing import Chooser
from understudy.nodes.learning.schedules import decay_start
from understudy.runtime import durable
from understudy.runtime.processes import this_process
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import Run, RunFolder, create_run, data_lock, find_runs, parent_of
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

    def fail(self, error: Exception) -> None:
        """Writes into the manifest why a running training failed, where the disk still takes that."""
        with suppress(UnderstudyError):
            manifest = read_manifest(self.folder.manifest)
            if manifest.state == "running":
                self.mark("failed", manifest.step, reason=str(error))

    def say(self, message: str) -> None:
        """A sentence for people and for the run's log."""
        self.context.say(f"{self.context.node}: {message}")
        self._log(message)

    def warn(self, message: str) -> None:
        """Something to look at, for people and for the run's log."""
        self.context.warn(f"{self.context.node}: {message}")
        self._log(f"warning: {message}")

    def _log(self, message: str) -> None:
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
    except Exception as error:
        if start is not None and not isinstance(error, Stopped):
            start.fail(error)
        raise
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
        """The run that is this job's already; None when a new one is due, and then its parent is known."""
        chooser = Chooser(self.node, self.context, self.plan, self.data, self.knobs)
        runs = find_runs(directory)[::-1]
        own = chooser.own(runs)
        if own is None:
            self.parent = chooser.parent(runs)
        return own

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
        start.mark("running", start.step, verdict="", reason="")
        return start

    def _kept_states(self) -> set[int]:
        """States that stay beside the newest two: before the decay, to be lengthened from, and the last."""
        return {decay_start(self.plan.steps), self.plan.steps}

    def _inherit(self, start: Start, manifest: Manifest) -> None:
        """Takes over the state of the parent that the manifest names, and its losses up to there."""
        parent, step = parent_of(start.folder, manifest), manifest.changes[0]["step"]
        start.container = read_container(parent.ost(step), "ost")
        before = read_summary(parent.summary)
        for row in zip(before.steps, before.losses, before.rates, before.times, strict=True):
            if row[0] <= step:
                start.summary.row(int(row[0]), *map(float, row[1:]))
        for place, at in enumerate(before.validation_steps):
            if at <= step:
                seen = {name: float(values[place]) for name, values in before.figures.items()}
                known = {name: value for name, value in seen.items() if math.isfinite(value)}
                start.summary.validation(int(at), float(before.validation[place]), known)
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


def _digest(values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
