"""A deformer as a folder with model and metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
from small_deformer import bar_deformer, write_deformer
from small_rig import bar_poses, bar_rig

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folder_alone_is_enough_to_play_poses(tmp_path: Path) -> None:
    """By the metadata's names another program fills the input, and gets our deltas."""
    deformer = bar_deformer(tmp_path, rotation="quaternion")
    report = export(write_deformer(tmp_path / "bar.cat", deformer), "mldf", tmp_path / "out" / "bar.mldf")
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


def test_an_export_is_replaced_by_the_next(tmp_path: Path, bar_cat: Path) -> None:
    """The same command again gives the same folder, without what another model left there."""
    folder = tmp_path / "bar.mldf"
    export(bar_cat, "mldf", folder)
    before = contents(folder)
    (folder / "bases" / "segment_007.npz").write_bytes(b"of a model with more segments")

    export(bar_cat, "mldf", folder)

    names = {"model.onnx", "metadata.json", "predictor.npz", "player.py", "bases/segment_000.npz"}
    assert set(before) == names
    assert contents(folder) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by its name."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_metadata_of_another_program_stays(tmp_path: Path, bar_cat: Path) -> None:
    """A folder that Maya wrote is left alone."""
    folder = tmp_path / "maya.mldf"
    folder.mkdir()
    (folder / "metadata.json").write_text('{"version": {"major": 1}}')

    with pytest.raises(UnderstudyError, match="written by another program"):
        export(bar_cat, "mldf", folder)

    assert [path.name for path in folder.iterdir()] == ["metadata.json"]
    assert (folder / "metadata.json").read_text() == '{"version": {"major": 1}}'


def test_a_player_that_computes_something_else_stops_the_export(
    tmp_path: Path, bar_cat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A basis that lost its mean; nothing is written."""
    from understudy.nodes.export.models import playable

    correct = playable.bases
    monkeypatch.setattr(
        playable,
        "bases",
        lambda deformer: [each | {"mean": 0.0 * each["mean"]} for each in correct(deformer)],
    )

    with pytest.raises(UnderstudyError, match="The result of the player differs"):
        export(bar_cat, "mldf", tmp_path / "bar.mldf")

    assert not (tmp_path / "bar.mldf").exists()
