"""Lists of frames that a DataSource leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy import Graph, check, run
from understudy.graph.errors import MediaError
from understudy.nodes.diagnosis.quarantine import add_to_quarantine, read_quarantine
from understudy.nodes.registry import registry
from understudy.runtime.events import Warned
from understudy.runtime.running import planned

if TYPE_CHECKING:
    from pathlib import Path


def source(shot: Path, text: str, **knobs: str) -> Graph:
    """A graph whose plate leaves out what the text lists."""
    (shot / "out.txt").write_text(text, encoding="utf-8")
    graph = Graph(shot / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr", exclude="out.txt", **knobs)
    graph.add("Write", "copy", inputs={"input": "plate"}, path="copy/c.####.exr")
    return graph


def test_a_datasource_leaves_the_listed_frames_out(shot: Path) -> None:
    """Comments, empty lines and ranges are understood; the damaged frame among them is not even looked at."""
    (shot / "plate.0002.exr").write_bytes(b"torn")
    graph = source(shot, "# by hand\n\n2  it is torn\n5-7x2  duplicate: of 4\nkeep 3\n")
    outcome = run(graph)
    assert not outcome.failed
    assert sorted(path.name for path in (shot / "copy").iterdir()) == [
        f"c.{n:04d}.exr" for n in (1, 3, 4, 6, 8)
    ]


def test_a_plan_shows_what_is_left_out_and_why(shot: Path) -> None:
    """The frames stand behind the reasons, so that nobody wonders where they are."""
    steps = planned(source(shot, "2  blurred: 0.1\n5  blurred: 0.2\n"), registry())
    assert steps["plate"].notes == ("out.txt leaves out 2 frames (blurred: 2,5)",)


def test_a_list_that_names_frames_that_do_not_exist_is_a_fault(shot: Path) -> None:
    """It is told before anything runs, with the frames that there are."""
    (fault,) = check(source(shot, "2\n99  gone\n"))
    assert (fault.knob, fault.found, fault.expected) == ("exclude", "99", "among 1-8")


def test_a_frame_that_is_not_asked_for_may_be_listed(shot: Path) -> None:
    """The list of a shot serves a DataSource that reads a part of it."""
    assert not check(source(shot, "2\n7\n", frames="1-4"))


def test_leaving_out_every_frame_is_a_fault(shot: Path) -> None:
    """Nothing would be left."""
    assert "every frame is left out" in str(check(source(shot, "1-8")))


@pytest.mark.parametrize(
    ("text", "told"), [("blurred 7", "line 1 begins with no frame"), (None, "there is no such list")]
)
def test_a_list_that_is_none_is_told_with_its_line(shot: Path, text: str | None, told: str) -> None:
    """So is one that is not there."""
    graph = source(shot, text or "")
    if text is None:
        (shot / "out.txt").unlink()
    assert told in str(check(graph)[0])


def test_another_list_is_another_result(shot: Path) -> None:
    """What was made with a list is not up to date when its text changes."""
    before = planned(source(shot, "2"), registry())["copy"].key
    assert before != planned(source(shot, "3"), registry())["copy"].key


def test_adding_keeps_what_a_person_wrote(tmp_path: Path) -> None:
    """Listed frames get no second line, and a frame under "keep" is not added; lines stay as they are."""
    path = tmp_path / "shot" / "out.txt"
    assert add_to_quarantine(path, {("", 3): "blurred:\n 0.1"}) == [("", 3)]
    path.write_text(path.read_text() + "keep 4\n8 ugly", encoding="utf-8")
    found = add_to_quarantine(path, {("", frame): "dark" for frame in (3, 4, 8, 9)})
    assert found == [("", 9)]
    assert path.read_text().splitlines()[-4:] == ["3  blurred: 0.1", "keep 4", "8 ugly", "9  dark"]
    assert sorted(read_quarantine(path).reasons) == [3, 8, 9]


def test_a_list_that_can_not_be_understood_is_not_written_to(tmp_path: Path) -> None:
    """What a person wrote is never lost."""
    (tmp_path / "out.txt").write_text("frame seven")
    with pytest.raises(MediaError):
        add_to_quarantine(tmp_path / "out.txt", {("", 1): "dark"})
    assert (tmp_path / "out.txt").read_text() == "frame seven"


def test_rows_of_several_clips_are_listed_with_their_clip(tmp_path: Path) -> None:
    """A name with spaces stands in quotation marks; ranges and "keep" go with clips, too."""
    path = tmp_path / "out.txt"
    path.write_text('walk:3-5  limps\nkeep "range of motion":7\n', encoding="utf-8")
    rows = {("walk", 4): "x", ("range of motion", 7): "x", ("range of motion", 8): "far: off", ("", 4): "x"}
    assert add_to_quarantine(path, rows) == [("", 4), ("range of motion", 8)]
    assert path.read_text().splitlines()[-1] == '"range of motion":8  far: off'
    walked = {("walk", number) for number in (3, 4, 5)}
    assert set(read_quarantine(path).rows()) == {("", 4), ("range of motion", 8)} | walked


def test_frames_of_a_sequence_are_of_no_clip(shot: Path) -> None:
    """A list of poses is not that of a plate."""
    (fault,) = check(source(shot, "2\nwalk:3-4\n"))
    assert fault.found == "walk:3-4"


def table(folder: Path, text: str) -> Graph:
    """A graph that reads a table of two clips, of which a list leaves rows out."""
    (folder / "out.txt").write_text(text, encoding="utf-8")
    rows = "".join(f"{clip},{frame},{frame * 2}\n" for clip in ("walk", "run") for frame in (1, 2, 3))
    (folder / "t.csv").write_text("clip,frame,x\n" + rows)
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "t", path="t.csv", group_column="clip", frame_column="frame", exclude="out.txt")
    return graph


def test_rows_of_a_clip_are_left_out(tmp_path: Path) -> None:
    """The same frames of the other clip are not."""
    features = run(table(tmp_path, "walk:1,3  bad\n")).values["t"]["features"]
    assert features.keys == [("walk", 2), ("run", 1), ("run", 2), ("run", 3)]


def test_a_frame_without_its_clip_is_refused_where_there_are_several(tmp_path: Path) -> None:
    """The message shows how to write it."""
    assert "write such as walk:1" in run(table(tmp_path, "2  bad\n")).failed["t"]


def test_a_plan_says_which_rows_are_left_out_and_why(tmp_path: Path) -> None:
    """Of tables and poses as of frames, by the list alone: nothing is read for it."""
    graph = table(tmp_path, "walk:1-2  bad: a jump\nrun:3  by hand\n")
    (step,) = planned(graph, registry(), to=["t"]).values()
    assert step.notes[-1] == "out.txt leaves out 3 rows (by hand: run:3; bad: walk:1-2)"


def test_rows_that_do_not_exist_are_told_once(tmp_path: Path) -> None:
    """Features and labels come from one list; what one of them has is there."""
    graph = table(tmp_path, "walk:1  bad\njump:4-5  gone\n")
    rows = "".join(f"{clip},{frame},{frame * 2},{frame}\n" for clip in ("walk", "run") for frame in (1, 2, 3))
    (tmp_path / "t.csv").write_text("clip,frame,x,y\n" + rows)
    graph.set("t", "labels", ["y"])
    told: list[str] = []
    run(graph, sink=lambda event: told.append(event.message) if isinstance(event, Warned) else None)
    assert told == ["t: out.txt names what does not exist: jump:4-5"]
