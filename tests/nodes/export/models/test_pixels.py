"""An image model whole, from pixels to pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from small_image_model import encoding, read_image_model, write_image_model

from understudy.nodes.export.models.pixels import Pixels
from understudy.nodes.learning.encoding import CURVES

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.images.model import ImageModel


def whole(model: ImageModel) -> Pixels:
    """The model with all that surrounds its network."""
    return Pixels(model.network, 16, model.encoding, model.target, model.activation).eval()


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("outputs", [("A",), ("R", "G", "B")], ids=["matte", "colour"])
@pytest.mark.parametrize("size", [(32, 48), (37, 51), (1, 1)], ids=str)
def test_it_gives_what_inference_gives(
    tmp_path: Path, curve: str, outputs: tuple[str, ...], size: tuple[int, int]
) -> None:
    """Of any size and any value, also below 0 and above 1; 1e-5 of the range is rounding of the curves."""
    model = read_image_model(write_image_model(tmp_path / "m.cat", outputs=outputs, curve=curve))
    draw = np.random.Generator(np.random.Philox(key=3))
    frame = draw.normal(0.4, 1.0, (*size, 3)).astype(np.float32)

    with torch.inference_mode():
        found = whole(model)(torch.from_numpy(frame.transpose(2, 0, 1)[None].copy()))

    expected = model.apply(frame, precision="float32", device="cpu")
    span = max(1.0, float(np.ptp(expected)))
    assert np.abs(found[0].permute(1, 2, 0).numpy() - expected).max() < 1e-5 * span


@pytest.mark.parametrize("curve", CURVES)
def test_pixels_without_a_value_are_encoded_as_ours(curve: str) -> None:
    """NaN is 0, infinity the largest half; 1e-6 is rounding of asinh, which is spelled out."""
    ours = encoding(1, curve)
    values = torch.tensor([float("nan"), float("inf"), -float("inf"), 0.0, -1e-6, 7e4]).view(1, 1, 1, -1)

    found = Pixels(torch.nn.Identity(), 1, ours, ours, "identity").encoded(values)

    assert torch.allclose(found, ours.encode(values), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.half, torch.float32])
def test_in_half_precision_curves_stay_in_range(tmp_path: Path, kind: torch.dtype) -> None:
    """60,000 over 0.18 is beyond a half, and its logarithm is not; pixels stay of the type that they were."""
    model = read_image_model(write_image_model(tmp_path / "m.cat", curve="log"))
    pixels = torch.full((1, 3, 16, 16), 60_000.0, dtype=kind)

    with torch.inference_mode():
        found = whole(model).half()(pixels)

    assert found.dtype == kind
    assert torch.isfinite(found).all()
