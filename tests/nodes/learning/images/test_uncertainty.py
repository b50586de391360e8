"""How far off an image model may be: fitted on crops, kept in the checkpoint, told pixel by pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from understudy.nodes.learning.images.model import UNCERTAINTY
from understudy.nodes.learning.images.uncertainty import (
    ImageUncertainty,
    fit_uncertainty,
    output_and_features,
)
from understudy.nodes.learning.networks.unet import UNet

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from understudy.nodes.learning.images.subject import ImageSubject


def small_network(*, colour: bool) -> UNet:
    """A small U-Net with weights that are always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = UNet(3, 3 if colour else 1, size="small", colour=colour)
        torch.nn.init.normal_(network.last.weight, std=0.1)
    return network


def noise(seed: int, channels: int = 3) -> Tensor:
    """Encoded pixels (1, C, 64, 64)."""
    return torch.from_numpy(
        np.random.Generator(np.random.Philox(seed)).normal(size=(1, channels, 64, 64))
    ).float()


def fitted(network: UNet, truths: list[Tensor], *, matte: bool) -> ImageUncertainty:
    """The uncertainty of a network that saw as many crops of noise."""
    crops = [(noise(place), truth) for place, truth in enumerate(truths)]
    decode = torch.sigmoid if matte else torch.clone
    found = fit_uncertainty(network, crops, decode=decode, matte=matte, precision="float32", device="cpu")
    assert found is not None
    return found


def told(found: ImageUncertainty, network: UNet, x_NCHW: Tensor) -> Tensor:
    """The uncertainty of a result."""
    with torch.inference_mode():
        return found.of(*output_and_features(network, x_NCHW, "float32", "cpu"))


def test_what_was_never_seen_is_less_sure() -> None:
    """Pixels ten times as far from the mean as those that it was fitted on get a larger variance."""
    network = small_network(colour=False)
    found = fitted(network, [torch.zeros(1, 1, 64, 64)] * 4, matte=True)
    variances = []
    for x_NCHW in (noise(0), 10 * noise(0)):
        _, features = output_and_features(network, x_NCHW, "float32", "cpu")
        seen = torch.nn.functional.conv2d(features, found.directions, found.offsets, padding=1)
        variances.append(float(seen.square().sum(1).mean().detach()))
    assert variances[1] > 10 * variances[0]


def test_a_matte_is_least_sure_where_it_is_half() -> None:
    """The deviation lies between that of the plain probability and the most that there is, 0.5."""
    network = small_network(colour=False)
    found = fitted(network, [torch.zeros(1, 1, 64, 64)] * 4, matte=True)
    with torch.inference_mode():
        output, _ = output_and_features(network, noise(9), "float32", "cpu")
        plain = torch.sqrt(torch.sigmoid(output) * torch.sigmoid(-output))
    doubt = told(found, network, noise(9))
    assert doubt.shape == (1, 1, 64, 64)
    assert float(doubt.max()) <= 0.5
    assert (doubt >= plain - 1e-6).all()


def test_a_colour_is_less_sure_where_its_errors_were_larger() -> None:
    """Errors that are ten times as large where the features are busy are expected there again.

    Half of each crop is flat, so that its features are too; a factor of 3 leaves room for the other half's
    borders.
    """
    network = small_network(colour=True)
    flat = torch.ones(1, 1, 64, 64)
    flat[..., 32:] = 0.0
    crops = []
    for place in range(6):
        x_NCHW = noise(place) * (1 - flat)
        with torch.inference_mode():
            output, _ = output_and_features(network, x_NCHW, "float32", "cpu")
        crops.append((x_NCHW, output + noise(50 + place) * (1.0 - 0.9 * flat)))
    found = fit_uncertainty(
        network, crops, decode=torch.clone, matte=False, precision="float32", device="cpu"
    )
    assert found is not None
    doubt = told(found, network, noise(99) * (1 - flat))
    assert float(doubt[..., 40:].mean()) > 3 * float(doubt[..., :24].mean())


@pytest.mark.parametrize("colour", [False, True])
def test_it_survives_a_checkpoint(*, colour: bool) -> None:
    """What is built of its arrays says the same."""
    network = small_network(colour=colour)
    found = fitted(network, [noise(20, 3 if colour else 1)] * 2, matte=not colour)
    again = ImageUncertainty.built(found.arrays())
    assert torch.equal(told(again, network, noise(5)), told(found, network, noise(5)))


def test_fitting_leaves_the_network_alone() -> None:
    """Weights, gradients and the mode of training stay."""
    network = small_network(colour=False).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    fitted(network, [torch.zeros(1, 1, 64, 64)], matte=True)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_groundtruth_that_is_no_number_is_left_out() -> None:
    """Pixels of NaN and infinity in a colour's groundtruth spoil nothing."""
    network = small_network(colour=True)
    truth = noise(20)
    truth[..., :8, :] = torch.nan
    truth[..., 8:16, :] = torch.inf
    assert told(fitted(network, [truth] * 2, matte=False), network, noise(5)).isfinite().all()


def test_a_network_that_overflows_has_none() -> None:
    """A training that diverges is saved all the same."""
    network = small_network(colour=False)
    torch.nn.init.constant_(network.join.weight, 3e38)
    crops = [(noise(0), torch.zeros(1, 1, 64, 64))]
    found = fit_uncertainty(
        network, crops, decode=torch.sigmoid, matte=True, precision="float32", device="cpu"
    )
    assert found is None


def test_a_network_that_hides_its_last_layer_has_none() -> None:
    """Any other module is learned and applied as before, without an uncertainty."""
    found = fit_uncertainty(
        torch.nn.Conv2d(3, 1, 3), [], decode=torch.sigmoid, matte=True, precision="float32", device="cpu"
    )
    assert found is None


def test_a_checkpoint_holds_the_same_bytes_each_time(make_subject: Callable[..., ImageSubject]) -> None:
    """Its crops are a function of the seed: whoever saves a network writes the same uncertainty."""
    one, other = make_subject(), make_subject()
    other.batch(4, 1)
    arrays = [dict(each.model(each.network()).arrays) for each in (one, other)]
    ours = [name for name in arrays[0] if name.startswith(UNCERTAINTY)]
    assert ours
    assert all(np.array_equal(arrays[0][name], arrays[1][name]) for name in ours)
