"""How a training goes, from its knobs and its pairs: its steps, its batch, its learning rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError
from understudy.nodes.learning.loop import Plan
from understudy.nodes.learning.rate_finder import draw_rates, find_rate
from understudy.nodes.learning.schedules import steps_of
from understudy.runtime.durable import replacing

if TYPE_CHECKING:
    from understudy.nodes.learning.rate_finder import RateTrial
    from understudy.nodes.learning.starting import Start
    from understudy.nodes.learning.subject import Subject
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


def rate_trial(node: Trainer, subject: Subject, context: Context, device: str) -> RateTrial | None:
    """A trial of learning rates, None where the knob gives one."""
    if node.learning_rate != "find":
        return None
    return find_rate(
        subject,
        batch=_batch(node, subject),
        precision=subject.precision,
        device=device,
        told=lambda done, total: context.progress(done, total, "trial steps"),
    )


def show_rates(trial: RateTrial, start: Start) -> None:
    """Says what a trial found, and draws it into the run's folder."""
    path = start.folder.path / f"{start.folder.path.name}_rates.png"
    start.say(f"a trial of {len(trial.rates)} steps found the learning rate {trial.rate:.2g}: {path.name}")
    with replacing(path) as temporary:
        draw_rates(trial, temporary)


def plan_of(node: Trainer, subject: Subject, device: str, trial: RateTrial | None) -> Plan:
    """The plan that the knobs make for these pairs.

    Raises:
        NodeError: A batch of more samples than there are pairs was asked for.
    """
    batch, rate = _batch(node, subject), node.learning_rate
    if rate == "auto":
        rate = subject.rate
    elif trial is not None:
        rate = trial.rate
    steps = steps_of(node.epochs, subject.pairs, batch)
    return Plan(
        steps=steps if subject.most_steps is None else min(steps, subject.most_steps),
        batch=batch,
        rate=rate,
        schedule=node.schedule,
        precision=subject.precision,
        device=device,
    )


def _batch(node: Trainer, subject: Subject) -> int:
    batch: int | str = node.batch_size
    if isinstance(batch, str):
        return subject.batch_size
    if batch > subject.pairs:
        raise NodeError(
            node.name, f"a batch of {batch} needs as many pairs; there are {subject.pairs}", knob="batch_size"
        )
    return batch
