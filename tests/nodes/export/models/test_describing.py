"""What another program is told of a deformer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from small_deformer import bar_deformer
from small_rig import bar_poses, bar_rig

from understudy.nodes.export.models.describing import column_names, described, drawn_inputs

if TYPE_CHECKING:
    from pathlib import Path


def test_controls_have_the_range_that_was_trained_on(tmp_path: Path) -> None:
    """One entry for each input value, in the order of the model's columns, with its least and most value."""
    deformer = bar_deformer(tmp_path)

    found = described(deformer)["controlDefinitions"]

    poses = bar_poses(bar_rig(), 24, 0)
    assert found[0]["plug"] == "flex"
    assert [found[0]["min"], found[0]["max"]] == [poses["controls"].min(), poses["controls"].max()]
    assert [one["plug"] for one in found] == column_names(deformer)
    assert len(found) == len(deformer.inputs.columns)


def test_counts_are_of_the_whole_mesh_in_its_units(tmp_path: Path) -> None:
    """The model gives a delta for every vertex, so Maya's map of affected vertices is empty."""
    found = described(bar_deformer(tmp_path))

    counts = {name: found[name] for name in ("deltaCount", "affectCount", "fullCount", "affectMap")}
    assert counts == {"deltaCount": 320, "affectCount": 320, "fullCount": 320, "affectMap": []}
    assert found["deltaUnits"] == "units"
    assert found["understudy"]["controls"] == ["flex"]


def test_only_deltas_after_skinning_have_a_mode_of_maya(tmp_path: Path) -> None:
    """Offsets from skin, or from an unskinned rest shape, are dbp; deltas before skinning are not."""
    assert described(bar_deformer(tmp_path, "object"))["deltaExportType"] == "dbp"
    skinned = bar_deformer(tmp_path, "rest")
    bare = replace(skinned, rig=replace(skinned.rig, skin_weights=None))
    assert described(bare)["deltaExportType"] == "dbp"
    before = described(skinned)
    assert "deltaExportType" not in before
    assert before["understudy"]["deltas"] == "rest"


def test_a_joint_that_turns_about_z_has_four_varying_parts(tmp_path: Path) -> None:
    """Parts that never vary are no inputs; the names say which axis each of the others belongs to."""
    names = [name for name in column_names(bar_deformer(tmp_path)) if name.startswith("lower")]
    expected = ["x.x", "x.y", "y.x", "y.y"]
    assert names == [f"lower.rotation.{part}" for part in expected]
    turned = [name for name in column_names(bar_deformer(tmp_path, rotation="quaternion")) if "upper" in name]
    assert turned == ["upper.rotation.w", "upper.rotation.z"]


def test_drawn_inputs_look_like_poses(tmp_path: Path) -> None:
    """They stay inside the range, vary in every column about the mean, and are the same each time."""
    deformer = bar_deformer(tmp_path)
    inputs = deformer.inputs

    drawn = drawn_inputs(deformer)

    assert ((drawn >= inputs.least) & (drawn <= inputs.most)).all()
    assert (drawn.std(axis=0) > 0.3 * inputs.deviation).all()
    assert np.array_equal(drawn, drawn_inputs(deformer))
