"""Tables in a graph: from rows to labels, killed and resumed, and what is refused on the way."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from small_tables import rows, table_graph, write_table
from stopped_training import stop_after

from understudy import Graph, check, run
from understudy.graph.document import Source
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.nodes.media.tables import pictures
from understudy.nodes.media.tables.table import Table
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container
from understudy.runtime.runs.folder import RunFolder

CPU = Settings(device="cpu", threads=1)

FORKED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from small_tables import table_graph
from understudy import run
from understudy.runtime.context import Settings
made = 0
def sink(event):
    global made
    made += getattr(event, "unit", "") == "steps"
    if made and made == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
graph = table_graph(Path(sys.argv[1]), checkpoint_interval=20)
outcome = run(graph, to=["learn"], settings=Settings(device="cpu", threads=1), sink=sink)
sys.exit(outcome.status)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the table; pictures of a training are drawn in no time."""
    write_table(tmp_path / "rows.csv")
    monkeypatch.setattr(pictures, "sheet", lambda *_, **__: Image.new("RGB", (8, 8)))
    return tmp_path


def trained(graph: Graph, *to: str) -> dict[str, Any]:
    """What nodes give once all is computed."""
    outcome = run(graph, to=list(to), settings=CPU)
    assert not outcome.failed, outcome.failed
    return {name: next(iter(outcome.values[name].values())) for name in to}


def failure(graph: Graph, node: str) -> str:
    """How a node fails."""
    return run(graph, to=[node], settings=CPU).failed[node]


def test_classes_numbers_and_phases_are_learned_at_once(folder: Path) -> None:
    """Of rows in their order: nine in ten of the classes, and half of the deviation of the rest at most.

    The labels follow from the features without noise; chance gets half of the classes, a quarter of a turn.
    """
    labels = ["mood", "energy", "phase"]
    graph = table_graph(folder, {"labels": labels, "circular": "phase:1"}, epochs=150)
    found = trained(graph, "found")["found"]
    truth = {name: [line[place] for line in rows()] for place, name in enumerate(labels, 5)}
    moods = [found.text(row, 0) for row in range(len(found))]
    gap = np.abs(found.column("phase") - np.array(truth["phase"]))
    assert np.mean(np.array(moods) == np.array(truth["mood"])) > 0.9
    assert np.std(found.column("energy") - truth["energy"]) < 0.5 * np.std(truth["energy"])
    assert np.minimum(gap, 1.0 - gap).mean() < 0.12
    assert np.allclose(found.column("mood=happy") + found.column("mood=sad"), 1.0)


def test_classes_of_which_nothing_is_held_out_are_named(folder: Path) -> None:
    """A mood that one take alone shows is always trained on, and what is measured says nothing of it."""
    lines = [[*line[:5], "calm" if line[0] == "take3" else line[5], *line[6:]] for line in rows()]
    write_table(folder / "rows.csv", lines)
    told: list[str] = []
    graph = table_graph(folder, epochs=2)
    run(graph, to=["learn"], settings=CPU, sink=lambda event: told.append(getattr(event, "message", "")))
    (said,) = [one for one in told if "rows to train on" in one]
    assert said.endswith("; nothing of calm")


def test_an_ensemble_is_trained_kept_and_applied(folder: Path) -> None:
    """Two nets in one checkpoint; its answer for a row is their mean, and the table is learned as by one."""
    graph = table_graph(folder, epochs=40)
    graph.add("MLP", "net", ensemble=2, neurons=16)
    graph.entries["learn"].inputs["network"] = [Source.parse("net")]
    found = trained(graph, "found")["found"]
    moods = [found.text(row, 0) for row in range(len(found))]
    assert np.mean(np.array(moods) == np.array([line[5] for line in rows()])) > 0.9  # of classes half each
    run_folder = RunFolder(folder / "training" / "run")
    names = read_container(max(run_folder.cats().values()), "cat").tensors
    assert {"network/members.0.head.weight", "network/members.1.head.weight"} < set(names)


