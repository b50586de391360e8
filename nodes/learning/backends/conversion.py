"""A network as ONNX, which is how it leaves torch for another library: in a fifth of a second."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.onnx_tracing import traced

if TYPE_CHECKING:
    from torch import nn

    from understudy.nodes.learning.backends.backend import Load

OPSET = 17
_TRACED = 64
"""Height and width of the crop that is traced; the traced network takes any."""


def as_onnx(module: nn.Module, load: Load) -> bytes:
    """The module as ONNX, in float32, for any batch, height and width.

    Raises:
        UnderstudyError: The network has an operator that ONNX lacks.
    """
    plain = copy.deepcopy(module).cpu().float().eval()
    sample = np.zeros((1, load.channels, _TRACED, _TRACED), np.float32)
    try:
        return traced(plain, sample, OPSET, ("input", "output"), {0: "N", 2: "H", 3: "W"})
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise UnderstudyError(f"ONNX can't hold this network: {first}") from error
