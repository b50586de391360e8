"""Deformers as a whole: what they reach on poses never seen, and that they can be stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.deformer import built
from understudy.nodes.learning.deformers.measuring import errors, errors_by_group, errors_of
from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.deformers.splitting import held_out
from understudy.nodes.learning.deformers.training import conclude
from understudy.nodes.media.meshes import converting
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.skinning import SPACES, skinned

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes

Bar = dict[str, "PosedMeshes"]


def skinning_percent(poses: PosedMeshes) -> float:
    """The error of skinning alone."""
    base = skinned(poses.rig, poses.joint_matrices, len(poses), space="object")
    return errors(poses, [base.vertices]).percent


def test_the_kernel_beats_ridge_and_ridge_beats_skinning(bar: Bar, prepared: Prepared) -> None:
    """On poses never seen each closed form is several times better than the one below it."""
    ridge = errors_of(prepared.deformer(prepared.ridge), bar["test"]).percent
    kernel = errors_of(prepared.deformer(prepared.kernel), bar["test"]).percent

    assert ridge < 0.3 * skinning_percent(bar["test"])
    assert kernel < 0.2 * ridge


@pytest.mark.parametrize("space", SPACES)
def test_every_space_learns(bar: Bar, space: str) -> None:
    """Deltas before skinning, after it and without its stretch all beat skinning alone by far."""
    found = prepare(bar["train"], bar["val"], DeformerSettings(space=space))

    assert errors_of(found.deformer(found.kernel), bar["test"]).percent < 0.1 * skinning_percent(bar["test"])


def test_quaternions_learn_as_well(bar: Bar) -> None:
    """Rotations can be given as quaternions."""
    found = prepare(bar["train"], bar["val"], DeformerSettings(rotation="quaternion"))

    assert errors_of(found.deformer(found.kernel), bar["test"]).percent < 0.1 * skinning_percent(bar["test"])


@pytest.mark.parametrize(
    "settings",
    [
        DeformerSettings(mode="global", limit=16),
        DeformerSettings(mode="global", output="vertices"),
        DeformerSettings(mode="differential", limit=16, anchors=5.0),
    ],
    ids=["global shapes", "global vertices", "differential"],
)
def test_other_forms_beat_skinning(bar: Bar, settings: DeformerSettings) -> None:
    """The forms of other programs have a working ridge, too."""
    found = prepare(bar["train"], bar["val"], settings)

    assert errors_of(found.deformer(found.ridge), bar["test"]).percent < 0.5 * skinning_percent(bar["test"])


@pytest.mark.parametrize("mode", ["local", "global", "differential"])
def test_a_stored_deformer_plays_the_same(bar: Bar, mode: str) -> None:
    """Header and arrays alone rebuild a deformer that gives the same vertices, bit for bit."""
    found = prepare(bar["train"], bar["val"], DeformerSettings(mode=mode, limit=8))
    deformer = found.deformer(found.kernel or found.ridge)

    again = built(deformer.header(), deformer.arrays())

    for mine, its in zip(deformer.play(bar["test"]), again.play(bar["test"]), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_the_choice_is_never_worse_than_ridge_on_validation(bar: Bar, prepared: Prepared) -> None:
    """Whatever is chosen, its validation error is the least of the candidates."""
    end = conclude(prepared, bar["val"], None)

    assert end.percent[end.chosen] == min(end.percent.values())
    assert errors_of(end.deformer, bar["val"]).percent <= end.percent["ridge"]


def test_segments_do_not_see_joints_far_away(bar: Bar, prepared: Prepared) -> None:
    """Shares of each vertex sum to one over the segments that cover it."""
    sums = np.bincount(prepared.segments.vertices, prepared.segments.shares)
    covered = sums[sums > 0]

    np.testing.assert_allclose(np.ones(len(covered)), covered, atol=1e-5)


def test_controls_beyond_the_range_are_flagged_and_clamped(bar: Bar, prepared: Prepared) -> None:
    """A control at twice its limit is named, and clamping gives what the limit gives."""
    deformer = prepared.deformer(prepared.kernel)
    part = dict(bar["train"].parts[0])
    part["controls"] = part["controls"] * 0.0 + 2.0
    wild = replace(bar["train"], parts=(part,))

    assert deformer.beyond(wild)["flex"].all()
    assert "upper" not in deformer.beyond(bar["train"])
    held = deformer.clamped().deltas(wild.controls, wild.joint_matrices)
    most = np.full_like(wild.controls, prepared.inputs.most[0])
    np.testing.assert_allclose(deformer.deltas(most, wild.joint_matrices), held, atol=1e-5)


def test_a_model_of_another_rig_is_refused(bar: Bar, prepared: Prepared) -> None:
    """The sentence says which control is missing."""
    other = replace(bar["test"], rig=replace(bar["test"].rig, control_names=("flexx",)))

    with pytest.raises(UnderstudyError, match='renamed to "flexx"'):
        prepared.deformer(prepared.ridge).check(other)


def test_poses_that_never_move_are_refused(bar: Bar) -> None:
    """Where nothing varies there is nothing to learn, and the sentence says so."""
    still = bar["train"].select([0] * 8)

    with pytest.raises(UnderstudyError, match="nothing can be learned"):
        prepare(still, bar["val"], DeformerSettings())


def test_errors_are_told_per_control(bar: Bar, prepared: Prepared) -> None:
    """Each control and joint has an error of the poses that use it most."""
    deformer = prepared.deformer(prepared.ridge)
    found = errors_of(deformer, bar["test"])

    table = errors_by_group(deformer, bar["test"], found)

    assert set(table) == {"flex", "lower", "upper"}
    assert max(rms for rms, _ in table.values()) >= found.percent


def test_whole_clips_are_held_out() -> None:
    """Rows of one clip are never on both sides."""
    clips = np.repeat(["walk", "run", "jump", "bend"], [40, 30, 20, 10])

    rows, held = held_out(100, clips, 0.25, seed=3)

    assert not set(clips[rows]) & set(clips[held])
    assert sorted([*rows, *held]) == list(range(100))


def test_without_clips_a_block_is_held_out() -> None:
    """The last rows are held out together."""
    rows, held = held_out(20, None, 0.2, seed=0)

    assert held.tolist() == [16, 17, 18, 19]
    assert len(rows) == 16


def test_the_small_arm_reaches_its_targets(shared_data: Path, tmp_path: Path) -> None:
    """On the real arm's test poses, in percent of the diagonal: ridge 0.190, kernel 0.130."""
    files = converting.convert_bench(shared_data / "mesh_deform_bench", "arm", ["train", "test"], tmp_path)
    train, test = (read_posed(file) for file in files)
    rows, held = held_out(len(train), None, 0.1, 0)

    found = prepare(train.select(rows), train.select(held), DeformerSettings())

    assert errors_of(found.deformer(found.ridge), test).percent <= 0.190
    assert errors_of(found.deformer(found.kernel), test).percent <= 0.130
