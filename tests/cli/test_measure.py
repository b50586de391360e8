"""`understudy measure`: what quicker settings cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_deformer import bar_deformer

from understudy import Graph
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.registry import registry as real_registry
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


@pytest.fixture
def rig_graph(tmp_path: Path, understudy: Command, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a graph of real nodes that applies a deformer to the poses it was validated on."""
    monkeypatch.setattr("understudy.nodes.registry.registry", real_registry)
    model = MeshModel(bar_deformer(tmp_path), None)
    write_container(tmp_path / "bar.cat", "cat", model.header(), model.arrays())
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "rig", path="poses.1.npz")
    graph.add("Checkpoint", "best", pick="bar.cat")
    graph.add("Inference", "play", inputs={"input": "rig.controls", "model": "best"})
    graph.save(tmp_path / "graph.toml")
    return "graph.toml"


def test_fewer_principal_shapes_are_farther_off(understudy: Command, rig_graph: str) -> None:
    """The first setting is the best there is; each that leaves more out is farther from it and the truth."""
    rows = understudy("measure", rig_graph, "--truth", "rig.shapes", "--count", "4", "--json").records
    assert [row["setting"] for row in rows[:2]] == ["principal shapes 100%", "principal shapes 75%"]
    assert rows[0]["largest"] == rows[0]["rms"] == 0.0
    assert [row["rms"] for row in rows] == sorted(row["rms"] for row in rows)
    assert rows[-1]["error"] > rows[0]["error"] > 0.0


def test_people_get_a_table(understudy: Command, rig_graph: str) -> None:
    """Without a truth there is nothing in its column."""
    said = understudy("measure", rig_graph)
    assert said.status == 0
    assert "setting" in said.out.splitlines()[0]
    assert "rms from the truth" in said.out.splitlines()[0]
    assert len(said.out.splitlines()) == 7


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "rig"], 'there is no Inference "rig"; there are: play'),
        (["--truth", "nobody"], 'there is no node "nobody"'),
        (["--truth", "rig.frames"], "rig gives controls, shapes, no frames"),
    ],
)
def test_what_is_not_there_is_named(
    understudy: Command, rig_graph: str, arguments: list[str], sentence: str
) -> None:
    """A call that can't be meant ends with status 2 and the names that could be."""
    said = understudy("measure", rig_graph, *arguments)
    assert said.status == 2
    assert sentence in said.err
