"""Differential coordinates and anchors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.differential import anchored_laplacian, chosen_anchors

if TYPE_CHECKING:
    from understudy.nodes.media.meshes.posed import PosedMeshes


def test_true_coordinates_and_anchors_give_the_mesh_back(bar: dict[str, PosedMeshes]) -> None:
    """The solve is exact to 1e-5 of the diagonal."""
    rig = bar["test"].rig
    truth = bar["test"].vertices(slice(0, 3))
    anchors = chosen_anchors(rig, np.ones(len(rig.rest)), 2.0)
    system = anchored_laplacian(rig.faces, len(rig.rest), anchors, 0.3)
    differential = np.stack([system.laplacian @ pose for pose in truth.astype(np.float64)])

    solved = system.solve(differential, truth[:, anchors])

    assert np.abs(solved - truth).max() < 1e-5 * rig.diagonal


def test_anchors_are_spread_and_include_the_extra_ones(bar: dict[str, PosedMeshes]) -> None:
    """As many as asked for, each once, with those that the user added."""
    rig = bar["test"].rig

    anchors = chosen_anchors(rig, np.ones(len(rig.rest)), 5.0, extra=(17, 3))

    assert len(anchors) == round(0.05 * len(rig.rest))
    assert {3, 17} <= set(anchors.tolist())
    assert len(np.unique(anchors)) == len(anchors)


def test_too_many_anchors_are_refused(bar: dict[str, PosedMeshes]) -> None:
    """More than 10 percent, and vertices that are not there."""
    rig = bar["test"].rig
    importance = np.ones(len(rig.rest))

    with pytest.raises(UnderstudyError, match="up to 10"):
        chosen_anchors(rig, importance, 11.0)
    with pytest.raises(UnderstudyError, match="9999 is no vertex"):
        chosen_anchors(rig, importance, 2.0, extra=(9999,))
