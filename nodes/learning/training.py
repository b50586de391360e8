"""A whole training: finds where to begin, makes the steps, saves and shows as it goes.

What a run folder holds at a step is a function of the job alone; when a process was killed has no part in it.
Losses go to the `.summary` as they come. A save is: pictures, the rows fsync'd, the `.cat`, then the `.ost`,
so that all that a state stands for is there.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import NodeError, Stopped, UnderstudyError
from understudy.nodes.learning import environment, state
from understudy.nodes.learning.judging import Judge
from understudy.nodes.learning.loop import Loop
from understudy.nodes.learning.plans import plan_of, rate_trial, show_rates
from understudy.nodes.learning.recording import Recorder
from understudy.nodes.learning.restraint import Restraint
from understudy.nodes.learning.schedules import decay_start
from understudy.nodes.learning.starting import Start, begin
from understudy.nodes.learning.state import WEIGHTS, weights_of
from understudy.nodes.learning.transfer import Transfer, begin_with
from understudy.nodes.media.learners import subject_of
from understudy.runtime import events
from understudy.runtime.devices import resolve, usual_threads
from understudy.runtime.runs.folder import Contents
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from torch import nn

    from understudy.graph.node import Inputs
    from understudy.nodes.learning.loop import Plan
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context
    from understudy.runtime.runs.manifest import State

SAVE_SECONDS = 60.0
"""A resume state is saved at least so often, whatever the checkpoint interval."""

MOST_BAD_STEPS = 10
"""So many steps in a row without a finite loss end a training."""

LOSSES_AVERAGED = 100
"""A checkpoint's training loss is the mean of so many steps."""


def train(node: Trainer, inputs: Inputs, context: Context) -> dict[str, str]:
    """Trains what a Trainer node says; gives `{"folder": path relative to the graph file}`.

    Raises:
        NodeError: The pairs can't be learned from, or the numbers went wrong.
        Stopped: A signal asked to stop, and everything is saved.
    """
    device = resolve(context.settings.device)
    torch.set_num_threads(context.settings.threads or usual_threads())
    subject = subject_of(node, inputs, context, device)
    trial = rate_trial(node, subject, context, device)
    plan = plan_of(node, subject, device, trial)
    _check_beginning(node, subject, inputs.get("weights"))
    with begin(node, context, plan, subject, environment.environment(device, plan.precision)) as start:
        if not start.finished:
            if trial is not None and start.container is None:
                show_rates(trial, start)
            Training(node, context, subject, plan, start, inputs.get("weights")).run()
        return _result(start, context)


def _check_beginning(node: Trainer, subject: Subject, weights: Any) -> None:
    """Tells of weights and of layers that don't fit before a run is made."""
    if weights is None and not node.freeze:
        return
    network = subject.network()
    if weights is not None:
        _begin_with(node, subject, network, weights["path"])
    _restraint(node, network)


def _begin_with(node: Trainer, subject: Subject, network: nn.Module, path: str) -> Transfer:
    try:
        return begin_with(network, subject.model(network).header, path)
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="weights") from None


def _restraint(node: Trainer, network: nn.Module) -> Restraint | None:
    if not (node.freeze and node.freeze_steps) and not node.rate_dropout:
        return None
    try:
        return Restraint(
            network,
            freeze=node.freeze,
            freeze_steps=node.freeze_steps,
            dropout=node.rate_dropout,
            seed=node.seed,
        )
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="freeze") from None


def _result(start: Start, context: Context) -> dict[str, str]:
    folder = start.folder
    cats = folder.cats()
    context.files.extend([cats[max(cats)], folder.summary])
    context.wrote(folder.path, "run folder")
    base, path = context.graph.folder.absolute(), folder.path.absolute()
    return {"folder": str(path.relative_to(base)) if path.is_relative_to(base) else str(path)}


