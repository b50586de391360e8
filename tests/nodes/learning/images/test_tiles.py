"""Tiles: a frame computed in pieces is the frame computed whole."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from understudy.nodes.learning.images.tiles import apply_tiled, cut_axis, plan
from understudy.nodes.learning.networks.geometry import Geometry, geometry
from understudy.nodes.learning.networks.unet import UNet


def _wild(colour: bool = False) -> UNet:  # noqa: FBT001, FBT002 - a small helper
    """A network with large weights in its last layer, so that an error would show."""
    torch.manual_seed(4)
    network = UNet(3, 3 if colour else 1, size="small", colour=colour).eval()
    nn.init.normal_(network.last.weight, std=0.5)
    return network


@pytest.mark.parametrize(("height", "width"), [(480, 500), (333, 700), (64, 640)])
@torch.inference_mode()
def test_tiled_equals_whole(height: int, width: int) -> None:
    """The largest difference is one of rounding, for sizes off the grid too."""
    network, pixels = _wild(), torch.randn(3, height, width)
    facts = geometry(network, 3)
    whole = apply_tiled(network, pixels, tile="whole", geometry=facts)
    tiled = apply_tiled(network, pixels, tile=352, geometry=facts)
    assert tiled.shape == (1, height, width)
    torch.testing.assert_close(tiled, whole, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_too_little_overlap_would_show() -> None:
    """The comparison above can fail: with a reach of 32 pixels seams are seen."""
    network, pixels = _wild(), torch.randn(3, 64, 640)
    whole = apply_tiled(network, pixels, tile="whole", geometry=Geometry(16, 138, 1))
    tiled = apply_tiled(network, pixels, tile=128, geometry=Geometry(16, 32, 1))
    assert float((tiled - whole).abs().max()) > 1e-3


def test_a_constant_stays_constant() -> None:
    """A function of each pixel alone shows no tile at all."""
    pixels = torch.full((3, 100, 130), 0.7)
    tiled = apply_tiled(lambda x: 2 * x[:, :1], pixels, tile=64, geometry=Geometry(16, 10, 1))
    assert torch.equal(tiled, torch.full((1, 100, 130), 1.4))


def test_tiles_stay_within_the_size_asked_for() -> None:
    """No call is given more pixels than the tile has, where the overlap leaves room."""
    seen: list[tuple[int, ...]] = []

    def note(x_NCHW: Tensor) -> Tensor:
        seen.append(tuple(x_NCHW.shape[-2:]))
        return x_NCHW

    apply_tiled(note, torch.zeros(1, 1080, 1920), tile=512, geometry=Geometry(16, 138, 1))
    assert max(max(shape) for shape in seen) <= 512
    assert all(side % 16 == 0 for shape in seen for side in shape)


def test_kept_parts_touch_and_are_even() -> None:
    """The parts that are kept cover the axis once, and differ by one cell of the grid at most."""
    spans = cut_axis(1088, 5, Geometry(16, 138, 1))
    assert [span.first for span in spans[1:]] == [span.last for span in spans[:-1]]
    assert (spans[0].first, spans[-1].last) == (0, 1088)
    kept = [span.last - span.first for span in spans]
    assert max(kept) - min(kept) <= 16


@pytest.mark.parametrize("budget", [64, 200, 500])
def test_auto_fits_its_budget(budget: int) -> None:
    """A 4096 x 2160 frame is cut so that every tile fits the memory, with little computed twice."""
    facts = Geometry(16, 138, 448)
    downs, acrosses = plan(2160, 4096, tile="auto", geometry=facts, budget=budget * 2**20)
    largest = max(d.stop - d.start for d in downs) * max(a.stop - a.start for a in acrosses)
    assert largest * 448 <= budget * 2**20
    computed = sum(d.stop - d.start for d in downs) * sum(a.stop - a.start for a in acrosses)
    assert computed < {64: 16, 200: 3, 500: 2}[budget] * 2160 * 4096


def test_auto_leaves_a_frame_whole_that_fits() -> None:
    """Cutting costs time, so what fits is not cut."""
    downs, acrosses = plan(1088, 1920, tile="auto", geometry=Geometry(16, 138, 100), budget=2**30)
    assert len(downs) == len(acrosses) == 1


def test_auto_does_what_it_can_with_too_little() -> None:
    """A budget that no tile fits gets the smallest tiles."""
    downs, acrosses = plan(1088, 1920, tile="auto", geometry=Geometry(16, 138, 10**6), budget=1)
    assert len(downs) > 8
    assert len(acrosses) > 8
