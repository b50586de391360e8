"""`understudy clinic`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from understudy import Graph, run
from understudy.cli.main import status_of


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with four pictures of any names in `photos`; the last repeats the first."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(1)
    small = [rng.integers(20, 230, (6, 8, 3), np.uint8) for _ in range(3)]
    pictures = [Image.fromarray(one).resize((160, 120)) for one in small]
    for name, picture in zip(("alps", "beach", "city", "zoo"), [*pictures, pictures[0]], strict=True):
        picture.save(tmp_path / "photos" / f"{name}.png")
    return tmp_path


GRAPH = """\
understudy = 1
[nodes.plate]
type = "DataSource"
path = "photos/*.png"
[nodes.learn]
type = "Trainer"
inputs = { input = "plate", groundtruth = "plate" }
"""


def test_a_folder_of_pictures_is_looked_at(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was found, what to do, and where to look."""
    assert status_of(["clinic", "photos", "--drop", "duplicate"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "4 frames; something is wrong with 1 of them:"
    assert out[1] == "  1 duplicate (4): they teach nothing new; leave them out"
    assert out[-1] == "See clinic/: worst.png, order.png, table.csv."
    assert (photos / "quarantine.txt").read_text().splitlines()[-1].startswith("4  duplicate: it shows")


def test_a_graph_is_looked_at_where_its_trainer_learns(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its pairs; the graph file stays as it is, and the list and the tables are beside it."""
    (photos / "shot").mkdir()
    (photos / "photos").rename(photos / "shot" / "photos")
    (photos / "shot" / "job.toml").write_text(GRAPH)
    assert status_of(["clinic", "shot/job.toml", "--drop", "brightness < 2", "--by", "brightness"]) == 0
    assert "See shot/clinic/" in capsys.readouterr().out
    assert (photos / "shot" / "job.toml").read_text() == GRAPH
    assert len((photos / "shot" / "quarantine.txt").read_text().splitlines()) == 2 + 4


def test_json_lines_carry_the_summary(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else stands on standard output."""
    assert status_of(["clinic", "photos", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records[-1]["event"] == "clinic"
    assert records[-1]["summary"][0].startswith("4 frames")


def tone_model(folder: Path) -> None:
    """Frames from dark to bright in any order, and `tone.cat`, which tells how bright a frame is."""
    rng = np.random.default_rng(3)
    tones = rng.permutation(12) * 18 + 20
    (folder / "shot").mkdir()
    for number, tone in enumerate(tones, 1):
        noise = rng.integers(-9, 9, (32, 32, 3))
        Image.fromarray((tone + noise).astype(np.uint8)).save(folder / "shot" / f"f.{number:04d}.png")
    text = "".join(f"{number},{tone}\n" for number, tone in enumerate(tones, 1))
    (folder / "tones.csv").write_text("frame,tone\n" + text)
    graph = Graph(folder / "learn.toml")
    graph.add("DataSource", "shot", path="shot/f.####.png")
    graph.add("DataSource", "tones", path="tones.csv", frame_column="frame", labels=["tone"])
    graph.add("FrameNet", "net", model_size="small", resolution="16")
    inputs = {"input": "shot", "groundtruth": "tones.labels", "network": "net"}
    graph.add("Trainer", "learn", inputs=inputs, epochs=5)
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    outcome = run(graph)
    assert not outcome.failed, outcome.failed
    Path(outcome.values["best"]["model"]["path"]).rename(folder / "tone.cat")


def test_frames_are_sorted_by_what_a_model_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model is applied to the frames, from wherever the command is called; rules may name its column."""
    monkeypatch.chdir(tmp_path)
    tone_model(tmp_path)
    call = ["clinic", "shot/f.####.png", "--by", "tone.cat:tone", "--drop", "tone > 1000"]
    assert status_of(call) == 0
    assert 'No frame is left out: "tone > 1000" is true of none.' in capsys.readouterr().out
    with (tmp_path / "clinic" / "order.csv").open() as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]
    assert len(values) == 12
    assert values == sorted(values)
    assert status_of(["clinic", "shot/f.####.png", "--by", "tone.cat:hue"]) == 1
    assert "hash, tone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["photos", "--drop", "blury"], 'did you mean "blurred"?'),
        (["photos", "--by", "sharpnes"], 'Did you mean "sharpness"?'),
        (["nowhere/plate.####.exr"], "there is no such folder"),
        (["none.toml"], "there is no such graph file"),
        (["words.txt"], "this is nothing that a DataSource reads"),
    ],
)
def test_a_wrong_call_is_told_before_anything_is_looked_at(
    photos: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """With the nearest right word, and status 2."""
    assert status_of(["clinic", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not (photos / "clinic").exists()


def test_missing_values_of_a_table_are_a_finding(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They do not stop the clinic, which nobody gave a knob that says what becomes of them."""
    rows = "".join(f"{number},{number * number}\n" for number in range(1, 20))
    (photos / "rows.csv").write_text("a,b\n" + rows + "20,\n")
    assert status_of(["clinic", "rows.csv"]) == 0
    assert "  1 missing (20)" in capsys.readouterr().out
    (photos / "job.toml").write_text('understudy = 1\n[nodes.t]\ntype = "DataSource"\npath = "rows.csv"\n')
    assert status_of(["clinic", "job.toml"]) == 0
    assert "  1 missing (20)" in capsys.readouterr().out


def test_a_table_that_can_not_be_read_is_called_as_it_was_given(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is no graph file to name, and the path is the one that was typed."""
    (photos / "rows.csv").write_text("a,b\n1,2\n3\n")
    assert status_of(["clinic", "rows.csv"]) == 2
    told = capsys.readouterr().err
    assert told.startswith("input.path: the table can't be read; found rows.csv: Line 3 has 1 values")
