"""Models from elsewhere as ONNX files: a blur, and what enlarges pictures as published networks do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

from onnx import TensorProto, helper, numpy_helper

RGB = 'inputs = ["R", "G", "B"]\n'


def write_model(
    folder: Path,
    nodes: list[Any],
    sidecar: str | None = RGB,
    *,
    size: tuple[Any, Any] = ("H", "W"),
    inputs: tuple[str, ...] = ("x",),
    notes: dict[str, str] | None = None,
) -> str:
    """Writes an ONNX model of `x` to `y`, and its sidecar."""
    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, *size]) for name in inputs]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, "C", "h", "w"])
    model = helper.make_model(
        helper.make_graph(nodes, "model", ports, [result]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    helper.set_model_props(model, notes or {})
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    if sidecar is not None:
        path.with_suffix(".toml").write_text(sidecar)
    return str(path)


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    """A node by the names of its inputs, one letter each; a dash is an input that is left out."""
    return helper.make_node(kind, [name.strip("-") for name in inputs], [output], **attributes)


def constant(name: str, values: NDArray[np.float32]) -> Any:
    """A node that gives an array."""
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(values))


def resize(inputs: str, output: str, factor: float, **attributes: Any) -> list[Any]:
    """Height and width times a factor, each pixel repeated unless attributes say otherwise."""
    nearest = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
    scales = constant("s", np.array([1, 1, factor, factor], np.float32))
    return [scales, node("Resize", f"{inputs}-s", output, **(attributes or nearest))]


def box() -> Any:
    """Weights `w` of a 3x3 mean of each of three channels."""
    weights = np.zeros((3, 3, 3, 3), np.float32)
    weights[range(3), range(3)] = 1 / 9
    return constant("w", weights)


def blur(stride: int = 1) -> list[Any]:
    """A 3x3 box over three channels; with a stride, averages of blocks spread out again."""
    if stride == 1:
        return [box(), node("Conv", "xw", "y", pads=[1, 1, 1, 1])]
    shape = [stride, stride]
    pool = node("AveragePool", "x", "p", kernel_shape=shape, strides=shape)
    return [pool, *resize("p", "y", stride)]


def resized_and_blurred(scale: int) -> list[Any]:
    """Each pixel repeated, then the box: the plain way to enlarge."""
    return [*resize("x", "r", scale), box(), node("Conv", "rw", "y", pads=[1, 1, 1, 1])]


def shuffle_weights(scale: int) -> NDArray[np.float32]:
    """Of a convolution that makes `3 * scale**2` channels of three."""
    shape = (3 * scale**2, 3, 5, 5)
    return np.random.Generator(np.random.Philox(scale)).normal(0, 0.2, shape).astype(np.float32)


def shuffled(scale: int) -> list[Any]:
    """A convolution whose channels become pixels (Shi et al. 2016), as most published networks end."""
    return [
        constant("w", shuffle_weights(scale)),
        node("Conv", "xw", "d", pads=[2, 2, 2, 2]),
        node("DepthToSpace", "d", "y", blocksize=scale, mode="CRD"),
    ]
