"""How far off a deformer thinks it may be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from understudy.nodes.learning.deformers import local_net
from understudy.nodes.learning.deformers.measuring import errors_of
from understudy.nodes.learning.deformers.training import DeformerTraining
from understudy.nodes.learning.deformers.uncertainty import Uncertainty, fit_uncertainty

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.net import NumpyNet
    from understudy.nodes.learning.deformers.preparing import Prepared
    from understudy.nodes.media.meshes.posed import PosedMeshes

Bar = dict[str, "PosedMeshes"]


def several_nets(prepared: Prepared) -> NumpyNet:
    """Three nets after some steps."""
    subject = DeformerTraining(replace(prepared, settings=replace(prepared.settings, members=3)))
    network = subject.network()
    optimiser = subject.optimiser(network, 3e-3)
    for step in range(1, 61):
        inputs, targets = subject.batch(step, 32)
        optimiser.zero_grad()
        subject.loss(network(inputs), targets).backward()
        optimiser.step()
    return local_net.numpy_net(network)  # type: ignore[arg-type]


def test_several_nets_tell_the_uncertainty_by_how_far_they_are_apart(bar: Bar, prepared: Prepared) -> None:
    """Their variance fits the validation poses in size, ranks the test poses, and lives in the arrays."""
    deformer = prepared.deformer(several_nets(prepared))
    found = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"]))
    expected = found.of_poses(deformer, bar["val"])

    rank = spearmanr(found.of_poses(deformer, bar["test"]), errors_of(deformer, bar["test"]).poses)

    assert errors_of(deformer, bar["val"]).rms == pytest.approx(np.sqrt((expected**2).mean()), rel=1e-3)
    assert rank.statistic > 0.3
    assert found.sizes.tolist() == [[0, 0]] * len(prepared.segments)
    again = Uncertainty.built(found.arrays())
    np.testing.assert_array_equal(expected, again.of_poses(deformer, bar["val"]))


def test_the_mean_of_several_nets_is_what_torch_computes(prepared: Prepared) -> None:
    """Out of training a network of several members gives their mean, and so does its stored form."""
    network = local_net.build(replace(prepared, settings=replace(prepared.settings, members=3)))
    inputs = torch.from_numpy(prepared.validation[0])

    each, mean = network(inputs), network.eval()(inputs)

    assert each.shape == (3, *mean.shape)
    torch.testing.assert_close(each.mean(dim=0), mean)
    np.testing.assert_allclose(
        mean.detach().numpy(), local_net.numpy_net(network).predict(inputs.numpy()), atol=1e-6
    )


@pytest.mark.parametrize("form", ["ridge", "kernel", "net"])
def test_size_fits_the_validation_poses(bar: Bar, prepared: Prepared, form: str) -> None:
    """After fitting, expected and true error agree over the validation poses."""
    predictor = {
        "ridge": prepared.ridge,
        "kernel": prepared.kernel,
        "net": local_net.numpy_net(local_net.build(prepared)),
    }[form]
    deformer = prepared.deformer(predictor)
    found = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"]))

    expected = np.sqrt((found.of_poses(deformer, bar["val"]) ** 2).mean())

    assert errors_of(deformer, bar["val"]).rms == pytest.approx(expected, rel=1e-3)


def test_poses_far_from_the_training_rank_first(bar: Bar, prepared: Prepared) -> None:
    """Expected errors of poses never seen rank them as their true errors do."""
    deformer = prepared.deformer(prepared.kernel)
    found = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"]))

    rank = spearmanr(found.of_poses(deformer, bar["test"]), errors_of(deformer, bar["test"]).poses)

    assert rank.statistic > 0.5


@pytest.mark.parametrize("form", ["ridge", "kernel", "net"])
def test_a_captured_pose_lowers_what_is_expected(bar: Bar, prepared: Prepared, form: str) -> None:
    """What capturing a pose tells is by how much all expected errors fall; none grows."""
    predictors = {"ridge": prepared.ridge, "kernel": prepared.kernel}
    predictor = predictors.get(form) or local_net.numpy_net(local_net.build(prepared))
    deformer = prepared.deformer(predictor)
    found = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"]))
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
    found = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"]))

    again = Uncertainty.built(found.arrays())

    np.testing.assert_array_equal(
        found.of_poses(deformer, bar["test"]), again.of_poses(deformer, bar["test"])
    )


def test_older_models_have_one_scale_for_all_vertices(bar: Bar, prepared: Prepared) -> None:
    """A number in the place of one for each vertex is still read, and multiplies them all."""
    deformer = prepared.deformer(prepared.ridge)
    arrays = fit_uncertainty(deformer, prepared, bar["val"], errors_of(deformer, bar["val"])).arrays()
    assert arrays["scale"].shape == (len(prepared.rig.rest),)

    one, two = (Uncertainty.built(arrays | {"scale": np.array(scale)}) for scale in (1.0, 2.0))

    expected = 2.0 * one.of_poses(deformer, bar["test"])
    np.testing.assert_allclose(expected, two.of_poses(deformer, bar["test"]), rtol=1e-6)
