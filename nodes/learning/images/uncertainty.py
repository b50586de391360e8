"""How far off an image model's result may be, pixel by pixel.

The last convolution is taken for a Bayesian linear regression on the features before it: the Laplace
approximation of the last layer (Kristiadi et al. 2020, "Being Bayesian, even just a bit, fixes overconfidence
in ReLU networks"). Its covariance is the inverse of the generalised Gauss-Newton matrix over crops of the
painted frames, and a pixel whose features point where these crops had none gets a large variance.

- A matte's probability is the logit's sigmoid averaged over that variance (MacKay 1992, "The evidence
  framework applied to classification networks"), p, and its deviation is sqrt(p (1 - p)).
- A colour's error also depends on what is there: fine detail is harder than a flat wall. Its size is a
  log-linear function of the features and of their local activity, fitted to the crops' squared errors by
  gamma regression (Nelder and Wedderburn 1972), and grows by the Laplace variance.

Legend of shapes: N crops, C channels, F features, R directions, H rows, W columns, P pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.nodes.learning.loop import computing_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

CROPS = 8
"""Crops that an uncertainty is fitted on; together they take as long as a few steps."""

SPACING = 4
"""Every fourth pixel each way counts as an observation of its own; what lies between says nearly the same."""

DIRECTIONS = 64
"""Directions of the features that are kept, the least known ones; the others have next to no variance."""

PRIOR = 1.0
"""Precision of a weight of the last layer before any observation."""

MORE_REACH = 3
"""Pixels that the local activity sees beyond the features."""

_LEAST_ACTIVITY = 1e-2
_LEAST_ERROR = 1e-12
_RIDGE = 1e-3
_ROUNDS = 30


@runtime_checkable
class Halved(Protocol):
    """A network that shows what its last convolution sees: it gives `completed(x, last(features(x)))`."""

    last: nn.Conv2d

    def features(self, x_NCHW: Tensor) -> Tensor:
        """What the last convolution sees, `(N, F, H, W)`."""

    def completed(self, x_NCHW: Tensor, y_NCHW: Tensor) -> Tensor:
        """The network's output, from its input and what the last convolution gives."""


@dataclass(frozen=True, slots=True)
class ImageUncertainty:
    """The variance of a model's last layer, and of what it can't know.

    Attributes:
        directions: `(R, F, k, k)`; the sum of squares of what they give is the variance of the output.
        offsets: `(R,)`, added to what they give.
        noise: `(2 F + 1,)`, weights of features, activity and 1 for the logarithm of a colour's squared
            error; None for a matte.
    """

    directions: Tensor
    offsets: Tensor
    noise: Tensor | None

    def of(self, output_NCHW: Tensor, features_NFHW: Tensor) -> Tensor:
        """How far off each pixel may be: a standard deviation in units of the result.

        Args:
            output_NCHW: The network's output, logits of a matte.
            features_NFHW: What its last convolution saw.

        Returns:
            `(N, 1, H, W)` float32, 0 to 0.5 for a matte; the root of the mean over channels.
        """
        features = features_NFHW.float()
        padding = self.directions.shape[-1] // 2
        seen = functional.conv2d(features, self.directions, self.offsets, padding=padding)
        variance = seen.square().sum(1, keepdim=True)
        if self.noise is None:
            softened = output_NCHW.float() / torch.sqrt(1.0 + torch.pi / 8.0 * variance)
            doubt = torch.sigmoid(softened) * torch.sigmoid(-softened)
            return doubt.mean(1, keepdim=True).sqrt()
        weights = self.noise[:-1].view(1, -1, 1, 1)
        log_error = functional.conv2d(_with_activity(features), weights) + self.noise[-1]
        return torch.sqrt(torch.exp(log_error) * (1.0 + variance))

    def to(self, device: str) -> ImageUncertainty:
        """The same on another device."""
        noise = None if self.noise is None else self.noise.to(device)
        return ImageUncertainty(self.directions.to(device), self.offsets.to(device), noise)

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The numbers, by name."""
        found = {"directions": self.directions, "offsets": self.offsets}
        if self.noise is not None:
            found["noise"] = self.noise
        return {name: tensor.cpu().numpy() for name, tensor in found.items()}

    @classmethod
    def built(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The uncertainty that gave these arrays.

        Raises:
            KeyError: One of them is missing.
        """
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
        return cls(tensors["directions"], tensors["offsets"], tensors.get("noise"))


