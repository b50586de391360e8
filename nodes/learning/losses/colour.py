"""The loss of a colour effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


class ColourLoss:
    """The mean absolute error of encoded pixels, so that bright and dark values count alike."""

    activation = "identity"

    def __call__(self, output_NCHW: Tensor, groundtruth_NCHW: Tensor) -> Tensor:
        """The mean over all pixels and channels, a scalar in float32."""
        return (output_NCHW.float() - groundtruth_NCHW.float()).abs().mean()
