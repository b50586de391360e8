"""Lists of frames that a DataSource leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy import Graph, check, run
from understudy.graph.errors import MediaError
from understudy.nodes.diagnosis.quarantine import add_to_quarantine, read_quarantine
from understudy.nodes.registry import registry
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
    assert add_to_quarantine(path, {3: "blurred:\n 0.1"}) == [3]
    path.write_text(path.read_text() + "keep 4\n8 ugly", encoding="utf-8")
    assert add_to_quarantine(path, {3: "x", 4: "x", 8: "x", 9: "dark"}) == [9]
    assert path.read_text().splitlines()[-4:] == ["3  blurred: 0.1", "keep 4", "8 ugly", "9  dark"]
    assert sorted(read_quarantine(path).reasons) == [3, 8, 9]


def test_a_list_that_can_not_be_understood_is_not_written_to(tmp_path: Path) -> None:
    """What a person wrote is never lost."""
    (tmp_path / "out.txt").write_text("frame seven")
    with pytest.raises(MediaError):
        add_to_quarantine(tmp_path / "out.txt", {1: "dark"})
    assert (tmp_path / "out.txt").read_text() == "frame seven"
