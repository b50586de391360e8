"""Deformers as ONNX."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.onnx_export import INPUT, OUTPUT, onnx_bytes
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes


@pytest.mark.parametrize("form", ["ridge", "kernel", "net", "nets"])
def test_the_exported_model_gives_our_result(
    tmp_path: Path, bar: dict[str, PosedMeshes], prepared: Prepared, form: str
) -> None:
    """Each form runs elsewhere with differences of rounding only; equal models are equal files."""
    forms = {"ridge": prepared.ridge, "kernel": prepared.kernel}
    several = replace(prepared, settings=replace(prepared.settings, members=3 if form == "nets" else 1))
    predictor = forms.get(form) or local_net.numpy_net(local_net.build(several))
    deformer = prepared.deformer(predictor)
    test = bar["test"]
    inputs = deformer.inputs.values(test.rig, test.controls, test.joint_matrices)

    data = onnx_bytes(deformer)

    assert _difference(deformer, data, inputs) <= 1e-5
    assert data == onnx_bytes(deformer)


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

    made = deformer.deformer(deformer.ridge)

    assert _difference(made, onnx_bytes(made), inputs) <= 1e-5


def _difference(deformer: Deformer, data: bytes, inputs: np.ndarray) -> float:
    """Of ONNX Runtime's result from ours, as a share of the diagonal."""
    ours = deformer.decoder.deltas(deformer.predictor.predict(deformer.inputs.standardised(inputs)))
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (theirs,) = session.run([OUTPUT], {INPUT: inputs})
    return float(np.abs(ours - theirs).max()) / deformer.rig.diagonal
