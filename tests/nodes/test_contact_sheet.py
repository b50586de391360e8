"""ContactSheet: rows of frames, a column for each input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from understudy import Graph, run
from understudy.graph.errors import GraphError
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path


def sheet(shot: Path, **knobs: object) -> Image.Image:
    """The sheet of plates and painted mattes."""
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("DataSource", "painted", path="matte.####.exr")
    inputs = {"columns": ["plate", "painted"]}
    graph.add("ContactSheet", "sheet", inputs=inputs, path="pictures/schöne Übersicht.png", **knobs)
    outcome = run(graph)
    assert not outcome.failed, outcome.failed
    with Image.open(shot / "pictures" / "schöne Übersicht.png") as picture:
        return picture.copy()


def test_a_column_for_each_input_and_a_row_for_each_common_frame(shot: Path) -> None:
    """Three painted frames of eight give three rows; the folder is made, beyond ASCII and with spaces."""
    picture = sheet(shot, width=96)
    assert picture.size == (64 + 2 * (96 + 6), 22 + 6 + 3 * (64 + 6))


def test_a_missing_frame_leaves_a_gap(shot: Path) -> None:
    """A frame that only one input has is shown beside an empty field."""
    picture = sheet(shot, width=96, frames="2")
    assert picture.size[1] == 22 + 6 + 64 + 6
    assert len(picture.crop((64 + 96 + 10, 40, 64 + 180, 60)).getcolors() or []) == 1


def shown(shot: Path, columns: list[str], run_: str | None = None, **knobs: object) -> np.ndarray:
    """The sheet of frame 4 as an array, of a graph with two plates and a wrong matte."""
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("DataSource", "painted", path="matte.####.exr")
    graph.add("Grade", "dark", inputs={"input": "plate"}, gain=0.001)
    graph.add("Grade", "wrong", inputs={"input": "painted"}, gain=0.5, channels="A")
    inputs: dict[str, Any] = {"columns": columns} | ({"run": run_} if run_ else {})
    settings = {"path": "sheet.png", "frames": "4", "width": 96} | knobs
    if run_:
        trainer = {"epochs": 4, "crop_size": 48, "model_size": "small", "checkpoint_interval": 4}
        wires = {"input": "plate", "groundtruth": "painted"}
        graph.add("Trainer", run_, inputs=wires, precision="float32", **trainer)
    graph.add("ContactSheet", "sheet", inputs=inputs, **settings)
    outcome = run(graph, settings=Settings(device="cpu", threads=1))
    assert not outcome.failed, outcome.failed
    with Image.open(shot / "sheet.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def column_of(sheet: np.ndarray, place: int, width: int = 96, height: int = 64) -> np.ndarray:
    """The pixels of a column's only picture."""
    left = 64 + place * (width + 6)
    return sheet[-height - 6 : -6, left : left + width]


def test_an_error_column_goes_from_green_to_red(shot: Path) -> None:
    """Where the matte is half of the truth it is red, where both are black green; the plate gets none."""
    sheet = shown(shot, ["plate", "painted", "wrong"], error=True)
    assert sheet.shape[1] == 64 + 4 * (96 + 6)
    error = column_of(sheet, 3)
    inside, outside = error[32, 16 + 28], error[5, 5]
    assert inside[0] > 2 * inside[1]
    assert outside[1] > 2 * outside[0]


def test_dark_footage_is_shown_brighter(shot: Path) -> None:
    """A plate at a thousandth is brought into view, and left black where the exposure is set to none."""
    automatic, plain = (column_of(shown(shot, ["dark"], exposure=stops), 0) for stops in ("auto", 0.0))
    assert automatic.max() > 100
    assert plain.max() < 20


def test_frames_beside_the_first_are_shown_at_its_exposure(shot: Path) -> None:
    """A plate graded down stays dark beside the plate itself."""
    assert column_of(shown(shot, ["plate", "dark"]), 1).max() < 20


def test_a_matte_cuts_out_over_a_checkerboard(shot: Path) -> None:
    """Inside the disc is the plate, outside are two greys."""
    sheet = shown(shot, ["plate", "painted"], checkerboard=True)
    plate, cut = column_of(sheet, 0), column_of(sheet, 1)
    assert np.abs(plate[32, 44] - cut[32, 44]).max() <= 1
    assert {tuple(pixel) for pixel in cut[:10].reshape(-1, 3)} == {(105, 105, 105), (150, 150, 150)}


def test_a_crop_is_shown_larger(shot: Path) -> None:
    """Half of the width and height at the same width: the disc is twice as large."""
    whole, part = (column_of(shown(shot, ["painted"], crop=crop), 0) for crop in ("", "24, 16, 48, 32"))
    assert (part[..., 0] > 127).sum() > 3.5 * (whole[..., 0] > 127).sum()


def test_a_crop_that_is_no_rectangle_is_a_fault(shot: Path) -> None:
    """It is named before anything runs."""
    with pytest.raises(GraphError, match="no crop"):
        shown(shot, ["plate"], crop="10, 20, 0, 5")


def test_frames_are_shown_over_their_display_window(shot: Path) -> None:
    """A plate whose data window is its upper half stands in a picture of the whole frame, black below."""
    window, display = Window(0, 0, 96, 32), Window(0, 0, 96, 64)
    pixels = np.full((32, 96, 3), 0.5, np.float32)
    half = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=display)
    write_frame(shot / "plate.0004.exr", half)
    picture = column_of(shown(shot, ["plate"]), 0)
    assert picture[:30].min() > 150
    assert picture[34:].max() == 0


def test_a_run_is_shown_over_time(shot: Path) -> None:
    """A column for each checkpoint: one every four of twelve steps, and before the decay."""
    sheet = shown(shot, ["plate", "painted"], run_="learn")
    cats = len(list(shot.glob("training/*/*.cat")))
    assert cats >= 3
    assert sheet.shape[1] == 64 + (2 + cats) * (96 + 6)


def test_an_uncertainty_lies_over_the_frame(shot: Path) -> None:
    """Frames of the one channel `uncertainty` are green where they are 0 and red where they are high."""
    for number in range(1, 9):
        window = Window(0, 0, 96, 64)
        doubt = np.zeros((64, 96, 1), np.float32)
        doubt[:, 48:] = 0.8
        frame = Frame(pixels=doubt, channels=("uncertainty",), data=window, display=window)
        write_frame(shot / f"doubt.{number:04d}.exr", frame)
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("DataSource", "doubt", path="doubt.####.exr")
    inputs = {"columns": ["plate", "doubt"]}
    graph.add("ContactSheet", "sheet", inputs=inputs, path="sheet.png", frames="4", width=96)
    assert not run(graph).failed
    with Image.open(shot / "sheet.png") as picture:
        overlay = column_of(np.asarray(picture.convert("RGB")).astype(int), 1)
    sure, unsure = overlay[:, :40].mean(axis=(0, 1)), overlay[:, 56:].mean(axis=(0, 1))
    assert sure[1] > sure[0] + 30
    assert unsure[0] > unsure[1] + 30
