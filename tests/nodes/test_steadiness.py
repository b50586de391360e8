"""Steadiness: figures for a sequence, printed and written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from understudy import Graph, run
from understudy.runtime.events import Said

if TYPE_CHECKING:
    from pathlib import Path


def figures(shot: Path, **knobs: object) -> tuple[dict[str, object], list[str]]:
    """The figures of a result that is the plate itself, and what was said."""
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Steadiness", "steady", inputs={"input": "plate", "plate": "plate"}, **knobs)
    said: list[str] = []
    outcome = run(graph, sink=lambda event: said.append(event.message) if isinstance(event, Said) else None)
    assert not outcome.failed, outcome.failed
    return json.loads((shot / "steadiness.json").read_text()), said


def test_every_pair_of_neighbours_is_measured(shot: Path) -> None:
    """Eight frames are seven pairs; what is the plate itself changes by next to nothing that moves along."""
    found, said = figures(shot)
    pairs = found["pairs"]
    assert isinstance(pairs, list)
    assert [pair["frame"] for pair in pairs] == [1, 2, 3, 4, 5, 6, 7]
    assert "flicker" in said[-1]
    assert "7 pairs" in said[-1]


def test_frames_that_are_no_neighbours_can_not_be_measured(shot: Path) -> None:
    """Every second frame is refused with a sentence."""
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Steadiness", "steady", inputs={"input": "plate", "plate": "plate"}, frames="1-7x2")
    assert "no two frames in a row" in run(graph).failed["steady"]
