"""The loss of a matte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor


class MatteLoss:
    """Cross-entropy of logits plus the absolute error of the matte.

    The groundtruth is softened by a 3x3 box, since a hard edge is known to a pixel at best, and taken as
    coverage: what lies outside 0 to 1 counts as 0 or 1 here.

    Args:
        soften: Whether to soften the groundtruth.
    """

    activation = "sigmoid"

    def __init__(self, *, soften: bool = True) -> None:
        self.soften = soften

    def __call__(self, output_NCHW: Tensor, groundtruth_NCHW: Tensor) -> Tensor:
        """The mean over all pixels, a scalar in float32."""
        logits, matte = output_NCHW.float(), groundtruth_NCHW.float()
        if self.soften:
            matte = softened(matte)
        matte = matte.clamp(0.0, 1.0)
        entropy = functional.binary_cross_entropy_with_logits(logits, matte)
        return entropy + (torch.sigmoid(logits) - matte).abs().mean()


def softened(matte_NCHW: Tensor) -> Tensor:
    """The mean of each pixel's 3x3 neighbours; the border is continued outwards."""
    m = functional.pad(matte_NCHW, (1, 1, 1, 1), mode="replicate")
    rows = m[..., :-2, :] + m[..., 1:-1, :] + m[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0