class Training:
    """One process's part of a training.

    Args:
        node: Its knobs.
        context: Progress, warnings, the stop flag.
        subject: What is learned.
        plan: How many steps, how large, at which rate.
        start: The run folder, locked, and the state to begin with.
        weights: The model to begin with where the run is new, as a `model` wire carries it.
    """

    def __init__(
        self, node: Trainer, context: Context, subject: Subject, plan: Plan, start: Start, weights: Any
    ) -> None:
        self.node, self.context, self.subject, self.plan, self.start = node, context, subject, plan, start
        self.folder, self.summary = start.folder, start.summary
        self.network: nn.Module = subject.network()
        self.optimiser = subject.optimiser(self.network, plan.rate)
        self.step = start.step
        self.judge = Judge(subject, start, node.patience, self._faults())
        self.bad_steps, self.parts = 0, 1
        self.losses: list[float] = []
        interval = node.contact_sheet_interval
        self.sheet_interval = subject.sheet_interval if interval == "auto" else interval
        self.recorder = Recorder(node.name, start, context)
        if start.container is not None:
            self._restore(start)
        elif weights is not None:
            found = _begin_with(node, subject, self.network, weights["path"])
            start.say(f"begins with the weights of {weights['path']}: {found.described()}")

    def _restore(self, start: Start) -> None:
        assert start.container is not None
        tensors = start.container.tensors
        state.load_network(self.network, weights_of(tensors))
        named = {name[10:]: array for name, array in tensors.items() if name.startswith("optimiser/")}
        state.load_optimiser(self.network, self.optimiser, named)
        header = start.container.header
        self.judge.restore(header, own=header.get("job") == self.context.key)
        self.bad_steps = int(start.container.header.get("bad_steps", 0))
        self.parts = int(start.container.header.get("parts", 1))
        known = read_summary(self.folder.summary).losses
        self.losses = [float(loss) for loss in known[np.isfinite(known)][-LOSSES_AVERAGED:]]

    def _faults(self) -> dict[str, str]:
        """What is wrong with the pairs, told before the first step."""
        faults = self.subject.faults()
        for sentence in faults.values():
            self.start.warn(sentence)
        return faults

    @property
    def _ended(self) -> bool:
        return self.step >= self.plan.steps or self.judge.patience_ended

    def run(self) -> None:
        """Makes the steps that are left.

        Raises:
            Stopped: A signal asked to stop, and everything is saved.
            NodeError: Too many steps in a row had no finite loss.
        """
        began, saved = time.monotonic(), time.monotonic()
        made = Loop(
            self.subject,
            self.network,
            self.optimiser,
            self.plan,
            self.parts,
            _restraint(self.node, self.network),
        )
        with self.recorder, made as loop:
            while not self._ended:
                self.step += 1
                loss = loop.step(self.step)
                factor = self.optimiser.param_groups[0].get("factor", 1.0)  # what a recipe divides it by
                rate = factor * self.plan.rate_at(self.step)
                self.summary.row(self.step, loss, rate, time.monotonic() - began)
                self._look_at(loss)
                if loop.parts != self.parts:
                    self._split(loop.parts)
                self._after_step()
                if self._is_checkpoint(self.step):
                    self._checkpoint()
                    saved = time.monotonic()
                elif self.context.stop.is_set() or time.monotonic() - saved > SAVE_SECONDS:
                    self._save()
                    saved = time.monotonic()
                if self.context.stop.is_set() and not self._ended:
                    self._stop()
                self._tell(loss)
        self._conclude()

    def _stop(self) -> None:
        self.recorder.finish()
        self._judge("stopped", ended=False)
        raise Stopped(f"{self.node.name}: stopped at step {self.step:,} of {self.plan.steps:,}; all is saved")

    def _look_at(self, loss: float) -> None:
        if math.isfinite(loss):
            self.bad_steps = 0
            self.losses = [*self.losses[1 - LOSSES_AVERAGED :], loss]
            return
        self.bad_steps += 1
        batch = "; ".join(self.subject.described(self.step, self.plan.batch))
        message = f"step {self.step:,} had no finite loss and was left out: {batch}"
        self.summary.note(self.step, message)
        self.context.warn(f"{self.node.name}: {message}")
        if self.bad_steps >= MOST_BAD_STEPS:
            reason = (
                f"{MOST_BAD_STEPS} steps in a row had no finite loss, the last with {batch}. Look at these "
                "frames, or lower the learning rate"
            )
            self.start.mark("failed", self.step, verdict="diverging", reason=reason)
            raise NodeError(self.node.name, reason, knob="learning_rate")

    def _split(self, parts: int) -> None:
        self.parts = parts
        message = (
            f"the memory was full at step {self.step:,}: a batch is computed in {parts} parts from here on"
        )
        self.summary.note(self.step, message)
        self.start.say(message)

    def _after_step(self) -> None:
        at_interval = self.step % self.node.validation_interval == 0
        if at_interval or self.step in (self.plan.steps, self.subject.measured_until):
            self._validate()
        if self.step == 1 or self.step % self.sheet_interval == 0 or self._ended:
            sheet = self.subject.contact_sheet(self.network, self.step)
            self.recorder.picture(sheet, self.folder.contact_sheet(self.step))

    def _validate(self) -> None:
        before = self.judge.best
        if self.judge.measure(self.network, self.step) is None or self.judge.best is before:
            return
        self.recorder.model(self.step, self._model_contents(), last=self._ended)
        if before is not None and not self._is_checkpoint(int(before["step"])):
            self.recorder.remove_model(int(before["step"]))

    def _is_checkpoint(self, step: int) -> bool:
        at_decay = self.plan.schedule == "warmup-constant-decay" and step == decay_start(self.plan.steps)
        regular = step > 0 and step % self.node.checkpoint_interval == 0
        at_end = step == self.plan.steps or (step == self.step and self._ended)
        return regular or at_decay or at_end

    def _checkpoint(self) -> None:
        """Pictures first: once the state lies there, nobody draws this step again."""
        preview = self.subject.preview(self.network)
        if preview is not None:
            self.recorder.picture(preview, self.folder.preview(self.step))
        self.recorder.loss_graph(int(self.judge.best["step"]) if self.judge.best else None)
        self._save(self._model_contents())
        if not self._ended:
            self._judge("running", ended=False)

    def _save(self, model: Contents | None = None) -> None:
        """Hands over the rows so far, the state, and the model where there is one."""
        keep = {decay_start(self.plan.steps), self.plan.steps}
        self.recorder.state(self.step, self._state_contents(), model, keep, last=self._ended)

    def _state_contents(self) -> Contents:
        optimiser = state.optimiser_arrays(self.network, self.optimiser)
        arrays = self._weights() | {f"optimiser/{name}": array for name, array in optimiser.items()}
        header = {"step": self.step, "job": self.context.key, "bad_steps": self.bad_steps}
        header |= {**self.judge.state(), "parts": self.parts, "environment": self.start.environment}
        return Contents(header, arrays)

    def _model_contents(self) -> Contents:
        losses = {"training": float(np.mean(self.losses)) if self.losses else None}
        if self.judge.best is not None:
            losses["best held out"] = self.judge.best["loss"]
        model = self.subject.model(self.network)
        ours = {"step": self.step, "losses": losses, "provenance": self.start.provenance}
        return Contents(model.header | ours, model.arrays)

    def _weights(self) -> dict[str, Any]:
        return {WEIGHTS + name: array for name, array in state.network_arrays(self.network).items()}

    def _tell(self, loss: float) -> None:
        self.context.progress(self.step, self.plan.steps, "steps", loss=loss)

    def _conclude(self) -> None:
        self._judge("finished", ended=True)
        for sentence in self.subject.conclusion(self.network):
            self.start.say(sentence)
        self.context.wrote(self.folder.contact_sheet(self.step), "contact sheet")
        self.context.wrote(self.folder.loss_graph, "loss graph")

    def _judge(self, state: State, *, ended: bool) -> None:
        """Writes into the manifest how the run stands and what to think of it."""
        found, best = self.judge.verdict(self.network, self.plan.steps, ended=ended), self.judge.best
        known = {} if best is None else {"best_step": int(best["step"]), "best_loss": best["loss"]}
        self.start.mark(state, self.step, verdict=found.word, reason=found.reason, **known)
        if ended:
            self.start.say(str(found))
            self.context.sink(events.Judged(self.node.name, found.word, found.reason))
