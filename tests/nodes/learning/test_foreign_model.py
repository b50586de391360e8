"""Models from elsewhere: an ONNX file and a sidecar are applied like a checkpoint of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy.graph.errors import FormatError
from understudy.nodes.learning.foreign_model import read_foreign_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from understudy.nodes.learning.image_model import ImageModel

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402 - it may be missing

RGB = 'inputs = ["R", "G", "B"]\n'


def _blur(stride: int = 1) -> list[Any]:
    """A 3x3 box over three channels; with a stride, averages of blocks spread out again."""
    box = np.zeros((3, 3, 3, 3), np.float32)
    box[range(3), range(3)] = 1 / 9
    weights = helper.make_node("Constant", [], ["w"], value=numpy_helper.from_array(box))
    if stride == 1:
        return [weights, helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])]
    shape, scales = [stride, stride], np.array([1, 1, stride, stride], np.float32)
    return [
        helper.make_node("AveragePool", ["x"], ["p"], kernel_shape=shape, strides=shape),
        helper.make_node("Constant", [], ["s"], value=numpy_helper.from_array(scales)),
        helper.make_node(
            "Resize",
            ["p", "", "s"],
            ["y"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
    ]


def _model(
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


def _pixels(height: int = 37, width: int = 53) -> NDArray[np.float32]:
    return np.random.Generator(np.random.Philox(3)).random((height, width, 3), np.float32)


def _apply(model: ImageModel, pixels: NDArray[np.float32], tile: int | str = "whole") -> NDArray[np.float32]:
    return model.apply(pixels, precision="float32", device="cpu", tile=tile)


def test_it_gives_what_the_file_computes(tmp_path: Path) -> None:
    """A box filter from a file is a box filter; the sidecar names the channels."""
    model, pixels = read_foreign_model(_model(tmp_path, _blur()), threads=1), _pixels()
    assert ("R", "G", "B") == model.inputs == model.outputs
    expected = pixels[3:6, 7:10].mean((0, 1))
    np.testing.assert_allclose(_apply(model, pixels)[4, 8], expected, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 8])
def test_stride_and_reach_are_found(tmp_path: Path, stride: int) -> None:
    """What nobody says is tried out, well enough that tiles give the whole frame's pixels."""
    model, pixels = read_foreign_model(_model(tmp_path, _blur(stride)), threads=1), _pixels(300, 280)
    assert model.geometry().stride == stride
    np.testing.assert_allclose(_apply(model, pixels, tile=96), _apply(model, pixels), atol=1e-6)


def test_ranges_are_brought_to_what_the_model_takes_and_back(tmp_path: Path) -> None:
    """A model of 0 to 255, mean and deviation sees those; its result of 0 to 255 comes back as 0 to 1."""
    said = RGB + "range = [0.0, 255.0]\nmean = [10.0, 20.0, 30.0]\ndeviation = [2.0, 4.0, 5.0]\n"
    model = read_foreign_model(_model(tmp_path, [helper.make_node("Identity", ["x"], ["y"])], said), 1)
    found = _apply(model, np.full((16, 16, 3), 0.5, np.float32))
    expected = (127.5 - np.array([10.0, 20.0, 30.0])) / np.array([2.0, 4.0, 5.0]) / 255
    np.testing.assert_allclose(found[8, 8], expected, rtol=1e-5)


def test_metadata_of_ours_needs_no_sidecar(tmp_path: Path) -> None:
    """Channels and geometry are read from the metadata that this program writes."""
    said = {"inputs": ["R", "G", "B"], "outputs": ["R", "G", "B"], "stride": 4, "reach": 12}
    path = _model(tmp_path, _blur(), None, notes={"understudy": json.dumps(said)})
    model = read_foreign_model(path, threads=1)
    assert (model.geometry().stride, model.geometry().reach) == (4, 12)


@pytest.mark.parametrize(
    ("sidecar", "sentence"),
    [
        (None, r"nothing says which channels it takes. Write model.toml"),
        ("inputs = [", "this is no TOML"),
        ('input = ["R"]', 'did you mean "inputs"'),
        ('inputs = "RGB"', "inputs is a list of channels"),
        ('inputs = ["Y"]', r"has 3 channels, and the sidecar or metadata names 1 \(Y\)"),
        (RGB + "range = [0.0]", "range is a list of 2 numbers"),
        (RGB + "range = [1.0, 1.0]", "of no width"),
        (RGB + "stride = 0", "stride is a whole number of pixels from 1"),
    ],
)
def test_a_sidecar_that_does_not_fit_is_refused(tmp_path: Path, sidecar: str | None, sentence: str) -> None:
    """Missing, damaged, misspelt and contradicting sidecars: a sentence that says what to write."""
    with pytest.raises(FormatError, match=sentence):
        read_foreign_model(_model(tmp_path, _blur(), sidecar), threads=1)


def test_models_of_another_kind_are_refused(tmp_path: Path) -> None:
    """Two inputs, one size only, more pixels out than in, the whole picture at once, and no model at all."""
    both = [helper.make_node("Add", ["x", "x2"], ["y"])]
    with pytest.raises(FormatError, match=r"2 inputs \(x, x2\)"):
        read_foreign_model(_model(tmp_path, both, inputs=("x", "x2")), threads=1)
    with pytest.raises(FormatError, match=r"one size only \(64 x 64\)"):
        read_foreign_model(_model(tmp_path, _blur(), size=(64, 64)), threads=1)
    doubled = [
        helper.make_node(
            "Constant", [], ["s"], value=numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32))
        ),
        helper.make_node("Resize", ["x", "", "s"], ["y"]),
    ]
    with pytest.raises(FormatError, match="no picture of the same size"):
        read_foreign_model(_model(tmp_path, doubled), threads=1)
    everything = [
        helper.make_node("GlobalAveragePool", ["x"], ["m"]),
        helper.make_node("Add", ["x", "m"], ["y"]),
    ]
    with pytest.raises(FormatError, match=r"computed alike everywhere|sees farther"):
        read_foreign_model(_model(tmp_path, everything), threads=1)
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(FormatError, match="this is no ONNX model"):
        read_foreign_model(str(path), threads=1)
