"""ONNX Runtime: a network as ONNX, computed in float32."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from understudy.nodes.learning.backends.conversion import as_onnx

if TYPE_CHECKING:
    from understudy.nodes.learning.backends.backend import Load


class Session(nn.Module):
    """A network in a session of ONNX Runtime; threads may call it at the same time.

    Args:
        session: What computes it; called only where it has one input and one output.

    Attributes:
        inputs: Name, type and shape of each input; a dimension of any length is no number.
        outputs: The same of each output.
        metadata: What the model says of itself.
    """

    def __init__(self, session: Any) -> None:
        super().__init__()
        self._session = session
        self.inputs = [(port.name, port.type, port.shape) for port in session.get_inputs()]
        self.outputs = [(port.name, port.type, port.shape) for port in session.get_outputs()]
        self.metadata = dict(session.get_modelmeta().custom_metadata_map)

    def forward(self, x_NCHW: Tensor) -> Tensor:
        """The network's output, float32."""
        (found,) = self._session.run(None, {self.inputs[0][0]: x_NCHW.contiguous().numpy()})
        return torch.from_numpy(found)


def session_of(data: bytes, threads: int) -> Session:
    """A session that computes an ONNX model on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return Session(onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"]))


def compiled(module: nn.Module, load: Load) -> Session:
    """The module as ONNX, in a session; it computes in float32 whatever the precision.

    Raises:
        UnderstudyError: The network has an operator that ONNX lacks.
    """
    return session_of(as_onnx(module, load), load.threads)
