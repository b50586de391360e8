"""ContactSheet: rows of frames, a column for each input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from understudy import Graph, run

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
