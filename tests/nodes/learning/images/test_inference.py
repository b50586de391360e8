"""Frames that a model makes larger: windows, the other channels, chunks of a farm, and what is downstream."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from foreign_models import RGB, resized_and_blurred, shuffled, write_model
from PIL import Image

from understudy import Graph, run
from understudy.nodes.learning.images import foreign_model
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.nodes.registry import registry
from understudy.runtime.context import Settings
from understudy.runtime.running import planned

if TYPE_CHECKING:
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)
DATA, DISPLAY = Window(-7, 5, 61, 43), Window(3, 2, 40, 30)
CHANNELS = ("R", "G", "B", "A", "depth.Z")


@pytest.fixture
def shot(tmp_path: Path) -> Graph:
    """Three plates with overscan, oblong pixels, alpha and depth, enlarged twice and written."""
    for number in (1, 2, 3):
        pixels = np.random.Generator(np.random.Philox(number)).random((43, 61, 5), np.float32)
        pixels[..., 3], pixels[..., 4] = 1.0, 7.5
        plate = Frame(
            pixels=pixels, channels=CHANNELS, data=DATA, display=DISPLAY, metadata={"PixelAspectRatio": 2.0}
        )
        write_frame(tmp_path / f"plate.{number:04d}.exr", plate)
    write_model(tmp_path, resized_and_blurred(2))
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Checkpoint", "model", pick="model.onnx")
    graph.add("Inference", "large", inputs={"input": "plate", "model": "model"})
    graph.add("Write", "out", inputs={"input": "large"}, path="out/large.####.exr", dtype="float")
    return graph


def _ran(graph: Graph, settings: Settings = CPU) -> dict[str, Any]:
    outcome = run(graph, settings=settings)
    assert not outcome.failed, outcome.failed
    return outcome.values


def _written(folder: Path) -> list[Frame]:
    return [read_frame(path) for path in sorted((folder / "out").glob("*.exr"))]


def test_windows_grow_with_the_picture(shot: Graph, tmp_path: Path) -> None:
    """Origins too, so that overscan stays where it was; the shape of a pixel is the same."""
    said = _ran(shot)["large"]["result"].spec(1)
    frame = _written(tmp_path)[0]
    assert Window(-14, 10, 122, 86) == frame.data == said.data
    assert Window(6, 4, 80, 60) == frame.display == said.display
    assert frame.metadata["PixelAspectRatio"] == 2.0


def test_each_pixel_lies_where_it_came_from(shot: Graph, tmp_path: Path) -> None:
    """The box over four copies of a pixel and its neighbours: 4, 2 and 1 ninths by hand."""
    _ran(shot)
    plate, large = read_frame(tmp_path / "plate.0001.exr"), _written(tmp_path)[0]
    y, x = 20, 30
    near = plate.pixels[y - 1 : y + 1, x - 1 : x + 1, :3]  # of the upper left of the four
    expected = np.einsum("yxc,y,x->c", near, [1 / 3, 2 / 3], [1 / 3, 2 / 3])
    np.testing.assert_allclose(large.pixels[2 * y, 2 * x, :3], expected, atol=1e-5)


def test_other_channels_are_scaled_along(shot: Graph, tmp_path: Path) -> None:
    """Solid alpha and flat depth are the same at twice the size, to the edges of the overscan."""
    _ran(shot)
    frame = _written(tmp_path)[0]
    assert frame.channels == CHANNELS
    np.testing.assert_allclose(frame.pixels[..., 3], 1.0, atol=1e-6)
    np.testing.assert_allclose(frame.pixels[..., 4], 7.5, atol=1e-5)


def test_only_learned_channels_where_asked_for(shot: Graph, tmp_path: Path) -> None:
    """`channels = "learned"` leaves the others out."""
    shot.set("large", "channels", "learned")
    _ran(shot)
    assert _written(tmp_path)[0].channels == ("R", "G", "B")


def test_chunks_and_tiles_give_the_same_pixels(shot: Graph, tmp_path: Path) -> None:
    """Frames 1 and 2 to 3 apart, in the smallest tiles there are, are those of one go on whole frames."""
    write_model(tmp_path, shuffled(3))
    shot.set("large", "tile", "whole")
    _ran(shot)
    whole = _written(tmp_path)
    shot.set("large", "tile", 64)
    for frames in ((1,), (2, 3)):
        _ran(shot, replace(CPU, frames=frames, fresh=True))
    for one, other in zip(_written(tmp_path), whole, strict=True):
        np.testing.assert_allclose(one.pixels, other.pixels, atol=1e-5)


def test_a_changed_sidecar_makes_all_frames_anew(shot: Graph, tmp_path: Path) -> None:
    """Half of the output's range is twice the value; files of the old range are not taken for right."""
    _ran(shot)
    before = _written(tmp_path)[0].pixels[..., :3]
    (tmp_path / "model.toml").write_text(RGB + "output_range = [0.0, 0.5]\n")
    _ran(shot)
    np.testing.assert_allclose(_written(tmp_path)[0].pixels[..., :3], 2 * before, rtol=1e-5)


def test_a_model_is_tried_once(shot: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next chunk of a farm knows its scale, stride and reach; with another sidecar it is tried again."""
    tried: list[str] = []
    trial = foreign_model._scale
    monkeypatch.setattr(foreign_model, "_scale", lambda path, *more: tried.append(path) or trial(path, *more))
    _ran(shot, replace(CPU, frames=(1,)))
    _ran(shot, replace(CPU, frames=(2,)))
    assert len(tried) == 1
    (shot.folder / "model.toml").write_text(RGB + "scale = 2\n")
    _ran(shot, replace(CPU, frames=(3,)))
    assert len(tried) == 2


def test_a_plan_does_not_need_the_model(shot: Graph) -> None:
    """What would run is said without a trial; afterwards all is up to date."""
    assert planned(shot, registry())["out"].runs
    _ran(shot)
    assert not planned(shot, registry())["out"].runs


def test_a_sheet_shows_the_same_part_of_small_and_large(shot: Graph, tmp_path: Path) -> None:
    """A crop is told in pixels of the first column; the enlarged one shows the same place, blurred.

    Where the place is another, noise against noise differs by a third of the range on the average.
    """
    shot.add(
        "ContactSheet",
        "sheet",
        inputs={"columns": ["plate", "large"]},
        path="sheet.png",
        crop="10, 10, 8, 6",
        width=64,
        rows=1,
        error=True,
    )
    _ran(shot)
    with Image.open(tmp_path / "sheet.png") as sheet:
        shown = np.asarray(sheet, np.float32)[28:76] / 255
    assert shown.shape[1] == 64 + 2 * (64 + 6)
    small, large = shown[:, 64:128], shown[:, 134:198]
    assert np.abs(small - large).mean() < 0.15
