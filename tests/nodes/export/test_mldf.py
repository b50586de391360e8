"""A deformer as a folder with model and metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_deformer import bar_deformer
from small_rig import bar_poses, bar_rig

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.mldf import export

if TYPE_CHECKING:
    from pathlib import Path

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
pytest.importorskip("onnx", reason="the extra `export` is not installed")


def test_the_folder_alone_is_enough_to_play_poses(tmp_path: Path) -> None:
    """By the metadata's names another program fills the input, and gets our deltas."""
    deformer = bar_deformer(tmp_path, rotation="quaternion")
    report = export(deformer, tmp_path / "out" / "bar.mldf")
    folder = tmp_path / "out" / "bar.mldf"
    told = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    poses = bar_poses(bar_rig(), 5, 3)
    half = {
        name: _half_angles(poses["joint_matrices"], joint) for joint, name in ((1, "lower"), (2, "upper"))
    }
    values = {"flex": poses["controls"][:, 0]}
    for name, angles in half.items():
        values |= {f"{name}.rotation.w": np.cos(angles), f"{name}.rotation.z": np.sin(angles)}
    given = np.stack([values[one["plug"]] for one in told["controlDefinitions"]], axis=1).astype(np.float32)

    model = folder / told["understudy"]["model"]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run([told["understudy"]["output"]], {told["understudy"]["input"]: given})

    expected = deformer.deltas(poses["controls"], poses["joint_matrices"])
    assert np.abs(found - expected).max() < 1e-5 * deformer.rig.diagonal
    assert told["understudy"]["difference"] == report.difference


def _half_angles(matrices: np.ndarray, joint: int) -> np.ndarray:
    """Half of the angle about z by which a joint is turned against its parent."""
    angles = np.arctan2(matrices[:, :, 1, 0], matrices[:, :, 0, 0])
    return (angles[:, joint] - angles[:, joint - 1]) / 2.0


def test_an_export_is_replaced_by_the_next(tmp_path: Path) -> None:
    """The same command again gives the same folder."""
    folder = tmp_path / "bar.mldf"
    deformer = bar_deformer(tmp_path)
    export(deformer, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    export(deformer, folder)

    assert set(before) == {"model.onnx", "metadata.json"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_metadata_of_another_program_stays(tmp_path: Path) -> None:
    """A folder that Maya wrote is left alone."""
    folder = tmp_path / "maya.mldf"
    folder.mkdir()
    (folder / "metadata.json").write_text('{"version": {"major": 1}}')

    with pytest.raises(UnderstudyError, match="written by another program"):
        export(bar_deformer(tmp_path), folder)

    assert [path.name for path in folder.iterdir()] == ["metadata.json"]
    assert (folder / "metadata.json").read_text() == '{"version": {"major": 1}}'
