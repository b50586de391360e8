"""An engine of TensorRT: built of ONNX for the GPU that is here, and played on it.

Written against the documented Python interface of TensorRT 10 and 11 (Builder, OnnxParser, IBuilderConfig,
Runtime, IExecutionContext).
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPES = "64x64 1920x1080 4096x2160"
MOST_AT_ONCE = 4
"""Frames that an engine takes at once."""

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


@dataclass(frozen=True, slots=True)
class Shapes:
    """The frames that an engine takes: (height, width) of the smallest, the best and the largest."""

    least: tuple[int, int]
    best: tuple[int, int]
    most: tuple[int, int]

    @classmethod
    def parse(cls, text: str) -> Shapes:
        """What a person wrote, such as "64x64 1920x1080 4096x2160", widths first.

        Raises:
            UnderstudyError: It is not three sizes that grow.
        """
        found = [_SIZE.fullmatch(word) for word in (text or SHAPES).split()]
        sizes = [(int(one[2]), int(one[1])) for one in found if one]
        grows = len(found) == len(sizes) == 3 and all(
            0 < axis[0] <= axis[1] <= axis[2] for axis in zip(*sizes, strict=True)
        )
        if not grows:
            raise UnderstudyError(
                f'"{text}" are no shapes; expected the smallest, the best and the largest frame, such as '
                f'"{SHAPES}".'
            )
        return cls(*sizes)

    def fitted(self, sample: NDArray[np.float32]) -> NDArray[np.float32]:
        """A sample repeated or cut to a size that the engine takes."""
        wanted = [min(max(sample.shape[2 + i], self.least[i]), self.most[i]) for i in (0, 1)]
        rows, columns = (np.arange(wanted[i]) % sample.shape[2 + i] for i in (0, 1))
        return np.ascontiguousarray(sample[:MOST_AT_ONCE, :, rows][:, :, :, columns])


def tensorrt() -> Any:
    """The package, where there is a GPU for it.

    Raises:
        UnderstudyError: It is missing, or there is no GPU.
    """
    try:
        found = importlib.import_module("tensorrt")
    except ImportError as error:
        raise UnderstudyError('This format needs tensorrt: pip install "understudy[tensorrt]".') from error
    if not torch.cuda.is_available():
        raise UnderstudyError(
            "TensorRT builds an engine for the GPU that is to run it, and there is none here that torch sees."
            " Export on the machine that will."
        )
    return found


def engine_bytes(trt: Any, data: bytes, shapes: Shapes) -> bytes:
    """The engine of an ONNX model with one input, for the GPU that is here, of the model's own precision.

    Raises:
        UnderstudyError: TensorRT lacks an operator, or the GPU has no memory for it.
    """
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    typed = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)  # 11 knows nothing else
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(data):
        raise UnderstudyError(f"TensorRT can't read the model: {parser.get_error(0).desc()}")
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)  # its 10 bits of mantissa are off by 1e-3
    given = network.get_input(0)
    profile, channels = builder.create_optimization_profile(), given.shape[1]
    profile.set_shape(
        given.name,
        (1, channels, *shapes.least),
        (1, channels, *shapes.best),
        (MOST_AT_ONCE, channels, *shapes.most),
    )
    config.add_optimization_profile(profile)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise no_memory("TensorRT could not build the engine")
    return bytes(engine)


def no_memory(what: str) -> UnderstudyError:
    """The error that says how much memory the GPU has left, and what to do."""
    free, whole = (amount / 2**30 for amount in torch.cuda.mem_get_info())
    return UnderstudyError(
        f"{what}; {torch.cuda.get_device_name()} has {free:.1f} of {whole:.1f} GB free. End what else uses "
        "it, or ask for a smaller largest frame with the option shapes."
    )


class Engine:
    """An engine that was loaded.

    Args:
        trt: The package.
        data: The engine, as a file holds it.

    Raises:
        UnderstudyError: It was built for another GPU or version, or is damaged.
    """

    def __init__(self, trt: Any, data: bytes) -> None:
        self.data = data
        self._runtime = trt.Runtime(trt.Logger(trt.Logger.ERROR))
        self._engine = self._runtime.deserialize_cuda_engine(data)
        if self._engine is None:
            raise UnderstudyError("TensorRT can't load this engine.")
        self._context = self._engine.create_execution_context()
        if self._context is None:
            raise no_memory("TensorRT found no memory to run the engine")
        self._names = [self._engine.get_tensor_name(place) for place in range(2)]

    def play(self, sample: NDArray[np.float32]) -> NDArray[np.float32]:
        """The result for a sample `(N, C, H, W)` float32.

        Raises:
            UnderstudyError: The GPU has no memory for it, or the engine failed.
        """
        try:
            given = torch.from_numpy(sample).cuda().contiguous()
            self._context.set_input_shape(self._names[0], tuple(given.shape))
            shape = tuple(self._context.get_tensor_shape(self._names[1]))
            found = torch.empty(shape, dtype=given.dtype, device=given.device)
        except torch.cuda.OutOfMemoryError as error:
            raise no_memory("The frame does not fit the GPU") from error
        stream = torch.cuda.current_stream()
        for name, tensor in zip(self._names, (given, found), strict=True):
            self._context.set_tensor_address(name, tensor.data_ptr())
        if not self._context.execute_async_v3(stream.cuda_stream):
            raise no_memory("TensorRT could not run the engine")
        stream.synchronize()
        return np.asarray(found.cpu().numpy())
