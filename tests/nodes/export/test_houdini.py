"""ONNX for Houdini."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnxruntime
from small_image_model import write_image_model

from understudy.nodes.export.exporting import export

if TYPE_CHECKING:
    from pathlib import Path


def test_tensors_are_named_after_channels(tmp_path: Path) -> None:
    """Houdini shows these names, which say what to wire in which order."""
    cat = write_image_model(tmp_path / "m.cat", inputs=("diffuse.R", "Z"), outputs=("A",))

    written = export(cat, "houdini", tmp_path / "m.onnx")

    session = onnxruntime.InferenceSession(written.files[0], providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs() + session.get_outputs()]
    assert names == ["in_diffuse_R_Z", "out_A"]
    assert "press Setup Shapes from Model" in written.remarks[0]


def test_a_deformer_keeps_its_names(tmp_path: Path, bar_cat: Path) -> None:
    """Values in, deltas out."""
    written = export(bar_cat, "houdini", tmp_path / "bar.onnx")

    session = onnxruntime.InferenceSession(written.files[0], providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs() + session.get_outputs()] == ["inputs", "deltas"]
