"""How pixels become numbers that a network learns from, and back: part of every checkpoint.

Legend of shapes: N crops, C channels, H rows, W columns.

Values run through a curve, then the mean of the painted frames is subtracted and their deviation divided out
(without this IoU was 0 to 0.26 at the same budget). Nothing is clamped, neither on the way in nor back. What
is no number has to become one before a network sees it, or one pixel spoils a whole tile: NaN becomes 0,
infinity the largest finite half float (65504) of its sign. Statistics are taken from finite values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

CURVES = ("linear", "log", "asinh")
LARGEST_HALF = 65504.0
_LINEAR_LEAST, _LINEAR_MOST = -0.1, 1.1
_NEGATIVE_LEAST = -0.01
_SMALLEST_DEVIATION = 1e-4


@dataclass(frozen=True, slots=True)
class Encoding:
    """`(curve(value / scale) - mean) / deviation`, for each channel.

    Attributes:
        curve: "linear": the value itself. "log": log(1 + x), below zero continued straight. "asinh": the
        inverse
            hyperbolic sine, odd about zero.
        scale: The value at which a curve bends; 1 for linear.
        mean: Of each channel, after the curve.
        deviation: Of each channel, after the curve; never 0.
    """

    curve: str
    scale: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @property
    def channels(self) -> int:
        """How many channels it encodes."""
        return len(self.mean)

    def encode(self, values: Tensor) -> Tensor:
        """Pixels as the network sees them.

        Args:
            values: `(N, C, H, W)` or `(C, H, W)`, any values, NaN and infinity included.

        Returns:
            The same shape, float32, all finite.
        """
        finite = torch.nan_to_num(values.float(), nan=0.0, posinf=LARGEST_HALF, neginf=-LARGEST_HALF)
        mean, deviation = self._statistics(values)
        bent = _bent(finite, self.curve, self.scale)  # a tensor of its own, which may be changed in place
        return bent.sub_(mean).div_(deviation)

    def decode(self, encoded: Tensor) -> Tensor:
        """The pixels that `encode` would encode so; same shape, float32."""
        mean, deviation = self._statistics(encoded)
        return _straightened(encoded.float() * deviation + mean, self.curve, self.scale)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the checkpoint's header."""
        return {
            "curve": self.curve,
            "scale": self.scale,
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Encoding:
        """What `as_dict` gave.

        Raises:
            ValueError: It describes no encoding of this version.
        """
        try:
            mean = tuple(float(value) for value in values["mean"])
            deviation = tuple(float(value) for value in values["deviation"])
            found = cls(str(values["curve"]), float(values["scale"]), mean, deviation)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The checkpoint's pixel encoding is incomplete: {error}.") from error
        if found.curve not in CURVES or len(mean) != len(deviation) or not all(deviation) or not found.scale:
            raise ValueError(f"The checkpoint's pixel encoding is none that is known here: {dict(values)}.")
        return found

    def _statistics(self, like: Tensor) -> tuple[Tensor, Tensor]:
        shape = (len(self.mean), 1, 1)
        mean = torch.tensor(self.mean, dtype=torch.float32, device=like.device).view(shape)
        deviation = torch.tensor(self.deviation, dtype=torch.float32, device=like.device).view(shape)
        return mean, deviation


def identity(channels: int) -> Encoding:
    """Values as they are: what a matte's groundtruth has."""
    return Encoding("linear", 1.0, (0.0,) * channels, (1.0,) * channels)


def choose_encoding(frames: Sequence[NDArray[Any]]) -> Encoding:
    """The encoding that suits painted frames.

    Values within about 0 to 1 stay linear. Others are scene-linear: log, or asinh where there are true
    negatives (out-of-gamut colours, differences), so that a highlight of 50 does not outweigh all the rest.

    Args:
        frames: `(H, W, C)` each, any float type; read twice, one at a time.
    """
    pieces = [_range(frame) for frame in frames]
    least, most = min(piece[0] for piece in pieces), max(piece[1] for piece in pieces)
    if least >= _LINEAR_LEAST and most <= _LINEAR_MOST:
        curve, scale = "linear", 1.0
    else:
        curve = "log" if least >= _NEGATIVE_LEAST else "asinh"
        scale = max(1e-4, float(np.mean([piece[2] for piece in pieces])))
    mean, deviation = _moments(frames, curve, scale)
    return Encoding(curve, scale, mean, deviation)


def _range(frame: NDArray[Any]) -> tuple[float, float, float]:
    """Least, most, and the median size of finite values."""
    values = np.asarray(frame, dtype=np.float32)
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 0.0, 0.0
    return float(finite.min()), float(finite.max()), float(np.median(np.abs(finite)))


def _moments(frames: Iterable[NDArray[Any]], curve: str, scale: float) -> tuple[tuple[float, ...], ...]:
    """Mean and deviation of each channel after the curve, each frame counting by its finite pixels."""
    sums = []
    for frame in frames:
        values = torch.from_numpy(np.array(frame, dtype=np.float32))  # a copy: maps can't be written to
        valid = torch.isfinite(values)
        bent = _bent(torch.nan_to_num(values, posinf=0.0, neginf=0.0), curve, scale).double() * valid
        sums.append(torch.stack([valid.double().sum((0, 1)), bent.sum((0, 1)), bent.square().sum((0, 1))]))
    count, total, squares = torch.stack(sums).sum(0)
    count = count.clamp(min=1)
    mean = total / count
    deviation = (squares / count - mean.square()).clamp(min=0).sqrt()
    deviation[deviation < _SMALLEST_DEVIATION] = 1.0
    return tuple(mean.tolist()), tuple(deviation.tolist())


def _bent(values: Tensor, curve: str, scale: float) -> Tensor:
    if curve == "linear":
        return values
    x = values / scale
    if curve == "asinh":
        return torch.asinh(x)
    return torch.where(x > 0, torch.log1p(x.clamp(min=0)), x)


def _straightened(values: Tensor, curve: str, scale: float) -> Tensor:
    if curve == "linear":
        return values
    if curve == "asinh":
        return torch.sinh(values) * scale
    return torch.where(values > 0, torch.expm1(values.clamp(min=0)), values) * scale
