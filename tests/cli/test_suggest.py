"""`understudy suggest`: lines for people, objects for programs, and which Trainer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.cli.main import status_of
from understudy.graph.document import Graph
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """Six frames of which two are painted, and a Trainer that has not run."""
    window = Window(0, 0, 32, 18)
    for number in range(1, 7):
        plate = np.full((18, 32, 3), 0.1 * number, np.float32)
        frame = Frame(pixels=plate, channels=("R", "G", "B"), data=window, display=window)
        write_frame(tmp_path / f"plate.{number:04d}.exr", frame)
        if number in (1, 6):
            matte = Frame(pixels=plate[..., :1], channels=("A",), data=window, display=window)
            write_frame(tmp_path / f"matte.{number:04d}.exr", matte)
    made = Graph(tmp_path / "graph.toml")
    made.add("DataSource", "plate", path="plate.####.exr")
    made.add("DataSource", "painted", path="matte.####.exr")
    made.add("Trainer", "learn", inputs={"input": "plate", "groundtruth": "painted"})
    made.save(tmp_path / "graph.toml")
    return made


def test_json_is_an_object_a_line(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    """Frame, score and reason, and nothing else on standard output."""
    assert status_of(["suggest", str(graph.path), "--count", "2", "--device", "cpu", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(record) for record in records] == [{"frame", "score", "reason"}] * 2
    assert {record["frame"] for record in records} <= {2, 3, 4, 5}


def test_people_get_a_table_and_the_path_of_a_sheet(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    """The picture is there; that no model was asked goes to standard error."""
    assert status_of(["suggest", str(graph.path), "--device", "cpu"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["frame", "score", "why"]
    assert lines[-1].startswith("Contact sheet: ")
    assert (graph.folder / ".understudy" / "suggestions_learn.png").is_file()
    assert "no checkpoint yet" in said.err


def test_nothing_is_left_to_paint(graph: Graph, capsys: pytest.CaptureFixture[str]) -> None:
    """A shot whose frames are all painted gives no suggestion, and that is no error."""
    graph.set("plate", "frames", "1,6")
    graph.save(graph.folder / "graph.toml")
    assert status_of(["suggest", str(graph.path), "--device", "cpu"]) == 0
    assert capsys.readouterr().out.splitlines() == ["Nothing is left to paint or to capture."]


def test_the_trainer_has_to_be_named_where_there_are_several(
    graph: Graph, capsys: pytest.CaptureFixture[str]
) -> None:
    """A call that does not say which is refused with the names, before anything is computed."""
    graph.add("Trainer", "other", inputs={"input": "plate", "groundtruth": "painted"})
    graph.save(graph.folder / "graph.toml")
    assert status_of(["suggest", str(graph.path)]) == 2
    assert "learn, other" in capsys.readouterr().err
