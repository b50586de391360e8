"""The quality dial: each setting against the best, on the same frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.encoding import identity
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.learning.networks.unet import UNet
from understudy.nodes.learning.quality_dial import measured_frames
from understudy.nodes.media.images.frame import Frame, Window

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.images.frame import FrameSpec


class _Noise:
    """Frames of noise, of 200 x 120."""

    numbers = (1, 2, 3)

    def __init__(self, channels: tuple[str, ...]) -> None:
        self.channels = channels

    def spec(self, number: int) -> FrameSpec:
        raise AssertionError(number)

    def identity(self, number: int) -> str:
        raise AssertionError(number)

    def read(self, number: int) -> Frame:
        window = Window(0, 0, 200, 120)
        pixels = np.random.Generator(np.random.Philox(number)).random((120, 200, 3), np.float32)
        chosen = pixels[..., : len(self.channels)]
        return Frame(pixels=chosen, channels=self.channels, data=window, display=window)


@pytest.fixture
def model() -> ImageModel:
    """A small network that makes something of nothing, with large weights in its last layer."""
    torch.manual_seed(2)
    network = UNet(3, 1, size="small").eval()
    nn.init.normal_(network.last.weight, std=0.3)
    return ImageModel(network, ("R", "G", "B"), ("A",), identity(3), identity(1), "sigmoid", colour=False)


def test_a_model_from_elsewhere_is_measured_by_its_own_library(tmp_path: Path) -> None:
    """In float32 only; a truth of another size than the enlarged frame's is refused with both sizes."""
    from foreign_models import resized_and_blurred, write_model

    from understudy.nodes.learning.images.foreign_model import read_foreign_model

    model, source = (
        read_foreign_model(write_model(tmp_path, resized_and_blurred(2)), 1),
        _Noise(("R", "G", "B")),
    )
    found = list(measured_frames(model, source, [1], None, threads=1, tile=96))
    assert {row.setting.partition(",")[0] for row in found} == {"onnxruntime"}
    assert found[0].largest < found[-1].largest
    with pytest.raises(UnderstudyError, match="truth is 120 x 200 x 3 values, and the result 240 x 400 x 3"):
        list(measured_frames(model, source, [1], source, threads=1, tile=96))


def test_overlap_and_precision_are_compared_with_the_best(model: ImageModel) -> None:
    """Float32 everywhere agrees, tiles without overlap do not, and the truth counts for the frames it has."""
    found = list(measured_frames(model, _Noise(("R", "G", "B")), [1, 3], _Noise(("A",)), threads=1, tile=96))
    by_name = {row.setting: row for row in found}
    assert found[0].setting == "torch, float32"
    assert found[0].largest == 0.0
    assert all(row.error is not None and row.error > 0 for row in found)
    none, half = (by_name[f"torch, float32, tile 96, overlap {share}"] for share in ("0%", "50%"))
    assert none.rms > half.rms
    for name in ("openvino, float32", "onnxruntime, float32"):
        if name in by_name:
            assert by_name[name].largest < 1e-4  # rounding; a matte goes from 0 to 1


def test_without_a_truth_there_is_no_error(model: ImageModel) -> None:
    """The difference from the best is all that is known then."""
    found = measured_frames(model, _Noise(("R", "G", "B")), [1], None, threads=1, tile=96)
    assert next(found).error is None
