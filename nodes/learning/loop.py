"""The training loop: one step after another, and nothing else.

What is saved, drawn or told at which step is somebody else's (`training`); the loop only knows how a step is
made. A step's batch is a pure function of the step, so the next one is drawn while this one is computed.
"""

from __future__ import annotations

import contextlib
import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import torch

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning import schedules
from understudy.nodes.learning.muon import clip_gradients

if TYPE_CHECKING:
    from types import TracebackType

    from torch import Tensor, nn

    from understudy.nodes.learning.restraint import Restraint
    from understudy.nodes.learning.subject import Subject

LARGEST_GRADIENT = 1.0
"""The joint norm that gradients are clipped to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a training goes, from its first step to its last.

    Attributes:
        steps: Steps of the whole training.
        batch: Samples a step.
        rate: The learning rate at its highest.
        schedule: How it runs over the steps, one of `schedules.SCHEDULES`.
        precision: "float32" or "bfloat16", the type that the network computes in.
        device: Where it is computed, as torch names it.
    """

    steps: int
    batch: int
    rate: float
    schedule: str
    precision: str
    device: str

    def rate_at(self, step: int) -> float:
        """The learning rate of a step, from 1."""
        return self.rate * schedules.rate(self.schedule, step, self.steps)


class Loop:
    """Makes the steps of a training.

    Args:
        subject: What is learned.
        network: What learns it, on the plan's device.
        optimiser: What changes its weights.
        plan: How the training goes.
        parts: Parts that a batch is computed in, one after another, their gradients added: less memory for
            the same step. It is doubled whenever the memory is full.
        restraint: Which weights a step may move; all of them without.
    """

    def __init__(
        self,
        subject: Subject,
        network: nn.Module,
        optimiser: Any,
        plan: Plan,
        parts: int = 1,
        restraint: Restraint | None = None,
    ) -> None:
        self.subject, self.network, self.optimiser, self.plan = subject, network, optimiser, plan
        self.parts, self.restraint = parts, restraint
        self._drawer = ThreadPoolExecutor(1, thread_name_prefix="draw")
        self._drawn: tuple[int, Future[tuple[Tensor, Tensor]]] | None = None

    def step(self, step: int) -> float:
        """Makes one step and gives its loss.

        Returns:
            The loss; NaN where loss or gradients were not finite, and the weights stayed as they were.

        Raises:
            UnderstudyError: Not even a single sample fits into the memory.
        """
        inputs, targets = self._batch(step)
        self.network.train()
        loss = self._fitting_backward(inputs, targets)
        norm = clip_gradients(self.network.parameters(), LARGEST_GRADIENT)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            self.optimiser.zero_grad(set_to_none=True)
            return math.nan
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate_at(step)
        self._move(step)
        self.optimiser.zero_grad(set_to_none=True)
        return loss

    def _move(self, step: int) -> None:
        if self.restraint is None:
            self.optimiser.step()
            return
        self.restraint.before(step)
        self.optimiser.step()
        self.restraint.after(step)

    def _fitting_backward(self, inputs: Tensor, targets: Tensor) -> float:
        """Loss and gradients, in as many parts as the memory needs."""
        while True:
            try:
                return self._backward(inputs, targets)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
            self.optimiser.zero_grad(set_to_none=True)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if self.parts >= len(inputs):
                raise UnderstudyError(
                    f"The memory does not hold one sample of {tuple(inputs.shape[1:])}. "
                    "Try a smaller crop_size or model_size."
                )
            self.parts = min(2 * self.parts, len(inputs))

    def _backward(self, inputs: Tensor, targets: Tensor) -> float:
        total = 0.0
        for part, truth in zip(inputs.chunk(self.parts), targets.chunk(self.parts), strict=True):
            share = len(part) / len(inputs)
            with computing_in(self.plan.precision, self.plan.device):
                output = self.network(part)
            loss = self.subject.loss(output.float(), truth) * share
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def _batch(self, step: int) -> tuple[Tensor, Tensor]:
        """The step's batch, drawn ahead if it was the one expected; the next one is drawn meanwhile."""
        if self._drawn is not None and self._drawn[0] == step:
            inputs, targets = self._drawn[1].result()
        else:
            inputs, targets = self.subject.batch(step, self.plan.batch)
        if step < self.plan.steps:
            following = self._drawer.submit(self.subject.batch, step + 1, self.plan.batch)
            self._drawn = (step + 1, following)
        device = self.plan.device
        return inputs.to(device, non_blocking=True), targets.to(device, non_blocking=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drawer.shutdown(cancel_futures=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch, or Python, found no room; torch's CPU allocator says so in words only."""
    known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return known or "can't allocate memory" in str(error)


def computing_in(precision: str, device: str) -> contextlib.AbstractContextManager[Any]:
    """Computes convolutions and matrix products in bfloat16 where that is the precision."""
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(torch.device(device).type, dtype=torch.bfloat16)


def fastest_precision(device: str) -> str:
    """The word bfloat16 where the device computes that in hardware, else float32."""
    if device.startswith("cuda"):
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    return "bfloat16" if supported() else "float32"
