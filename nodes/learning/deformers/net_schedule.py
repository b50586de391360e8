"""Nets of one deformer that end at their own time, and a learning rate that is divided every few epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.settings import DeformerSettings


class NetSchedule:
    """Changes what the steps of an optimiser do; what has been done is read off the optimiser's own count.

    So a resumed training, whose optimiser's state was saved, goes on as the unbroken one would have.

    Args:
        optimiser: AdamW of a `GroupedNet`: each weight has the nets in its first dimension.
        settings: `net_epochs`, `rate_decay_epochs` and `rate_divider` are those that count.
        epoch: Steps of an epoch.

    Each group of the optimiser tells, as `factor`, what its rate was multiplied by in the last step.
    """

    def __init__(self, optimiser: torch.optim.Optimizer, settings: DeformerSettings, epoch: float) -> None:
        self._settings, self._epoch = settings, epoch
        self._held: list[tuple[torch.Tensor, int, torch.Tensor]] = []
        optimiser.register_step_pre_hook(self._before)
        optimiser.register_step_post_hook(self._after)

    def factor(self, made: int) -> float:
        """What the learning rate is multiplied by after so many steps."""
        every = self._settings.rate_decay_epochs
        return self._settings.rate_divider ** -int(made / self._epoch / every) if every else 1.0

    def ended(self, made: int) -> list[int]:
        """The nets that learn no more after so many steps."""
        epochs = self._settings.net_epochs
        return [net for net, count in enumerate(epochs) if count and made >= count * self._epoch]

    def _before(self, optimiser: torch.optim.Optimizer, _: Any, __: Any) -> None:
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        made = int(optimiser.state[weights[0]]["step"]) if weights[0] in optimiser.state else 0
        for group in optimiser.param_groups:
            group["factor"] = self.factor(made)
            group["lr"] *= group["factor"]
        ended = self.ended(made)
        self._held = [(weight, net, weight.detach()[net].clone()) for weight in weights for net in ended]

    def _after(self, _: torch.optim.Optimizer, __: Any, ___: Any) -> None:
        with torch.no_grad():
            for weight, net, before in self._held:
                weight[net] = before
