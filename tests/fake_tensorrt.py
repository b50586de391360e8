"""TensorRT as far as its documented interface is used, computed by ONNX Runtime, and a GPU that is none.

An engine is the ONNX model behind the name of the GPU that it was built for.
"""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import onnxruntime
import torch

if TYPE_CHECKING:
    import pytest

__version__ = "10.9.0"
NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
BuilderFlag = SimpleNamespace(TF32=6)
calls: list[Any] = []
"""What was asked for, in order."""

state: dict[str, Any] = {}
"""`gpu`: its name. `memory`: whether there is some. `operators`: whether the parser knows them."""


def install(patch: pytest.MonkeyPatch, gpu: str = "NVIDIA RTX 6000") -> None:
    """Puts the package and the GPU in place for a test."""
    import sys

    calls.clear()
    state.update(gpu=gpu, memory=True, operators=True)
    patch.setitem(sys.modules, "tensorrt", sys.modules[__name__])
    patch.setattr(torch.cuda, "is_available", lambda: True)
    patch.setattr(torch.cuda, "get_device_name", lambda: state["gpu"])
    patch.setattr(torch.cuda, "mem_get_info", lambda: (2**30, 48 * 2**30))
    stream = SimpleNamespace(cuda_stream=7, synchronize=lambda: calls.append("synchronized"))
    patch.setattr(torch.cuda, "current_stream", lambda: stream)
    patch.setattr(torch.Tensor, "cuda", lambda self: self)


class Logger:
    """Says nothing."""

    ERROR = 1

    def __init__(self, severity: int) -> None:
        assert severity == Logger.ERROR


class Builder:
    """Builds engines."""

    def __init__(self, logger: Logger) -> None:
        assert isinstance(logger, Logger)

    def create_network(self, flags: int) -> SimpleNamespace:
        """A network of strong types."""
        assert flags == 1 << NetworkDefinitionCreationFlag.STRONGLY_TYPED
        return SimpleNamespace(data=b"", get_input=lambda *_: self._given)

    def create_builder_config(self) -> SimpleNamespace:
        """How to build it."""
        return SimpleNamespace(
            clear_flag=lambda flag: calls.append(("clear", flag)),
            add_optimization_profile=lambda *_: calls.append("profile"),
        )

    def create_optimization_profile(self) -> SimpleNamespace:
        """Which shapes."""
        return SimpleNamespace(set_shape=lambda *shapes: calls.append(shapes))

    _given = SimpleNamespace(name="pixels", shape=(-1, 3, -1, -1))

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        """The engine; None without memory, as the documentation says."""
        assert config is not None
        calls.append("built")
        return state["gpu"].encode() + b"\0" + network.data if state["memory"] else None


class OnnxParser:
    """Reads ONNX into a network."""

    num_errors = 1

    def __init__(self, network: Any, logger: Logger) -> None:
        assert isinstance(logger, Logger)
        self._network = network

    def parse(self, data: bytes) -> bool:
        """Whether all operators are known."""
        onnx.checker.check_model(onnx.load_model_from_string(data))
        self._network.data = data
        return bool(state["operators"])

    def get_error(self, index: int) -> SimpleNamespace:
        """What was not."""
        assert index == 0
        return SimpleNamespace(desc=lambda: "No importer registered for op: Bent")


class Runtime:
    """Loads engines."""

    def __init__(self, logger: Logger) -> None:
        assert isinstance(logger, Logger)

    def deserialize_cuda_engine(self, data: bytes) -> Engine | None:
        """None for an engine of another GPU."""
        gpu, _, model = data.partition(b"\0")
        return Engine(model) if gpu.decode() == state["gpu"] else None


class Engine:
    """A loaded engine."""

    def __init__(self, data: bytes) -> None:
        self._session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        self._ends = [*self._session.get_inputs(), *self._session.get_outputs()]

    def get_tensor_name(self, place: int) -> str:
        """The input's name, then the output's."""
        return str(self._ends[place].name)

    def create_execution_context(self) -> Context:
        """What runs it."""
        return Context(self._session, self._ends[1].shape[1])


class Context:
    """Runs an engine on memory of the processor."""

    def __init__(self, session: Any, outputs: int) -> None:
        self._session, self._outputs = session, outputs
        self._shape: tuple[int, ...] = ()
        self._places: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        """The size of what comes."""
        assert name == self._session.get_inputs()[0].name
        self._shape = shape
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        """The size of what will be given."""
        assert name == self._session.get_outputs()[0].name
        return (self._shape[0], self._outputs, *self._shape[2:])

    def set_tensor_address(self, name: str, address: int) -> bool:
        """Where a tensor lies."""
        self._places[name] = address
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Computes, from memory to memory."""
        assert stream_handle == 7
        (given,), (found,) = self._session.get_inputs(), self._session.get_outputs()
        (result,) = self._session.run(None, {given.name: self._array(given.name, self._shape)})
        self._array(found.name, result.shape)[...] = result
        return True

    def _array(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self._places[name])
        return np.frombuffer(memory, np.float32).reshape(shape)
