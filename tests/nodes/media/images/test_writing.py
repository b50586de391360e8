"""Writing frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError, StorageError
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame, read_spec
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from pathlib import Path


def _frame(channels: tuple[str, ...] = ("R", "G", "B", "A"), scale: float = 1.0) -> Frame:
    pixels = np.random.default_rng(3).random((6, 9, len(channels)), np.float32) * np.float32(scale)
    return Frame(
        pixels=pixels.astype(np.float16).astype(np.float32),
        channels=channels,
        data=Window(-2, -1, 9, 6),
        display=Window(0, 0, 6, 4),
        metadata={"take": "me", "smpte:TimeCode": (17, 0), "compression": "piz", "dpx:Packing": "x"},
    )


def test_an_exr_comes_back_as_it_was(tmp_path: Path) -> None:
    """Pixels beyond 1, layers, both windows and metadata survive; what described the old file does not."""
    frame = _frame(("R", "G", "B", "A", "depth.Z"), scale=900)
    write_frame(tmp_path / "a.exr", frame, metadata={"understudy/version": "1"})
    back = read_frame(tmp_path / "a.exr")
    assert np.array_equal(frame.pixels, back.pixels)
    assert (frame.channels, frame.data, frame.display) == (back.channels, back.data, back.display)
    assert back.metadata["take"] == "me"
    assert back.metadata["smpte:TimeCode"] == (17, 0)
    assert back.metadata["understudy/version"] == "1"
    assert back.metadata["compression"] == "zip"
    assert "dpx:Packing" not in back.metadata


def test_nan_and_infinity_are_kept(tmp_path: Path) -> None:
    """They are values like others."""
    frame = _frame()
    frame.pixels[0, 0] = (np.nan, np.inf, -np.inf, 0)
    write_frame(tmp_path / "a.exr", frame)
    assert np.array_equal(read_frame(tmp_path / "a.exr").pixels, frame.pixels, equal_nan=True)


def test_values_that_half_cannot_hold_are_refused(tmp_path: Path) -> None:
    """They would turn into infinity unasked; as float they are fine."""
    frame = replace(_frame(), pixels=_frame().pixels * 1e6)
    with pytest.raises(MediaError, match=r"half ends at 65504.*float"):
        write_frame(tmp_path / "a.exr", frame)
    assert list(tmp_path.iterdir()) == []
    write_frame(tmp_path / "a.exr", frame, dtype="float")
    assert read_spec(tmp_path / "a.exr").dtype == "float"


@pytest.mark.parametrize(
    ("name", "dtype", "step"),
    [
        ("a.dpx", "uint10", 1023),
        ("a.tif", "uint16", 65535),
        ("a.png", "uint8", 255),
        ("a.jpg", "uint8", 10),
    ],
)
def test_other_formats_hold_the_display_window(tmp_path: Path, name: str, dtype: str, step: int) -> None:
    """The pixels agree within the format's step."""
    frame = _frame(("R", "G", "B"))
    smooth = np.linspace(0, 1, 9, dtype=np.float32)[None, :, None] * np.ones((6, 1, 3), np.float32)
    frame = replace(frame, pixels=smooth)
    write_frame(tmp_path / name, frame)
    back = read_frame(tmp_path / name)
    assert read_spec(tmp_path / name).dtype == dtype
    assert back.data == back.display == Window(0, 0, 6, 4)
    assert np.abs(back.pixels - frame.fitted(frame.display).pixels).max() <= 1 / step


@pytest.mark.parametrize("name", ["a.exr", "a.dpx", "a.tif", "a.png", "a.jpg"])
def test_the_same_frame_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing in a file depends on the clock."""
    frame = _frame(("R", "G", "B"))
    written = []
    for zone in ("UTC+0", "UTC+5"):  # what a library takes for the time of day
        monkeypatch.setenv("TZ", zone)
        write_frame(tmp_path / name, frame)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    assert "DateTime" not in read_frame(tmp_path / name).metadata


def test_a_frame_of_one_channel_is_a_grey_picture(tmp_path: Path) -> None:
    """A matte fits into every format."""
    for name in ("a.exr", "a.dpx", "a.tif", "a.png", "a.jpg"):
        write_frame(tmp_path / name, _frame(("A",)))
        assert read_frame(tmp_path / name).pixels.shape[-1] == 1


@pytest.mark.parametrize(
    ("name", "knobs", "said"),
    [
        ("a.xyz", {}, r"files of this kind.*\.exr"),
        ("a.png", {"dtype": "half"}, "can't hold this type"),
        ("a.exr", {"compression": "lzw"}, "no such compression"),
        ("a.jpg", {}, "can't hold 4 channels"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(
    tmp_path: Path, name: str, knobs: dict[str, str], said: str
) -> None:
    """The sentence says what would do; no file appears."""
    with pytest.raises(MediaError, match=said):
        write_frame(tmp_path / name, _frame(), **knobs)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up half way costs nothing that was there."""
    path = tmp_path / "a.exr"
    write_frame(path, _frame())
    before = path.read_bytes()
    monkeypatch.setattr("OpenImageIO.ImageOutput.write_image", lambda *_: False)
    with pytest.raises(StorageError, match=r"a\.exr: can't be written.*bytes needed"):
        write_frame(path, _frame(scale=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_a_storage_error(tmp_path: Path) -> None:
    """So is one that can't be written to."""
    with pytest.raises(StorageError, match="can't be written"):
        write_frame(tmp_path / "gone" / "a.exr", _frame())
