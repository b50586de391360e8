"""Frame ranges and padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from understudy.graph.ranges import compact, find_frames, frame_path, parse, pattern

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1001", (1001,)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("1-10x3,150", (1, 4, 7, 10, 150)),
        ("1-3 7, 5", (1, 2, 3, 5, 7)),
        ("-2-1", (-2, -1, 0, 1)),
        ("5-3,4", (3, 4, 5)),
    ],
)
def test_a_range_is_read_as_compositors_write_it(text: str, numbers: tuple[int, ...]) -> None:
    """Steps, commas, spaces, negative and descending numbers are understood; each comes once, sorted."""
    assert parse(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1.5-3", "1-10:2", "1-10y2", "1-10x0", "1-9999999", "1-"])
def test_what_is_no_range_is_refused(text: str) -> None:
    """Staggers, fractions, steps of 0 and absurd lengths are refused."""
    with pytest.raises(ValueError, match=r"range|step|frames"):
        parse(text)


def test_compact_and_parse_undo_each_other() -> None:
    """Numbers written as a range come back."""
    numbers = (-3, -2, 1, 2, 3, 7, 9, 11, 1001)
    assert parse(compact(numbers)) == numbers
    assert compact([1, 2, 3, 4, 5, 7]) == "1-5,7"


@pytest.mark.parametrize("name", ["a.####.exr", "a.%04d.exr", "a.$F4.exr", "a.@@@@.exr"])
def test_every_host_s_padding_means_the_same_files(tmp_path: Path, name: str) -> None:
    """Four digits at least, filled with zeros, whichever way they are asked for."""
    for file in ("a.0001.exr", "a.0010.exr", "a.10000.exr", "a.-001.exr"):
        (tmp_path / file).touch()
    for stranger in ("a.1.exr", "a.00011.exr", "b.0002.exr", "a.0003.png", "a.x.exr", "a..exr"):
        (tmp_path / stranger).touch()
    assert list(find_frames(tmp_path / name)) == [-1, 1, 10, 10000]
    assert frame_path(tmp_path / name, 7) == tmp_path / "a.0007.exr"


def test_one_hash_is_one_digit(tmp_path: Path) -> None:
    """`#` means numbers without leading zeros, as in Nuke."""
    for file in ("a.1.exr", "a.10.exr", "a.02.exr"):
        (tmp_path / file).touch()
    assert list(find_frames(tmp_path / "a.#.exr")) == [1, 10]


def test_a_single_file_is_one_frame(tmp_path: Path) -> None:
    """Its number is the one that stands alone at the end of its name, else 1."""
    for name in ("photo 12.png", "plate.1001.exr"):
        (tmp_path / name).touch()
    assert find_frames(tmp_path / "photo 12.png") == {1: tmp_path / "photo 12.png"}
    assert find_frames(tmp_path / "plate.1001.exr") == {1001: tmp_path / "plate.1001.exr"}


def test_a_missing_folder_has_no_frames(tmp_path: Path) -> None:
    """A folder that is not there is an empty sequence, not an error."""
    assert find_frames(tmp_path / "gone" / "a.####.exr") == {}
    assert find_frames(tmp_path / "gone.exr") == {}


def test_spaces_and_letters_beyond_ascii_are_fine(tmp_path: Path) -> None:
    """Folders and names in any script are found."""
    folder = tmp_path / "Hintergründe 背景"
    folder.mkdir()
    (folder / "Szene ü.0007.exr").touch()
    assert list(find_frames(folder / "Szene ü.####.exr")) == [7]


@pytest.mark.parametrize("path", ["shot.####/a.exr", "a.1-10####.exr", "a.####.b.####.exr"])
def test_padding_in_the_wrong_place_is_refused(path: str) -> None:
    """Padding belongs into the file name, once, and the range into the knob."""
    with pytest.raises(ValueError, match=r"expected one|only the file name"):
        pattern(path)
