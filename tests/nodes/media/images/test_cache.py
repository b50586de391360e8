"""The cache of decoded frames."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.cache import FrameCache
from understudy.nodes.media.images.frame import Window

from .fakes import FakeFrames

if TYPE_CHECKING:
    from pathlib import Path


def test_a_frame_is_decoded_once(tmp_path: Path) -> None:
    """A second process finds the files and decodes nothing."""
    frames = FakeFrames()
    FrameCache(frames, tmp_path).open_all((1, 2, 3))
    cached = FrameCache(frames, tmp_path).open_all((1, 2, 3))
    assert set(frames.reads.values()) == {1}
    assert [float(cached[number].pixels.mean()) for number in (1, 2, 3)] == [1, 2, 3]


def test_another_identity_is_decoded_anew(tmp_path: Path) -> None:
    """A changed file or knob is noticed."""
    FrameCache(FakeFrames(), tmp_path).open(1)
    changed = FakeFrames(version="changed")
    FrameCache(changed, tmp_path).open(1)
    assert changed.reads[1] == 1


@pytest.mark.parametrize("place", [3, 9, 20, 4096, -1])
def test_a_damaged_file_is_made_anew(tmp_path: Path, place: int) -> None:
    """One flipped bit in magic, header or values is enough."""
    frames = FakeFrames()
    FrameCache(frames, tmp_path).open(2)
    path = tmp_path / "2.pixels"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    cached = FrameCache(frames, tmp_path).open(2)
    assert frames.reads[2] == 2
    assert np.all(cached.pixels == 2)


@pytest.mark.parametrize("length", [0, 10, 100, 4096, 4100])
def test_a_cut_file_is_made_anew(tmp_path: Path, length: int) -> None:
    """So is one that a full disk cut short."""
    frames = FakeFrames()
    FrameCache(frames, tmp_path).open(2)
    path = tmp_path / "2.pixels"
    path.write_bytes(path.read_bytes()[:length])
    FrameCache(frames, tmp_path).open(2)
    assert frames.reads[2] == 2


@pytest.mark.parametrize(
    ("dtype", "scale", "kept"),
    [("half", 1, "float16"), ("uint8", 1, "float16"), ("float", 1, "float32"), ("half", 1e5, "float32")],
)
def test_values_are_kept_as_half_where_that_loses_nothing(
    tmp_path: Path, dtype: str, scale: float, kept: str
) -> None:
    """Float sources, and values that half can't hold, stay float32."""
    frames = FakeFrames(numbers=(1,), dtype=dtype)
    read = frames.read
    frames.read = lambda number: replace(read(number), pixels=read(number).pixels * scale)  # type: ignore[method-assign]
    cached = FrameCache(frames, tmp_path).open(1)
    assert cached.pixels.dtype.name == kept
    assert np.all(cached.pixels == scale)


def test_pixels_cover_the_display_window(tmp_path: Path) -> None:
    """A data window that moves gives pixels that stay in place."""
    frames = FakeFrames(data=Window(2, 1, 4, 4), display=Window(0, 0, 5, 3))
    cached = FrameCache(frames, tmp_path).open(3)
    assert cached.pixels[..., 0].tolist() == [[0, 0, 0, 0, 0], [0, 0, 3, 3, 3], [0, 0, 3, 3, 3]]


def test_a_crop_over_the_edge_is_black_there(tmp_path: Path) -> None:
    """Its size is always what was asked for."""
    crop = FrameCache(FakeFrames(), tmp_path).open(3).crop(3, -1, 3)
    assert crop[..., 0].tolist() == [[0, 0, 0], [3, 0, 0], [3, 0, 0]]
    assert crop.dtype == np.float32


def test_frames_that_are_no_longer_wanted_are_removed(tmp_path: Path) -> None:
    """The folder does not grow without end."""
    cache = FrameCache(FakeFrames(), tmp_path)
    cache.open_all((1, 2, 3))
    cache.open_all((2,))
    assert [path.name for path in tmp_path.iterdir()] == ["2.pixels"]


def test_a_bad_frame_is_an_error_that_names_it(tmp_path: Path) -> None:
    """The policy of its DataSource decides what bad frames become; here they are errors."""
    with pytest.raises(MediaError) as refused:
        FrameCache(FakeFrames(bad=frozenset({2})), tmp_path).open_all((1, 2, 3))
    assert refused.value.frame == 2


def test_nan_is_kept_and_told(tmp_path: Path) -> None:
    """Who trains on a frame can say that it is not finite without reading it again."""
    frames = FakeFrames(numbers=(1,))
    assert FrameCache(frames, tmp_path).open(1).finite
    bad = FakeFrames(numbers=(1,), version="nan")
    read = bad.read
    bad.read = lambda number: replace(read(number), pixels=read(number).pixels * np.nan)  # type: ignore[method-assign]
    cached = FrameCache(bad, tmp_path).open(1)
    assert not cached.finite
    assert np.isnan(cached.pixels).all()
