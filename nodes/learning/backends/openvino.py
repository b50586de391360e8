"""OpenVINO: convolutions on Intel, AMD and Arm processors, in float32, or in bfloat16 where they have it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.backends.conversion import as_onnx

if TYPE_CHECKING:
    from understudy.nodes.learning.backends.backend import Load

_cores: list[Any] = []
_core_is_made = threading.Lock()
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


def _core() -> Any:
    """OpenVINO's one core of this process, which is never let go of.

    A core gives the thread that makes it a stack for signal handlers, and frees that with itself. Where
    another thread lets go of it, the first is left with freed memory, and the next signal ends the process.

    Its table of types is made here too: two threads that infer for the first time at the same moment would
    wait for each other for ever, one with the table's lock and one with the interpreter's.
    """
    import openvino

    with _core_is_made:
        if not _cores:
            openvino.Type.f32.to_dtype()
            _cores.append(openvino.Core())
        return _cores[0]


def compiled(module: nn.Module, load: Load) -> Compiled:
    """The module by way of ONNX, compiled with a stream for each call that is made at once.

    Raises:
        UnderstudyError: The network has an operator that ONNX or OpenVINO lacks.
    """
    data = as_onnx(module, load)
    settings = {
        "INFERENCE_NUM_THREADS": load.at_once * load.threads,
        "NUM_STREAMS": load.at_once,
        "INFERENCE_PRECISION_HINT": _PRECISIONS[load.precision],
        "ENABLE_CPU_PINNING": False,
    }
    core = _core()
    try:
        return Compiled(core.compile_model(core.read_model(data), "CPU", settings))
    except RuntimeError as error:  # what all its errors are
        first = str(error).strip().partition("\n")[0]
        raise UnderstudyError(f"OpenVINO can't compute this network: {first}") from error
