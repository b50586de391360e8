"""Models from elsewhere: an ONNX file and a sidecar are applied like a checkpoint of ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from foreign_models import (
    RGB,
    blur,
    node,
    resize,
    resized_and_blurred,
    shuffle_weights,
    shuffled,
    write_model,
)
from onnx import helper
from torch.nn import functional

from understudy.graph.errors import FormatError
from understudy.nodes.learning.images.foreign_model import read_foreign_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

    from understudy.nodes.learning.images.model import ImageModel


def _pixels(height: int = 37, width: int = 53) -> NDArray[np.float32]:
    return np.random.Generator(np.random.Philox(3)).random((height, width, 3), np.float32)


def _apply(model: ImageModel, pixels: NDArray[np.float32], tile: int | str = "whole") -> NDArray[np.float32]:
    return model.apply(pixels, precision="float32", device="cpu", tile=tile)


def test_it_gives_what_the_file_computes(tmp_path: Path) -> None:
    """A box filter from a file is a box filter; the sidecar names the channels."""
    model, pixels = read_foreign_model(write_model(tmp_path, blur()), threads=1), _pixels()
    assert ("R", "G", "B") == model.inputs == model.outputs
    expected = pixels[3:6, 7:10].mean((0, 1))
    np.testing.assert_allclose(_apply(model, pixels)[4, 8], expected, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 8])
def test_stride_and_reach_are_found(tmp_path: Path, stride: int) -> None:
    """What nobody says is tried out, well enough that tiles give the whole frame's pixels."""
    model, pixels = read_foreign_model(write_model(tmp_path, blur(stride)), threads=1), _pixels(300, 280)
    assert model.geometry().stride == stride
    np.testing.assert_allclose(_apply(model, pixels, tile=96), _apply(model, pixels), atol=1e-6)


def test_ranges_are_brought_to_what_the_model_takes_and_back(tmp_path: Path) -> None:
    """A model of 0 to 255, mean and deviation sees those; its result of 0 to 255 comes back as 0 to 1."""
    said = RGB + "range = [0.0, 255.0]\nmean = [10.0, 20.0, 30.0]\ndeviation = [2.0, 4.0, 5.0]\n"
    model = read_foreign_model(write_model(tmp_path, [node("Identity", "x", "y")], said), 1)
    found = _apply(model, np.full((16, 16, 3), 0.5, np.float32))
    expected = (127.5 - np.array([10.0, 20.0, 30.0])) / np.array([2.0, 4.0, 5.0]) / 255
    np.testing.assert_allclose(found[8, 8], expected, rtol=1e-5)


def test_metadata_of_ours_needs_no_sidecar(tmp_path: Path) -> None:
    """Channels and geometry are read from the metadata that this program writes."""
    said = {"inputs": ["R", "G", "B"], "outputs": ["R", "G", "B"], "stride": 4, "reach": 12}
    path = write_model(tmp_path, blur(), None, notes={"understudy": json.dumps(said)})
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
        (RGB + "scale = 2", "says scale = 2, and a picture of 98 x 97 became one of 98 x 97"),
    ],
)
def test_a_sidecar_that_does_not_fit_is_refused(tmp_path: Path, sidecar: str | None, sentence: str) -> None:
    """Missing, damaged, misspelt and contradicting sidecars: a sentence that says what to write."""
    with pytest.raises(FormatError, match=sentence):
        read_foreign_model(write_model(tmp_path, blur(), sidecar), threads=1)


def test_models_of_another_kind_are_refused(tmp_path: Path) -> None:
    """Two inputs, one size only, the whole picture at once, and no model at all."""
    both = [helper.make_node("Add", ["x", "x2"], ["y"])]
    with pytest.raises(FormatError, match=r"2 inputs \(x, x2\)"):
        read_foreign_model(write_model(tmp_path, both, inputs=("x", "x2")), threads=1)
    with pytest.raises(FormatError, match=r"one size only \(64 x 64\)"):
        read_foreign_model(write_model(tmp_path, blur(), size=(64, 64)), threads=1)
    everything = [node("GlobalAveragePool", "x", "m"), node("Add", "xm", "y")]
    with pytest.raises(FormatError, match=r"computed alike everywhere|sees farther"):
        read_foreign_model(write_model(tmp_path, everything), threads=1)
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    with pytest.raises(FormatError, match="this is no ONNX model"):
        read_foreign_model(str(path), threads=1)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("enlarger", [resized_and_blurred, shuffled])
def test_a_model_that_enlarges_is_tiled_like_any(
    tmp_path: Path, enlarger: Callable[[int], list[Any]], scale: int
) -> None:
    """Its scale is tried out; tiles of 64 give the pixels of the whole frame, whose sides are odd."""
    model, pixels = read_foreign_model(write_model(tmp_path, enlarger(scale)), threads=1), _pixels(131, 157)
    whole = _apply(model, pixels)
    assert model.geometry().scale == scale
    assert whole.shape == (131 * scale, 157 * scale, 3)
    np.testing.assert_allclose(_apply(model, pixels, tile=64), whole, atol=1e-6)


def test_an_enlarged_picture_is_what_the_file_computes(tmp_path: Path) -> None:
    """A pixel shuffle in ONNX is that of torch, every pixel in its place."""
    model, pixels = read_foreign_model(write_model(tmp_path, shuffled(2)), threads=1), _pixels()
    x_NCHW = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    deep = functional.conv2d(x_NCHW, torch.from_numpy(shuffle_weights(2)), padding=2)
    expected = functional.pixel_shuffle(deep, 2)[0].permute(1, 2, 0)
    np.testing.assert_allclose(_apply(model, pixels), expected, atol=1e-5)


def test_a_model_that_enlarges_may_have_a_grid(tmp_path: Path) -> None:
    """Means of 4 x 4 pixels, spread over 8 x 8: stride 4, scale 2, seen no farther than a cell."""
    pool = node("AveragePool", "x", "p", kernel_shape=[4, 4], strides=[4, 4])
    model = read_foreign_model(write_model(tmp_path, [pool, *resize("p", "y", 8)]), threads=1)
    pixels, seen = _pixels(150, 141), model.geometry()
    assert (seen.stride, seen.scale) == (4, 2)
    assert seen.reach <= 8
    np.testing.assert_allclose(_apply(model, pixels, tile=64), _apply(model, pixels), atol=1e-6)


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        (
            resize("x", "y", 1.5),
            r"a whole number of times as large: a picture of 128 x 64 became .* 192 x 96",
        ),
        (resize("x", "y", 0.5), r"a whole number of times as large: a picture of 128 x 64 became .* 64 x 32"),
        (
            resize("x", "y", 2, mode="linear", coordinate_transformation_mode="align_corners"),
            "not computed alike everywhere",
        ),
    ],
)
def test_pictures_of_other_sizes_are_refused(tmp_path: Path, nodes: list[Any], sentence: str) -> None:
    """One and a half times as large, half as large, and stretched from corner to corner, which no tile is."""
    with pytest.raises(FormatError, match=sentence):
        read_foreign_model(write_model(tmp_path, nodes), threads=1)
