"""OpenVINO: convolutions on Intel, AMD and Arm processors, in float32, or in bfloat16 where they have it."""

from __future__ import annotations

import copy
import threading
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from understudy.nodes.learning.backends.backend import Load

_TRACED = 64
"""Height and width of the crop that is traced; the traced network takes any."""

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class Compiled(nn.Module):
    """A network that OpenVINO compiled; threads may call it at the same time.

    Args:
        model: What `openvino.Core.compile_model` gave.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        self._model, self._own = model, threading.local()

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The network's output, float32."""
        if not hasattr(self._own, "request"):
            self._own.request = self._model.create_infer_request()
        pixels = x_NCHW.contiguous().numpy()
        found = self._own.request.infer([pixels], share_inputs=True, share_outputs=True)
        return torch.from_numpy(found[0].copy())


def compiled(module: nn.Module, load: Load) -> Compiled:
    """The module traced, converted and compiled, with a stream for each call that is made at once.

    Raises:
        UnderstudyError: The network has an operator that OpenVINO lacks.
    """
    import openvino

    plain = copy.deepcopy(module).cpu().float().eval()
    example = torch.zeros(1, load.channels, _TRACED, _TRACED)
    try:
        with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its tracer's, about torch's own future
            model = openvino.convert_model(plain, example_input=example)
            model.reshape([-1, load.channels, -1, -1])
            settings = {
                "INFERENCE_NUM_THREADS": load.at_once * load.threads,
                "NUM_STREAMS": load.at_once,
                "INFERENCE_PRECISION_HINT": _PRECISIONS[load.precision],
                "ENABLE_CPU_PINNING": False,
            }
            return Compiled(openvino.Core().compile_model(model, "CPU", settings))
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise UnderstudyError(f"OpenVINO can't compute this network: {first}") from error
