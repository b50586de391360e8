"""Deformers as ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.onnx_export import export_onnx, onnx_bytes
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes

pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")


@pytest.mark.parametrize("form", ["ridge", "kernel", "net"])
def test_the_exported_model_gives_our_result(
    tmp_path: Path, bar: dict[str, PosedMeshes], prepared: Prepared, form: str
) -> None:
    """Each form runs elsewhere with differences of rounding only; equal models are equal files."""
    forms = {"ridge": prepared.ridge, "kernel": prepared.kernel}
    predictor = forms.get(form) or local_net.numpy_net(local_net.build(prepared))
    deformer = prepared.deformer(predictor)
    test = bar["test"]
    inputs = deformer.inputs.values(test.rig, test.controls, test.joint_matrices)

    report = export_onnx(deformer, tmp_path / "bar.onnx", inputs)

    assert report.difference <= 1e-5
    assert (tmp_path / "bar.onnx").read_bytes() == onnx_bytes(deformer)


@pytest.mark.parametrize(
    "settings",
    [
        DeformerSettings(mode="global", output="vertices"),
        DeformerSettings(mode="differential", limit=8),
    ],
    ids=["vertices", "differential"],
)
def test_other_decoders_are_exported(
    tmp_path: Path, bar: dict[str, PosedMeshes], settings: DeformerSettings
) -> None:
    """Deltas of vertices and the folded differential solve give our result, too."""
    deformer = prepare(bar["train"], bar["val"], settings)
    test = bar["test"]
    inputs = deformer.inputs.values(test.rig, test.controls, test.joint_matrices)

    report = export_onnx(deformer.deformer(deformer.ridge), tmp_path / "bar.onnx", inputs)

    assert report.difference <= 1e-5
