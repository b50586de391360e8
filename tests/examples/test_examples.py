"""The graphs that a newcomer runs first."""

from __future__ import annotations

import csv
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.cli.templates import TEMPLATES, create
from understudy.cli.templates.shot import Shot, Take
from understudy.graph.checking import check
from understudy.graph.document import Graph
from understudy.nodes.media.meshes.caches import read_pc2
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.skinning import skinned
from understudy.nodes.registry import registry
from understudy.runtime.running import run

FILMED = [name for name in TEMPLATES if name not in ("deformer", "motion", "head_pose")]
"""The templates with footage."""

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def sketched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Footage of noise with a bright square for a hero, at a fraction of the time."""

    def sketch(shot: Shot, number: int) -> Take:
        window = shot.window(number)
        plate = np.random.default_rng(number).random((window.height, window.width, 3), dtype=np.float32)
        matte = np.zeros((window.height, window.width, 1), np.float32)
        matte[80:180, number % 100 + 100 : number % 100 + 180] = 1.0
        return Take(plate + 4 * matte, plate, matte)

    for name in FILMED:
        monkeypatch.setattr(importlib.import_module(f"understudy.cli.templates.{name}"), "film", sketch)


def test_every_example_is_a_template() -> None:
    """`understudy new` offers each graph of the folder, and no other."""
    assert sorted(path.parent.name for path in EXAMPLES.glob("*/graph.toml")) == sorted(TEMPLATES)


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize("name", TEMPLATES)
def test_example_has_no_fault(tmp_path: Path, name: str) -> None:
    """The checker finds nothing wrong with a fresh template."""
    graph = create(name, tmp_path)[0]

    assert check(Graph.load(graph), registry()) == []


@pytest.mark.usefixtures("sketched")
@pytest.mark.parametrize("name", FILMED)
def test_example_runs_to_its_pictures(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short training on a short shot writes a frame for every frame, the sheet, and a checked model."""
    module = importlib.import_module(f"understudy.cli.templates.{name}")
    monkeypatch.setattr(module, "SHOT", replace(module.SHOT, count=6))
    graph = Graph.load(create(name, tmp_path)[0])
    graph.set("plate", "frames", "1001-1006")
    for trainer in [name for name, entry in graph.entries.items() if entry.type == "Trainer"]:
        graph.set(trainer, "epochs", 1)
        graph.set(trainer, "crop_size", 32)
        graph.set(trainer, "model_size", "small")

    outcome = run(graph, registry())
    sequences = sum(entry.type == "Write" for entry in graph.entries.values())

    assert outcome.failed == {}
    assert len(list((tmp_path / "out").rglob("*.exr"))) == 6 * sequences
    assert len(list((tmp_path / "out").rglob("sheet.png"))) == 1
    assert len(list((tmp_path / "out").rglob("*.onnx"))) == 1


def test_deformer_example_runs_to_its_point_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short training on few poses plays the animation closer to its truth than skinning alone."""
    module = importlib.import_module("understudy.cli.templates.deformer")
    monkeypatch.setattr(module, "SHOT", replace(module.SHOT, count=12))
    graph = Graph.load(create("deformer", tmp_path)[0])
    graph.set("learn", "epochs", 1)
    graph.set("sheet", "width", 48)

    outcome = run(graph, registry())

    assert outcome.failed == {}
    played = np.load(tmp_path / "out" / "wave.npz")["vertices"]
    truth = read_posed(tmp_path / "truth" / "wave.npz")
    still = skinned(truth.rig, truth.joint_matrices, len(truth), space="rest").vertices
    wanted = truth.vertices(slice(None))
    assert np.abs(played - wanted).mean() < 0.5 * np.abs(still - wanted).mean()
    assert read_pc2(tmp_path / "out" / "wave.pc2").shape == played.shape
    assert (tmp_path / "out" / "sheet.png").exists()
    assert (tmp_path / "out" / "arm.mldf" / "metadata.json").exists()


def test_motion_example_says_what_happens_when(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short training on few clips names what a take does: it stands, walks, runs and waves.

    Windows of a second that reach into the next motion are left out. Chance would be right in one of five.
    """
    module = importlib.import_module("understudy.cli.templates.motion")
    monkeypatch.setattr(module, "SHOT", replace(module.SHOT, takes=2, count=60))
    graph = Graph.load(create("motion", tmp_path)[0])
    graph.set("learn", "epochs", 150)

    outcome = run(graph, registry())

    assert outcome.failed == {}
    with (tmp_path / "out" / "said.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth = ["stand", "walk", "run", "wave"]
    places = [divmod(int(row["frame"]) - 1, 60) for row in rows]
    right = [
        row["label"] == truth[part] for row, (part, at) in zip(rows, places, strict=True) if 15 <= at < 45
    ]
    assert sum(right) > 0.9 * len(right)
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"sheet.png", "time_line.png"}


def test_head_pose_example_measures_angles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short training gives every frame to sort a yaw and a pitch of its own, and shows them."""
    module = importlib.import_module("understudy.cli.templates.head_pose")
    monkeypatch.setattr(module, "SHOT", replace(module.SHOT, known=24, count=10))
    graph = Graph.load(create("head_pose", tmp_path)[0])
    graph.set("learn", "epochs", 20)
    graph.set("network", "resolution", "16")

    outcome = run(graph, registry())

    assert outcome.failed == {}
    with (tmp_path / "out" / "angles.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["frame"]) for row in rows] == list(range(1, 11))
    assert len({row["yaw"] for row in rows} | {row["pitch"] for row in rows}) == 20
    assert (tmp_path / "out" / "sheet.png").exists()
