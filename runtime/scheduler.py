"""Running a plan: parents first, independent nodes side by side, results kept as they come."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import NodeError, Stopped, UnderstudyError
from understudy.graph.node import Inputs
from understudy.runtime import events
from understudy.runtime.context import Context, Settings
from understudy.runtime.planning import State, Step, contents_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from understudy.graph.wiring import Wiring
    from understudy.runtime.store import Store


@dataclass(slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        values: The outputs of every node that ran or was up to date, by node and port.
        ran: The nodes that ran to their end.
        up_to_date: The nodes whose kept results were used.
        failed: What went wrong, by node.
        skipped: The nodes that did not run because one above them failed.
        stopped: Whether a signal ended the run.
    """

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    up_to_date: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def status(self) -> int:
        """The exit status: 0 done, 1 a node failed, 130 stopped by a signal with everything saved."""
        return 130 if self.stopped else int(bool(self.failed))


class Scheduler:
    """Runs the steps of a plan once.

    Args:
        wiring: The checked graph.
        steps: The plan, parents first.
        store: Takes results as they come.
        settings: What was asked for.
        work: The folder for caches.
        sink: Takes events.
        stop: Set from outside to end the run at the next safe moment.
        jobs: How many nodes run side by side at most; by default one for each core.
    """

    def __init__(
        self,
        wiring: Wiring,
        steps: Mapping[str, Step],
        store: Store,
        settings: Settings,
        work: Path,
        sink: events.Sink = events.nobody,
        stop: threading.Event | None = None,
        jobs: int | None = None,
    ) -> None:
        self.wiring, self.steps, self.store, self.settings = wiring, steps, store, settings
        self.work, self.sink = work, sink
        self.stop = stop or threading.Event()
        self.jobs = jobs or os.cpu_count() or 1
        self.outcome = Outcome()
        self._children: dict[str, list[str]] = {name: [] for name in steps}
        self._missing: dict[str, int] = {}
        self._skipped: set[str] = set()
        self._running: dict[Future[Any], str] = {}

    def run(self) -> Outcome:
        """Runs what has to run and says how it ended; nothing is raised for a node that fails."""
        ready = deque(self._prepare())
        with ThreadPoolExecutor(self.jobs, thread_name_prefix="node") as pool:
            while ready or self._running:
                if self.stop.is_set():
                    self.outcome.stopped |= bool(ready)
                    ready.clear()
                if not self._running and len(ready) == 1:
                    ready.extend(self._settle(name := ready.popleft(), self._attempt(name)))
                    continue
                self._submit(ready, pool)
                done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                for future in done:
                    ready.extend(self._settle(self._running.pop(future), future.result()))
        self._forget_what_read_changed_files()
        if self.outcome.ran:
            self.store.prune()
        return self.outcome

    def _forget_what_read_changed_files(self) -> None:
        """Drops the results of this run that stand below a file that was changed while it ran."""
        ran = set(self.outcome.ran)
        suspect: set[str] = set()
        for name in self.steps:
            node, before = self.wiring.nodes[name], self.steps[name].parts["contents"]
            if name in ran and before and contents_of(node, self.store) != before:
                suspect.add(name)
                message = (
                    "its files were changed while the graph ran; what came of them is not kept. Run again."
                )
                self.sink(events.Warned(name, message))
            elif suspect.intersection(self.wiring.parents(name)):
                suspect.add(name)
                if node.keeps and name in ran:
                    self.store.forget(self.steps[name].key)

    def _prepare(self) -> list[str]:
        ready = []
        for name, step in self.steps.items():
            if step.state is State.UP_TO_DATE:
                self.outcome.values[name] = step.value
                self.outcome.up_to_date.append(name)
                self.sink(events.UpToDate(name))
            if not step.runs:
                continue
            parents = [one for one in self.wiring.parents(name) if self.steps[one].runs]
            self._missing[name] = len(parents)
            for parent in parents:
                self._children[parent].append(name)
            if not parents:
                ready.append(name)
        return ready

    def _submit(self, ready: deque[str], pool: ThreadPoolExecutor) -> None:
        """Starts every ready node that has a free thread and, where it needs one, the device."""
        busy = any(self.wiring.nodes[name].exclusive for name in self._running.values())
        waiting = []
        while ready and len(self._running) < self.jobs:
            name = ready.popleft()
            exclusive = self.wiring.nodes[name].exclusive
            if exclusive and busy:
                waiting.append(name)
                continue
            busy |= exclusive
            self._running[pool.submit(self._attempt, name)] = name
        ready.extendleft(reversed(waiting))

    def _attempt(self, name: str) -> dict[str, Any] | Exception:
        """The node's outputs, or what it raised."""
        try:
            return self._compute(name)
        except Exception as error:  # noqa: BLE001 - one failing node stops only its children
            return error

    def _compute(self, name: str) -> dict[str, Any]:
        step, node = self.steps[name], self.wiring.nodes[name]
        context = Context(
            node=name,
            key=step.key,
            lineage=step.lineage,
            why=step.why,
            graph=self.wiring.graph,
            settings=self.settings,
            work=self.work,
            store=self.store,
            stop=self.stop,
            sink=self.sink,
        )
        if node.keeps:
            self.sink(events.Started(name, step.why))
        began = time.monotonic()
        wires = self.wiring.wires[name].items()
        inputs = {port: [self.outcome.values[one.node][one.port] for one in ones] for port, ones in wires}
        value = node.compute(Inputs(inputs), context)
        outputs = value if len(node.outputs) > 1 else dict.fromkeys(node.outputs, value)
        if node.keeps:
            if context.keep:
                self.store.keep(name, step.key, step.parts, outputs, context.files, context.editable)
            self.sink(events.Finished(name, time.monotonic() - began))
        return outputs

    def _settle(self, name: str, result: dict[str, Any] | Exception) -> list[str]:
        """Records how a node ended; gives the children that can run now."""
        if isinstance(result, Stopped):
            self.outcome.stopped = True
            self.stop.set()
            return []
        if isinstance(result, Exception):
            self._fail(name, result)
            return []
        self.outcome.values[name] = result
        self.outcome.ran.append(name)
        ready = []
        for child in self._children[name]:
            self._missing[child] -= 1
            if self._missing[child] == 0:
                ready.append(child)
        return ready

    def _fail(self, name: str, error: Exception) -> None:
        message = _sentence(name, error, self.work)
        self.outcome.failed[name] = message
        self.sink(events.Failed(name, message))
        below = deque(self._children[name])
        while below:
            child = below.popleft()
            if child not in self._skipped:
                self._skipped.add(child)
                self.outcome.skipped.append(child)
                self.sink(events.Skipped(child, name))
                below.extend(self._children[child])


def _sentence(name: str, error: Exception, work: Path) -> str:
    if isinstance(error, NodeError):
        return str(error)
    if isinstance(error, UnderstudyError):
        return f"{name}: {error}"
    if isinstance(error, MemoryError):
        return f"{name}: the memory is full"
    what = f"{name}: {type(error).__name__}: {error}. This is a mistake in the node's code"
    path = work / f"{name}.traceback.txt"
    try:
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    except OSError:
        return f"{what}."
    return f"{what}; its traceback is in {path}"