def fit_uncertainty(
    network: nn.Module,
    crops: Iterable[tuple[Tensor, Tensor]],
    *,
    decode: Callable[[Tensor], Tensor],
    matte: bool,
    precision: str,
    device: str,
) -> ImageUncertainty | None:
    """The uncertainty of a network as it is now; nothing of the network changes.

    Args:
        network: In any mode.
        crops: Encoded inputs `(1, C, H, W)` with the pixels that they should become, `(1, K, H, W)`.
        decode: From the network's output to pixels.
        matte: Whether the output is logits.
        precision: "float32" or "bfloat16".
        device: Where the network is.

    Returns:
        None where the network is not `Halved`, so that there is no telling its last layer, and where a
        training that diverges made its features overflow.
    """
    if not isinstance(network, Halved):
        return None
    training = network.training
    network.eval()
    gram, described, errors = torch.zeros(0), [], []
    with torch.inference_mode():
        for inputs, truth in crops:
            x_NCHW = inputs.to(device)
            output, features = output_and_features(network, x_NCHW, precision, device)
            rows = _observed(features, network.last, output if matte else None)
            gram = rows.T @ rows + (gram if gram.numel() else 0.0)
            if not matte:
                described.append(_sampled(_with_activity(features)))
                missed = (decode(output) - truth.to(device)).square().mean(1, keepdim=True)
                errors.append(_sampled(missed)[:, 0])
    network.train(training)
    if not gram.isfinite().all():
        return None
    noise = None if matte else _gamma_regression(torch.cat(described), torch.cat(errors))
    return ImageUncertainty(*_least_known(gram, network.last), None if noise is None else noise.to(device))


def output_and_features(
    network: Halved, x_NCHW: Tensor, precision: str, device: str
) -> tuple[Tensor, Tensor]:
    """The network's output for encoded pixels, and what its last convolution saw, both float32."""
    with computing_in(precision, device):
        features = network.features(x_NCHW)
        output = network.completed(x_NCHW, network.last(features))
    return output.float(), features.float()


def _observed(features_NFHW: Tensor, last: nn.Conv2d, logits: Tensor | None) -> Tensor:
    """What the last layer saw at every fourth pixel, and 1, `(P, F k k + 1)` float64.

    A matte's rows are weighted by the root of p (1 - p), the curvature of its loss.
    """
    size = last.kernel_size[0]
    padded = functional.pad(features_NFHW, (size // 2,) * 4)
    first = SPACING // 2
    rows = functional.unfold(padded[..., first:, first:], size, stride=SPACING).transpose(1, 2).flatten(0, 1)
    rows = torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1).double()
    if logits is None:
        return rows
    doubt = (torch.sigmoid(logits) * torch.sigmoid(-logits)).mean(1, keepdim=True)
    return rows * _sampled(doubt).double().sqrt()


def _sampled(values_NCHW: Tensor) -> Tensor:
    """Every fourth pixel of crops whose sides are multiples of four, `(P, C)`."""
    first = SPACING // 2
    return values_NCHW[..., first::SPACING, first::SPACING].permute(0, 2, 3, 1).flatten(0, 2)


def _least_known(gram: Tensor, last: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """The directions in which the last layer's weights are least known, as a convolution's weights."""
    values, vectors = torch.linalg.eigh(gram.cpu())
    roots = vectors / torch.sqrt(values.clamp(min=0.0) + PRIOR)
    kept = roots[:, :DIRECTIONS].T.float().to(last.weight.device)
    shape = (len(kept), *last.weight.shape[1:])
    return kept[:, :-1].reshape(shape).contiguous(), kept[:, -1].contiguous()


def _with_activity(features_NFHW: Tensor) -> Tensor:
    """Features, and the logarithm of how much each changes from pixel to pixel around, `(N, 2 F, H, W)`."""
    activity = _mean(torch.abs(features_NFHW - _mean(features_NFHW, 3)), 5)
    return torch.cat([features_NFHW, torch.log(activity + _LEAST_ACTIVITY)], dim=1)


def _mean(x_NCHW: Tensor, size: int) -> Tensor:
    return functional.avg_pool2d(x_NCHW, size, 1, size // 2, count_include_pad=False)


def _gamma_regression(described: Tensor, errors: Tensor) -> Tensor:
    """Weights w with exp([x, 1] w) the expected squared error; Fisher scoring with a little ridge.

    Pixels whose groundtruth is no number are left out.
    """
    known = errors.isfinite()
    x = described[known].double().cpu().numpy()
    missed = errors[known].double().cpu().numpy() + _LEAST_ERROR
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    z = np.concatenate([(x - mean) / deviation, np.ones((len(x), 1))], axis=1)
    shrunk = _RIDGE * len(z) * np.append(np.ones(x.shape[1]), 0.0)
    information = z.T @ z + np.diag(shrunk)
    weights = np.append(np.zeros(x.shape[1]), np.log(missed.mean()))
    for _ in range(_ROUNDS):
        ratio = np.minimum(missed / np.exp(np.clip(z @ weights, -60.0, 60.0)), 50.0)
        step = np.linalg.solve(information, z.T @ (ratio - 1.0) - shrunk * weights)
        weights += np.clip(step, -0.5, 0.5)
    plain = weights[:-1] / deviation
    return torch.from_numpy(np.append(plain, weights[-1] - plain @ mean).astype(np.float32))
