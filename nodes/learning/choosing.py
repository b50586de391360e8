"""Which run a job goes on with: its own, one of the same job in another length, or none.

A run is found by the job's fingerprint in its manifest, so that the same command goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError
from understudy.nodes.learning.schedules import WARM_UP_STEPS, decay_start, warm_up
from understudy.runtime.runs.folder import Run, find_runs
from understudy.runtime.runs.manifest import write_manifest

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.loop import Plan
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


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


@dataclass(frozen=True, slots=True)
class Chooser:
    """Looks through the runs of a data directory for one job.

    Attributes:
        node: The Trainer.
        context: The job's fingerprints, what was asked for, and who is told.
        plan: How many steps the job has.
        data: The digest of everything that is learned from.
        knobs: A digest of the knobs that change the result, lengths apart.
    """

    node: Trainer
    context: Context
    plan: Plan
    data: dict[str, str]
    knobs: str

    def own(self, runs: list[Run]) -> Run | None:
        """The run that is this job's already, a finished one first; None when a new one is due.

        Args:
            runs: All runs, the newest first.
        """
        if self.context.settings.fresh:
            return None
        same = [run for run in runs if run.manifest.job == self.context.key]
        same.sort(key=lambda run: run.manifest.state != "finished")
        return same[0] if same else self._changed(runs)

    def parent(self, runs: list[Run]) -> tuple[Run, int] | None:
        """The run that a new one goes on from, and the step of its state; None where it begins anew.

        Raises:
            NodeError: The run that `resume` named can't be gone on from.
        """
        if self.context.settings.fresh:
            return None
        return self._chosen_parent(runs) or self._shorter(runs)

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
            if step <= self._shared(run.manifest.steps) and step < self.plan.steps
        ]
        return max(found, key=lambda pair: pair[1], default=None)

    def _shared(self, steps: int) -> int:
        """Up to which step a training of so many steps is the same as this one."""
        if steps == self.plan.steps:
            return steps
        if self.plan.schedule == "cosine" or warm_up(steps) != warm_up(self.plan.steps):
            return 0
        lengths = (steps, self.plan.steps)
        return min(lengths) if self.plan.schedule == "constant" else min(map(decay_start, lengths))


def _changes(before: dict[str, str], now: dict[str, str]) -> str:
    """In words, which frames differ."""
    words = [f"{name} is gone" for name in before if name not in now]
    words += [f"{name} is new" for name in now if name not in before]
    words += [f"{name} changed" for name, digest in now.items() if before.get(name, digest) != digest]
    shown = ", ".join(words[:3])
    return shown if len(words) <= 3 else f"{shown} and {len(words) - 3} more"
