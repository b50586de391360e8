"""Clinic: what is wrong with frames, pairs and rows, and what it writes."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from understudy import Graph, check, run
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome

WIDTH, HEIGHT = 240, 180


def write(path: Path, pixels: np.ndarray) -> None:
    """Writes a frame; colour or a matte."""
    window = Window(0, 0, pixels.shape[1], pixels.shape[0])
    channels = ("R", "G", "B") if pixels.shape[-1] == 3 else ("A",)
    write_frame(path, Frame(pixels=pixels.astype(np.float32), channels=channels, data=window, display=window))


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """Ten plates with a moving subject and their mattes, of which some are wrong.

    Plate 3 is out of focus, 4 has NaN, 6 is cut short, 8 shows what 7 shows; matte 2 is moved, 5 is empty.
    """
    rng = np.random.default_rng(1)
    back = ndimage.gaussian_filter(rng.normal(0.5, 1.2, (HEIGHT, WIDTH, 3)), (1.5, 1.5, 0)).clip(0.1, 0.8)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    for number in range(1, 11):
        shown = 7 if number == 8 else number
        inside = (np.hypot(x - 40 - 14 * shown, y - 90) < 32)[..., None].astype(float)
        plate = back * (1 - inside) + inside * (0.9, 0.7, 0.1)
        if number == 3:
            plate = ndimage.gaussian_filter(plate, (3, 3, 0))
        if number == 4:
            plate[5, 5, 1] = np.nan
        matte = {2: np.roll(inside, (12, 15), (0, 1)), 5: 0 * inside}.get(number, inside)
        write(tmp_path / f"plate.{number:04d}.exr", plate)
        write(tmp_path / f"matte.{number:04d}.exr", matte)
    cut = tmp_path / "plate.0006.exr"
    cut.write_bytes(cut.read_bytes()[:5000])
    return tmp_path


def clinic(folder: Path, sink: Any = None, **knobs: Any) -> Outcome:
    """Runs a Clinic over the plates and mattes."""
    outcome = run(graph(folder, **knobs), **({"sink": sink} if sink else {}))
    assert not outcome.failed, outcome.failed
    return outcome


def graph(folder: Path, **knobs: Any) -> Graph:
    """A Clinic over the plates and mattes."""
    found = Graph(folder / "graph.toml")
    found.add("DataSource", "plate", path="plate.####.exr")
    found.add("DataSource", "painted", path="matte.####.exr")
    found.add("Clinic", "clinic", inputs={"input": "plate", "groundtruth": "painted"}, **knobs)
    return found


def kinds(folder: Path) -> dict[int, str]:
    """The kinds of findings by frame, as the table has them."""
    with (folder / "clinic" / "table.csv").open(encoding="utf-8") as file:
        return {int(row["frame"]): row["kinds"] for row in csv.DictReader(file) if row["kinds"]}


def test_one_table_names_every_fault(spoilt: Path) -> None:
    """As CSV, and as JSON lines with a sentence and its evidence; healthy frames have no finding."""
    clinic(spoilt)
    assert kinds(spoilt) == {
        2: "misaligned", 3: "blurred", 4: "NaN", 5: "empty_matte", 6: "unreadable", 8: "duplicate",
    }  # fmt: skip
    lines = [json.loads(line) for line in (spoilt / "clinic" / "table.jsonl").read_text().splitlines()]
    (finding,) = lines[1]["findings"]
    assert finding["sentence"].startswith("the matte's outline lies 15 pixels to the right and 12 below")
    assert finding["evidence"]["shift_x_px"] == 15


def test_the_summary_says_what_to_do(spoilt: Path) -> None:
    """A line for each kind of finding, the worst first, and the sentence where there is one frame only."""
    outcome = clinic(spoilt)
    lines = outcome.values["clinic"]["table"]["summary"]
    assert lines[0] == "10 frames; something is wrong with 6 of them:"
    assert lines[1] == "  1 unreadable (6): render them anew, or leave them out"
    assert (spoilt / "clinic" / "summary.txt").read_text().splitlines() == lines


def test_pictures_show_the_order_the_worst_and_the_wrong_pairs(spoilt: Path) -> None:
    """The matte's outline is drawn on the plate; a pair that is right has no picture."""
    clinic(spoilt, by="sharpness")
    folder = spoilt / "clinic"
    assert sorted(path.name for path in (folder / "pairs").iterdir()) == ["2.png", "5.png"]
    drawn = np.asarray(Image.open(folder / "pairs" / "2.png"))
    assert drawn.shape == (HEIGHT, WIDTH, 3)
    assert 100 < (drawn == (255, 40, 160)).all(-1).sum() < 900  # a line around a disc of 32 pixels
    for name in ("order.png", "worst.png"):
        with Image.open(folder / name) as picture:
            assert picture.width > 600
    with (folder / "order.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["frame"] == "3"
    assert len({row["group"] for row in rows}) == 8  # of nine that can be read, two are alike


def test_a_rule_lists_frames_with_reasons_and_a_datasource_leaves_them_out(spoilt: Path) -> None:
    """Nothing is deleted, and the list is beside the graph."""
    clinic(spoilt, drop="misaligned or sharpness < 0.25")
    lines = (spoilt / "quarantine.txt").read_text().splitlines()[2:]
    assert [line.split()[0] for line in lines] == ["2", "3"]
    assert lines[0].startswith("2  misaligned: the matte's outline lies")
    assert lines[1].startswith("3  misaligned or sharpness < 0.25: sharpness 0.")
    again = Graph(spoilt / "graph.toml")
    again.add("DataSource", "plate", path="plate.####.exr", exclude="quarantine.txt")
    assert not check(again)
    assert len(list(spoilt.glob("plate.*.exr"))) == 10


def test_a_list_that_was_edited_stays_and_one_that_was_deleted_is_written_anew(spoilt: Path) -> None:
    """A line that a person took away does not come back by running again; the whole list does."""
    path = spoilt / "quarantine.txt"
    clinic(spoilt, drop="misaligned or sharpness < 0.25")
    whole = path.read_text()
    edited = "".join(line for line in whole.splitlines(keepends=True) if not line.startswith("2 "))
    path.write_text(edited)
    clinic(spoilt, drop="misaligned or sharpness < 0.25")
    assert path.read_text() == edited
    path.unlink()
    clinic(spoilt, drop="misaligned or sharpness < 0.25")
    assert path.read_text() == whole


def test_links_name_the_files_in_order(spoilt: Path) -> None:
    """They sort by their names, and lead to the frames."""
    clinic(spoilt, by="sharpness", links=True)
    links = sorted((spoilt / "clinic" / "links").iterdir())
    assert links[0].name == "00001_plate.0003.exr"
    assert links[0].resolve() == (spoilt / "plate.0003.exr").resolve()
    clinic(spoilt, by="time", links=True)
    assert len(list((spoilt / "clinic" / "links").iterdir())) == 9


def test_a_frame_is_decoded_once_and_then_known(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed rule or order looks at no frame again; a changed frame is looked at alone."""
    from understudy.nodes.diagnosis import examination

    looked = []
    plain = examination.measure
    monkeypatch.setattr(examination, "measure", lambda *a, **k: looked.append(1) or plain(*a, **k))
    clinic(spoilt)
    assert len(looked) == 9
    clinic(spoilt, near=0.001)
    assert len(looked) == 9
    write(spoilt / "plate.0009.exr", read_frame(spoilt / "plate.0010.exr").pixels * 0.9)
    clinic(spoilt, near=0.001)
    assert len(looked) == 10


def test_a_torn_cache_costs_only_what_is_torn(spoilt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pass that was killed while it wrote goes on after the last whole line."""
    from understudy.nodes.diagnosis import examination

    clinic(spoilt)
    kept = spoilt / ".understudy" / "clinic" / "clinic.jsonl"
    lines = kept.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(lines[:5]) + lines[5][:100])
    looked = []
    plain = examination.measure
    monkeypatch.setattr(examination, "measure", lambda *a, **k: looked.append(1) or plain(*a, **k))
    clinic(spoilt, near=0.001)
    assert len(looked) == 4
    assert kinds(spoilt)[2] == "misaligned"


def test_the_same_frames_give_the_same_tables(spoilt: Path) -> None:
    """Whatever was known before, and though frames are decoded side by side."""
    clinic(spoilt)
    first = {path.name: path.read_bytes() for path in (spoilt / "clinic").glob("*.*")}
    (spoilt / ".understudy" / "clinic" / "clinic.jsonl").unlink()
    clinic(spoilt, near=0.01451)
    assert first == {path.name: path.read_bytes() for path in (spoilt / "clinic").glob("*.*")}


@pytest.mark.parametrize(
    ("knobs", "told"),
    [
        ({"drop": "sharpnes < 1"}, 'did you mean "sharpness"?'),
        ({"by": "sharpnes"}, 'Did you mean "sharpness"?'),
    ],
)
def test_a_wrong_rule_or_order_is_a_fault_of_the_graph(
    spoilt: Path, knobs: dict[str, Any], told: str
) -> None:
    """It is told before a frame is decoded."""
    assert told in str(check(graph(spoilt, **knobs))[0])


def test_a_column_of_a_table_sorts_frames_and_is_in_rules(spoilt: Path) -> None:
    """Such as what a model found in each frame; it is in the table of all frames, too."""
    numbers = [number for number in range(1, 11) if number != 6]
    text = "frame,yaw\n" + "".join(f"{number},{(number * 7) % 11}\n" for number in numbers)
    (spoilt / "angles.csv").write_text(text)
    found = Graph(spoilt / "graph.toml")
    found.add("DataSource", "plate", path="plate.####.exr")
    found.add("DataSource", "angles", path="angles.csv", frame_column="frame", labels=["yaw"])
    inputs = {"input": "plate", "columns": "angles.labels"}
    found.add("Clinic", "clinic", inputs=inputs, by="yaw", drop="yaw > 8")
    outcome = run(found)
    assert not outcome.failed, outcome.failed
    with (spoilt / "clinic" / "order.csv").open() as file:
        order = [int(row["frame"]) for row in csv.DictReader(file)]
    assert order == sorted(numbers, key=lambda number: (number * 7) % 11)
    lines = (spoilt / "quarantine.txt").read_text().splitlines()[2:]
    assert [int(line.split()[0]) for line in lines] == [n for n in numbers if (n * 7) % 11 > 8]


def test_an_order_that_no_table_has_is_told_with_those_that_there_are(spoilt: Path) -> None:
    """The columns of a table are known only when it was read."""
    (spoilt / "angles.csv").write_text("frame,yaw\n1,2\n2,5\n")
    found = Graph(spoilt / "graph.toml")
    found.add("DataSource", "plate", path="plate.####.exr")
    found.add("DataSource", "angles", path="angles.csv", frame_column="frame", labels=["yaw"])
    found.add("Clinic", "clinic", inputs={"input": "plate", "columns": "angles.labels"}, by="pitch")
    message = run(found).failed["clinic"]
    assert "there is no order" in message
    assert "hash, yaw" in message


def test_rows_of_a_table_are_looked_at_with_their_labels(tmp_path: Path) -> None:
    """Repeats, contradictions, outliers and constant columns; a rule lists rows."""
    rng = np.random.default_rng(2)
    rows = [[*rng.normal(0, 1, 2), 5.0, index % 2] for index in range(40)]
    rows[20] = list(rows[3])
    rows[30] = [*rows[4][:3], 1 - rows[4][3]]
    rows[10][0] = 500.0
    text = "a,b,c,hit\n" + "".join(",".join(str(value) for value in row) + "\n" for row in rows)
    (tmp_path / "t.csv").write_text(text)
    found = Graph(tmp_path / "graph.toml")
    found.add("DataSource", "table", path="t.csv", labels=["hit"])
    inputs = {"input": "table.features", "groundtruth": "table.labels"}
    found.add("Clinic", "clinic", inputs=inputs, drop="contradiction")
    outcome = run(found)
    assert not outcome.failed, outcome.failed
    assert kinds(tmp_path) == {11: "outlier", 21: "duplicate", 31: "contradiction"}
    assert (
        '  constant: the column "c" is 5 in every row; leave it out'
        in outcome.values["clinic"]["table"]["summary"]
    )
    assert (tmp_path / "quarantine.txt").read_text().splitlines()[-1].startswith("31  contradiction: ")
