"""A deformer as one ONNX file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from small_deformer import bar_deformer

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.describing import described
from understudy.nodes.export.onnx import export

if TYPE_CHECKING:
    from pathlib import Path

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")


def test_the_file_says_what_goes_in(tmp_path: Path) -> None:
    """One input, one output, and the names and ranges of the input's columns in the metadata."""
    deformer = bar_deformer(tmp_path)

    report = export(deformer, tmp_path / "bar.onnx")

    session = onnxruntime.InferenceSession(tmp_path / "bar.onnx", providers=["CPUExecutionProvider"])
    notes = json.loads(session.get_modelmeta().custom_metadata_map["understudy"])
    assert notes == json.loads(json.dumps(described(deformer)))
    assert [one.name for one in session.get_inputs() + session.get_outputs()] == ["inputs", "deltas"]
    assert session.get_inputs()[0].shape[1] == len(notes["controlDefinitions"])
    assert report.size == (tmp_path / "bar.onnx").stat().st_size


def test_a_model_that_computes_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Results are compared before anything is written."""
    from understudy.nodes.learning.deformers import onnx_export

    correct = onnx_export._ridge
    monkeypatch.setattr(
        onnx_export, "_ridge", lambda graph, *others: graph.add("Neg", correct(graph, *others))
    )

    with pytest.raises(UnderstudyError, match="differs from ours by"):
        export(bar_deformer(tmp_path), tmp_path / "bar.onnx")

    assert not (tmp_path / "bar.onnx").exists()
