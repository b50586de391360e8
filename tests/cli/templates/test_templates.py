"""Starting a folder from a template."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import TYPE_CHECKING

import OpenImageIO
import pytest

from understudy.cli.templates import TEMPLATES, create
from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shots of six frames."""
    for name in TEMPLATES:
        module = importlib.import_module(f"understudy.cli.templates.{name}")
        monkeypatch.setattr(module, "SHOT", replace(module.SHOT, count=6))


def _header(path: Path) -> OpenImageIO.ImageSpec:
    return OpenImageIO.ImageBuf(str(path)).spec()


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    ("name", "truth", "painted", "count"),
    [
        ("roto", "truth/matte", "roto/sh010/matte", 5),
        ("cleanup", "truth/clean", "painted/clean", 5),
        ("grade", "truth/graded", "graded/graded", 4),
        ("pretraining", "truth/matte", "roto/sh020/matte", 2),
    ],
)
def test_template_has_graph_truth_and_a_few_painted_frames(
    tmp_path: Path, name: str, truth: str, painted: str, count: int
) -> None:
    """A template gives a graph, the truth for every frame, and the same for the painted frames only."""
    written = create(name, tmp_path / "new")
    found = sorted(path.relative_to(tmp_path / "new").as_posix() for path in written)
    truths = [path for path in found if path.startswith(truth)]
    examples = [path for path in found if path.startswith(painted)]

    assert written[0] == tmp_path / "new" / "graph.toml"
    assert len(truths) == 6
    assert len(examples) == count
    for example in examples:
        same = truth + example.removeprefix(painted)
        assert (tmp_path / "new" / example).read_bytes() == (tmp_path / "new" / same).read_bytes()


@pytest.mark.usefixtures("short")
def test_footage_is_half_float_with_a_wandering_overscan(tmp_path: Path) -> None:
    """Data windows are larger than the display window, hold all of it, and move; mattes have one channel."""
    written = create("roto", tmp_path)
    plates = [_header(path) for path in written if path.name.startswith("plate")]
    matte = _header(next(path for path in written if path.name.startswith("matte")))

    assert len({(spec.x, spec.y) for spec in plates}) > 1
    for spec in plates:
        assert (str(spec.format), spec.channelnames) == ("half", ("R", "G", "B"))
        assert (spec.full_x, spec.full_y, spec.full_width, spec.full_height) == (0, 0, 480, 270)
        assert spec.x < 0
        assert spec.y < 0
        assert spec.x + spec.width > 480
        assert spec.y + spec.height > 270
    assert matte.channelnames == ("A",)


def test_folder_with_something_in_it_is_refused_untouched(tmp_path: Path) -> None:
    """A folder that is not empty keeps what it has, and gets nothing."""
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UnderstudyError, match="not empty"):
        create("roto", tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A file of the folder's name is told as such."""
    (tmp_path / "new").write_text("mine")

    with pytest.raises(UnderstudyError, match="is a file"):
        create("roto", tmp_path / "new")


def test_unknown_template_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt template is refused with the right name, before anything is made."""
    with pytest.raises(UnderstudyError, match='Did you mean "cleanup"'):
        create("cleanups", tmp_path / "new")

    assert not (tmp_path / "new").exists()