def test_labels_are_written_as_csv_npz_and_a_time_line(folder: Path) -> None:
    """A row each with its group and frame; the picture is one."""
    graph = table_graph(folder)
    for name in ("found.csv", "found.npz", "line.png"):
        graph.add("Write", name.replace(".", "_"), inputs={"input": "found"}, path=f"out/{name}")
    trained(graph, "found_csv", "found_npz", "line_png")
    with (folder / "out" / "found.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    arrays = np.load(folder / "out" / "found.npz")
    assert [line["mood"] for line in lines] == arrays["mood"].tolist()
    assert (lines[0]["group"], lines[0]["frame"], len(lines)) == ("take0", "1", 96)
    assert {"mood=happy", "mood=sad", "mood uncertainty"} < set(lines[0])
    with Image.open(folder / "out" / "line.png") as picture:
        assert picture.width == 1200


def test_a_contact_sheet_of_labels_is_a_chart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Truth and found give one picture of the shared rows, not a row for each frame."""
    graph = table_graph(folder)
    graph.add("ContactSheet", "sheet", inputs={"columns": ["rows.labels", "found"]}, path="sheet.png")
    trained(graph, "learn")
    monkeypatch.undo()
    trained(graph, "sheet")
    with Image.open(folder / "sheet.png") as opened:
        picture = np.asarray(opened)
    assert picture.shape[1] > 1000
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def files_of(folder: Path) -> dict[str, bytes]:
    """The models and the last state of a run, by name."""
    found = RunFolder(folder / "training" / "run")
    last = found.ost(max(found.osts()))
    return {path.name: path.read_bytes() for path in (*found.cats().values(), last)}


def test_a_stopped_training_ends_with_the_same_bytes(folder: Path) -> None:
    """Stopped by SIGTERM twice, each time within an epoch, it leaves what the unbroken one leaves.

    An epoch has 3 steps; the stops are after 5 steps and after 6 more.
    """
    for name in ("whole", "stopped"):
        write_table(folder / name / "rows.csv")
    knobs = {"epochs": 8, "checkpoint_interval": 10, "validation_interval": 10}
    for steps in (5, 6):
        stop_after(table_graph(folder / "stopped", **knobs), steps)
    for name in ("whole", "stopped"):
        trained(table_graph(folder / name, **knobs), "learn")
    whole, stopped = files_of(folder / "whole"), files_of(folder / "stopped")
    assert len(whole) >= 3
    assert [name for name, data in whole.items() if stopped.get(name) != data] == []


def test_sigkill_and_the_same_command_end_with_the_same_bytes(tmp_path: Path) -> None:
    """A process killed after 50 steps, and the one that goes on, leave what an unbroken one leaves."""
    files = {}
    for name, kills in (("whole", (0,)), ("killed", (50, 0))):
        write_table(tmp_path / name / "rows.csv")
        for kill in kills:
            arguments = [str(tmp_path / name), str(Path(__file__).parents[1]), str(kill)]
            command = [sys.executable, "-c", FORKED, *arguments]
            status = subprocess.run(command, check=False, capture_output=True).returncode
            assert status == (-9 if kill else 0)
        found = RunFolder(tmp_path / name / "training" / "run")
        written = (*found.cats().values(), *found.osts().values())
        files[name] = {path.name: path.read_bytes() for path in written}
    assert len(files["whole"]) >= 4
    assert [name for name, data in files["whole"].items() if files["killed"].get(name) != data] == []


def test_another_table_is_refused_by_name(folder: Path) -> None:
    """A column that is gone, one that is text now, and a category never seen are named."""
    graph = table_graph(folder)
    trained(graph, "learn")
    asked: dict[str, Any] = {"features": ["a", "b", "light"], "group_column": "take", "frame_column": "frame"}
    graph.add("DataSource", "others", path="others.csv", **asked)
    graph.entries["found"].inputs["input"] = [Source.parse("others.features")]
    header = ["take", "frame", "a", "b", "light"]
    lines = [line[:5] for line in rows()]
    write_table(folder / "others.csv", [[*line[:4], "dusk"] for line in lines], header)
    assert 'the category "dusk", which was never trained on; known are day, night' in failure(graph, "found")
    write_table(folder / "others.csv", [[*line[:3], "high", line[4]] for line in lines], header)
    assert "b (category: high) was trained on as b (number)" in failure(graph, "found")
    graph.set("others", "features", ["a", "light"])
    assert 'no column "b"' in failure(graph, "found")


def test_rows_without_a_label_are_not_learned_from(folder: Path) -> None:
    """Half of the labels are missing: the others train, and the rows are told."""
    lines = rows()
    for line in lines[::2]:
        line[5] = ""
    write_table(folder / "rows.csv", lines)
    said: list[str] = []
    outcome = run(table_graph(folder), to=["learn"], settings=CPU, sink=lambda one: said.append(str(one)))
    assert not outcome.failed
    assert any("48 of 96 rows have no label" in one for one in said)
    assert len(RunFolder(folder / "training" / "run").cats()) > 0


def test_a_class_of_a_single_row_is_told(folder: Path) -> None:
    """It stays among the trained rows, and the training says that there is one."""
    lines = rows()
    lines[5][5] = "furious"
    write_table(folder / "rows.csv", lines)
    said: list[str] = []
    run(table_graph(folder), to=["learn"], settings=CPU, sink=lambda one: said.append(str(one)))
    assert any('The class "furious" of mood has a single row to learn from.' in one for one in said)


def test_a_label_that_never_changes_is_refused(folder: Path) -> None:
    """There is nothing to tell apart."""
    write_table(folder / "rows.csv", [[*line[:5], "calm", *line[6:]] for line in rows()])
    assert 'has the mood "calm": there is nothing to tell apart' in failure(table_graph(folder), "learn")


def test_a_missing_feature_is_an_error_a_gap_or_the_mean(folder: Path) -> None:
    """By the knob `missing`; the error names row, column and the way out."""
    lines = rows()
    lines[4][2], lines[7][3] = "", "nan"
    write_table(folder / "rows.csv", lines)
    assert 'row 5 has no value in the column "a"' in failure(table_graph(folder), "rows")
    for missing, count in (("skip", 94), ("mean", 96)):
        found = trained(table_graph(folder, {"missing": missing}, run_name=missing), "found")["found"]
        assert len(found) == count
        assert np.isfinite(found.values).all()


def test_logistic_regression_that_is_as_good_is_told(folder: Path) -> None:
    """The mood is a straight line in `a`, which the floor finds as well as the network."""
    said: list[str] = []
    run(table_graph(folder, epochs=40), to=["learn"], settings=CPU, sink=lambda one: said.append(str(one)))
    assert any("Plain logistic regression is as good as the network" in one for one in said)


def test_networks_of_windows_learn_windows_and_refuse_lines(folder: Path) -> None:
    """Conv1D and GRU take what MotionFeatures cuts of a table, and say so where nothing was cut."""
    graph = table_graph(folder, epochs=2)
    graph.add("MotionFeatures", "windows", inputs={"motion": "rows.features"}, window=5.0, hop=1.0)
    graph.entries["learn"].inputs["input"] = [Source.parse("windows")]
    for network in ("Conv1D", "GRU"):
        graph.add(network, network.lower())
        graph.entries["learn"].inputs["network"] = [Source.parse(network.lower())]
        graph.set("learn", "run_name", network)
        trained(graph, "learn")
    graph.entries["learn"].inputs["input"] = [Source.parse("rows.features")]
    assert "MotionFeatures makes windows" in failure(graph, "learn")


def test_labels_of_frames_are_learned(folder: Path) -> None:
    """A bright square's place is found; the checker knows that a model of frames gives labels."""
    for number in range(1, 25):
        pixels = np.zeros((24, 24, 3), np.float32)
        pixels[8:14, (number * 7) % 18 : (number * 7) % 18 + 6] = 1.0
        window = Window(0, 0, 24, 24)
        frame = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)
        write_frame(folder / f"p.{number:04d}.exr", frame)
    write_table(folder / "places.csv", [[n, (n * 7) % 18] for n in range(1, 25)], ("frame", "place"))
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path="p.####.exr")
    graph.add("DataSource", "places", path="places.csv", labels="place", frame_column="frame")
    graph.add("FrameNet", "net", resolution="16", model_size="small")
    inputs = {"input": "plate", "groundtruth": "places.labels", "network": "net"}
    graph.add("Trainer", "learn", inputs=inputs, epochs=120, run_name="run")
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "found", inputs={"input": "plate", "model": "best"})
    graph.add("Write", "out", inputs={"input": "found"}, path="out.csv")
    assert check(graph) == []
    found = trained(graph, "found", "out")["found"]
    truth = (np.arange(1, 25) * 7) % 18
    assert isinstance(found, Table)
    assert np.corrcoef(found.column("place"), truth)[0, 1] > 0.9
