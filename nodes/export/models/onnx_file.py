"""ONNX models: run by ONNX Runtime, compared with ours, and given their metadata."""

from __future__ import annotations

import importlib
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.exportable import largest_difference

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from understudy.nodes.export.models.exportable import Exportable

    Values = NDArray[np.float32]
    Play = Callable[[Values], Values]

METADATA = "understudy"
"""The name of the metadata; it holds JSON."""


def needed(package: str) -> Any:
    """A package that writes or runs ONNX.

    Raises:
        UnderstudyError: It is missing.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UnderstudyError(
            f"Export needs {package}, which is not installed: pip install {package}"
        ) from error


def checked_onnx(model: Exportable) -> tuple[bytes, float, Play]:
    """A model as ONNX with metadata, the largest difference of its results from ours, and what plays it.

    Raises:
        UnderstudyError: onnx or onnxruntime is missing, the model has an operator that ONNX lacks, or results
            differ.
    """
    onnx = needed("onnx")
    data = model.onnx()
    play = player(model, data)
    difference = largest_difference(model, play, "the ONNX model")
    made = onnx.load_model_from_string(data)
    notes = model.noted(opset=made.opset_import[0].version, difference=difference, tolerance=model.tolerance)
    onnx.helper.set_model_props(made, {METADATA: json.dumps(notes)})
    return bytes(made.SerializeToString(deterministic=True)), difference, play


def player(model: Exportable, data: bytes) -> Play:
    """What ONNX Runtime makes of an input, on one thread.

    Raises:
        UnderstudyError: onnxruntime is missing, or can't compute the model, then or later.
    """
    onnxruntime = needed("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _refused(error) from error

    def play(sample: Values) -> Values:
        try:
            return np.asarray(session.run([model.output], {model.input: sample})[0])
        except Exception as error:
            raise _refused(error) from error

    return play


def _refused(error: Exception) -> UnderstudyError:
    reason = str(error).rpartition("Status Message: ")[2].strip().partition("\n")[0].rstrip(".")
    return UnderstudyError(f"ONNX Runtime can't compute the exported model: {reason}. Nothing was written.")


def milliseconds(model: Exportable, play: Play) -> float:
    """How long one pose takes, the median of a hundred."""
    poses, times = model.samples[0], []
    for row in range(100):
        pose = poses[row % len(poses)][None]
        start = time.perf_counter()
        play(pose)
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))
