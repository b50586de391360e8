"""Image models as formats know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_image_model import encoding, write_image_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.models.images import SIZES, drawn_crops, exportable
from understudy.nodes.media.images.frame import ChannelError
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_drawn_crops_leave_the_usual_range() -> None:
    """They are of several sizes, the same each time, and some values are below 0, some above 1."""
    crops = drawn_crops(encoding(3))

    assert [crop.shape for crop in crops] == [(count, 3, *size) for count, *size in SIZES]
    assert all(crop.min() < 0.0 and crop.max() > 1.0 for crop in crops[:3])
    assert all(np.array_equal(one, same) for one, same in zip(crops, drawn_crops(encoding(3)), strict=True))


def test_a_host_is_told_what_the_checkpoint_knows(tmp_path: Path) -> None:
    """Channels, encoding, what was trained and on what, as plain data."""
    cat = write_image_model(tmp_path / "m.cat", curve="log")

    notes = exportable(read_container(cat), "m.cat", None).notes

    assert (notes["inputs"], notes["outputs"]) == (["R", "G", "B"], ["A"])
    assert notes["encoding"]["curve"] == "log"
    assert notes["scene_linear"]
    assert notes["trained"] == {
        "precision": "float32",
        "step": 120,
        "provenance": {"graph": "0123", "seed": 7},
    }


def test_real_frames_are_compared_as_well(tmp_path: Path, make_shot: Callable[..., None]) -> None:
    """The first, the middle and the last frame of a sequence, by its path."""
    make_shot(tmp_path)
    cat = write_image_model(tmp_path / "m.cat")

    model = exportable(read_container(cat), "m.cat", tmp_path / "plate.####.exr")

    assert model.compared == f"{len(SIZES)} drawn crops and 3 of real frames"
    assert model.samples[-3].shape == (1, 3, 64, 96)


def test_frames_that_can_not_be_compared_are_refused(tmp_path: Path, make_shot: Callable[..., None]) -> None:
    """There are none, or they lack the channels that the model takes."""
    make_shot(tmp_path)
    container = read_container(write_image_model(tmp_path / "m.cat"))

    with pytest.raises(UnderstudyError, match="no frames to compare"):
        exportable(container, "m.cat", tmp_path / "none.####.exr")
    with pytest.raises(ChannelError, match="R"):
        exportable(container, "m.cat", tmp_path / "matte.####.exr")


def test_real_scene_linear_frames_are_compared(tmp_path: Path, shared_data: Path) -> None:
    """Half-float EXR with values above 1, in crops of several sizes."""
    cat = write_image_model(tmp_path / "m.cat", outputs=("R", "G", "B"), curve="log")
    frames = shared_data / "exr_sequence_beachball" / "Beachball__singlepart.####.exr"

    written = export(cat, "onnx", tmp_path / "m.onnx", evidence=frames)

    assert written.compared.endswith("and 3 of real frames")
    assert written.difference < 1e-4
