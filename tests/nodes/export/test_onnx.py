"""A model as one ONNX file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from small_deformer import bar_deformer
from small_image_model import read_image_model, write_image_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.models.describing import described
from understudy.nodes.learning.images.foreign_model import read_foreign_model

if TYPE_CHECKING:
    from pathlib import Path


def test_a_deformer_says_what_goes_in(tmp_path: Path, bar_cat: Path) -> None:
    """One input, one output, and the names and ranges of the input's columns in the metadata."""
    written = export(bar_cat, "onnx", tmp_path / "out" / "bar.onnx")

    session = onnxruntime.InferenceSession(written.files[0], providers=["CPUExecutionProvider"])
    notes = json.loads(session.get_modelmeta().custom_metadata_map["understudy"])
    expected = json.loads(json.dumps(described(bar_deformer(tmp_path))))
    assert notes["controlDefinitions"] == expected["controlDefinitions"]
    assert notes["understudy"]["difference"] == written.difference
    assert [one.name for one in session.get_inputs() + session.get_outputs()] == ["inputs", "deltas"]
    assert session.get_inputs()[0].shape[1] == len(notes["controlDefinitions"])
    assert written.size == written.files[0].stat().st_size


def test_a_broken_deformer_is_not_written(
    tmp_path: Path, bar_cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results are compared before anything is written."""
    from understudy.nodes.learning.deformers import onnx_export

    correct = onnx_export._ridge
    monkeypatch.setattr(
        onnx_export, "_ridge", lambda graph, *others: graph.add("Neg", correct(graph, *others))
    )

    with pytest.raises(UnderstudyError, match="The result of the ONNX model differs"):
        export(bar_cat, "onnx", tmp_path / "bar.onnx")

    assert not (tmp_path / "bar.onnx").exists()


@pytest.mark.parametrize("share", [3e-3, float("nan")])
def test_an_image_model_with_one_changed_weight_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """The last layer's weights in the file are a little larger, or one is no number; the old file stays."""
    from understudy.nodes.export.models import torch_onnx

    correct = torch_onnx.traced

    def sabotaged(*arguments: object) -> bytes:
        model = onnx.load_model_from_string(correct(*arguments))
        (weights,) = (one for one in model.graph.initializer if one.name == "network.last.weight")
        changed = onnx.numpy_helper.to_array(weights) * (1.0 + share)
        weights.CopyFrom(onnx.numpy_helper.from_array(changed.astype("float32"), weights.name))
        return model.SerializeToString()

    monkeypatch.setattr(torch_onnx, "traced", sabotaged)
    path = tmp_path / "m.onnx"
    path.write_bytes(b"the export of yesterday")

    with pytest.raises(UnderstudyError, match=r"differs from ours by .* expected at most 1e-04"):
        export(write_image_model(tmp_path / "m.cat"), "onnx", path)

    assert path.read_bytes() == b"the export of yesterday"


def test_a_graph_that_answers_in_another_size_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the crop, what was padded comes back."""
    from understudy.nodes.export.models.pixels import Pixels

    correct = Pixels.forward

    def uncropped(self: Pixels, pixels: object) -> object:
        found = correct(self, pixels)  # type: ignore[arg-type]
        return found.repeat(1, 1, 1, 2)

    monkeypatch.setattr(Pixels, "forward", uncropped)

    with pytest.raises(UnderstudyError, match=r"gives a result of shape \(1, 1, 64, 128\)"):
        export(write_image_model(tmp_path / "m.cat"), "onnx", tmp_path / "m.onnx")


def test_inference_takes_the_file_as_it_takes_any(tmp_path: Path) -> None:
    """Channels, stride and reach stand in its metadata; in tiles it gives what the checkpoint gives."""
    cat = write_image_model(tmp_path / "m.cat", outputs=("R", "G", "B"), curve="log")
    export(cat, "onnx", tmp_path / "m.onnx")
    frame = np.random.Generator(np.random.Philox(key=2)).random((70, 90, 3), np.float32)

    found = read_foreign_model(str(tmp_path / "m.onnx"), 1).apply(
        frame, precision="float32", device="cpu", tile=64
    )

    ours = read_image_model(cat).apply(frame, precision="float32", device="cpu")
    assert np.abs(found - ours).max() < 1e-4 * np.ptp(ours)
