"""How far off a deformer thinks it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import spearmanr

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.measuring import errors_of
from understudy.nodes.learning.deformers.uncertainty import Uncertainty, fit_uncertainty, next_to_capture

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


def test_the_next_poses_begin_with_the_most_uncertain(bar: Bar, prepared: Prepared) -> None:
    """The first pose to capture is the most uncertain; none is named twice."""
    deformer = prepared.deformer(prepared.kernel)
    found = fit_uncertainty(deformer, prepared, bar["val"])

    ranked = next_to_capture(found, deformer, bar["test"], 5)

    assert ranked[0][0] == int(np.argmax(found.of_poses(deformer, bar["test"])))
    assert len({row for row, _ in ranked}) == 5


def test_stored_uncertainty_is_the_same(bar: Bar, prepared: Prepared) -> None:
    """Arrays alone rebuild it."""
    deformer = prepared.deformer(prepared.kernel)
    found = fit_uncertainty(deformer, prepared, bar["val"])

    again = Uncertainty.built(found.arrays())

    np.testing.assert_array_equal(
        found.of_poses(deformer, bar["test"]), again.of_poses(deformer, bar["test"])
    )
