"""How far off a deformer thinks it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import spearmanr

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.measuring import errors_of
from understudy.nodes.learning.deformers.uncertainty import Uncertainty, fit_uncertainty

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes

Bar = dict[str, "PosedMeshes"]


@pytest.mark.parametrize("form", ["ridge", "kernel", "net"])
def test_size_fits_the_validation_poses(bar: Bar, prepared: Prepared, form: str) -> None:
    """After fitting, expected and true error agree over the validation poses."""
    predictor = {
        "ridge": prepared.ridge,
        "kernel": prepared.kernel,
        "net": local_net.numpy_net(local_net.build(prepared)),
    }[form]
    deformer = prepared.deformer(predictor)
    found = fit_uncertainty(deformer, prepared, bar["val"])

    expected = np.sqrt((found.of_poses(deformer, bar["val"]) ** 2).mean())

    assert errors_of(deformer, bar["val"]).rms == pytest.approx(expected, rel=1e-3)


def test_poses_far_from_the_training_rank_first(bar: Bar, prepared: Prepared) -> None:
    """Expected errors of poses never seen rank them as their true errors do."""
    deformer = prepared.deformer(prepared.kernel)
    found = fit_uncertainty(deformer, prepared, bar["val"])

    rank = spearmanr(found.of_poses(deformer, bar["test"]), errors_of(deformer, bar["test"]).poses)

    assert rank.statistic > 0.5


@pytest.mark.parametrize("form", ["ridge", "kernel", "net"])
def test_a_captured_pose_lowers_what_is_expected(bar: Bar, prepared: Prepared, form: str) -> None:
    """What capturing a pose tells is by how much all expected errors fall; none grows."""
    predictors = {"ridge": prepared.ridge, "kernel": prepared.kernel}
    predictor = predictors.get(form) or local_net.numpy_net(local_net.build(prepared))
    deformer = prepared.deformer(predictor)
    found = fit_uncertainty(deformer, prepared, bar["val"])
    seen = deformer.seen(bar["test"].controls, bar["test"].joint_matrices)
    beliefs = found.beliefs(deformer, seen)

    after = beliefs.after(3)

    fallen = beliefs.expected() - after.expected()
    np.testing.assert_allclose(np.sqrt(beliefs.expected()), found.of_poses(deformer, bar["test"]), rtol=1e-3)
    assert fallen.sum() == pytest.approx(beliefs.told()[3])
    assert fallen.min() > -1e-12


def test_stored_uncertainty_is_the_same(bar: Bar, prepared: Prepared) -> None:
    """Arrays alone rebuild it."""
    deformer = prepared.deformer(prepared.kernel)
    found = fit_uncertainty(deformer, prepared, bar["val"])

    again = Uncertainty.built(found.arrays())

    np.testing.assert_array_equal(
        found.of_poses(deformer, bar["test"]), again.of_poses(deformer, bar["test"])
    )
