"""The node that writes a model for another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_image_model import write_image_model

from understudy import Graph, check, run
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)


@pytest.fixture
def graph(tmp_path: Path, make_shot: Callable[..., None]) -> Graph:
    """A checkpoint, plates to compare results on, and an Export."""
    make_shot(tmp_path)
    write_image_model(tmp_path / "matte.cat")
    graph = Graph(tmp_path / "graph.toml")
    graph.add("Checkpoint", "best", pick="matte.cat")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Export", "out", inputs={"model": "best", "check": "plate"}, path="for_comp/matte.onnx")
    return graph


def test_a_model_is_written_beside_the_graph(graph: Graph, tmp_path: Path) -> None:
    """Compared on the connected frames, too; its files and its difference are the node's result."""
    outcome = run(graph, settings=CPU)

    assert not outcome.failed
    result = outcome.values["out"]["files"]
    assert result["paths"] == [str(tmp_path / "for_comp" / "matte.onnx")]
    assert 0.0 <= result["difference"] <= 1e-4


def test_it_is_written_again_when_the_file_is_gone(graph: Graph, tmp_path: Path) -> None:
    """And only then: what is there and right stays untouched."""
    run(graph, settings=CPU)
    file = tmp_path / "for_comp" / "matte.onnx"
    before = file.stat().st_mtime_ns

    run(graph, settings=CPU)
    assert file.stat().st_mtime_ns == before
    file.unlink()
    run(graph, settings=CPU)

    assert file.is_file()


def test_a_model_that_does_not_suit_the_format_fails_the_node(graph: Graph) -> None:
    """With the sentence of the command."""
    graph.set("out", "format", "mldf")

    outcome = run(graph, settings=CPU)

    assert "mldf takes models of meshes" in outcome.failed["out"]


def test_what_can_be_seen_before_running_is_a_fault(graph: Graph) -> None:
    """No path, and options of another format."""
    graph.set("out", "path", "")
    graph.set("out", "host", "14.0")

    told = [str(fault) for fault in check(graph)]

    assert any("nowhere to write the model" in one for one in told)
    assert any('onnx has no use for it; found "14.0". It is for nuke; leave it out.' in one for one in told)
