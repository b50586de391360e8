"""Movies."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

av = pytest.importorskip("av", reason="PyAV is an extra")

from understudy.nodes.media.images.movies import MovieFrames  # noqa: E402 - needs PyAV

GREYS = tuple(20 + 9 * index for index in range(24))


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 grey frames, each a little lighter, with a key frame every 8 and frames stored out of order."""
    path: Path = tmp_path_factory.mktemp("movie") / "grey.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=24, options={"bf": "2", "g": "8"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for grey in GREYS:
            picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _digest(_: Path) -> str:
    return "digest"


def test_frames_are_numbered_from_one(movie: Path) -> None:
    """And have the size and precision of the stream."""
    frames = MovieFrames(movie, _digest)
    assert frames.numbers == tuple(range(1, 25))
    spec = frames.spec(1)
    assert (spec.data.width, spec.data.height, spec.dtype) == (64, 48, "uint8")
    assert spec.metadata["FramesPerSecond"] == (24, 1)


def test_frames_in_any_order_are_the_right_ones(movie: Path) -> None:
    """Forwards, backwards and jumping over key frames."""
    frames = MovieFrames(movie, _digest)
    for number in (1, 2, 3, 24, 9, 8, 7, 17, 2):
        pixels = frames.read(number).pixels
        assert pixels.mean() * 255 == pytest.approx(GREYS[number - 1], abs=4)


def test_each_frame_has_its_own_identity(movie: Path) -> None:
    """Which depends on the file's bytes."""
    frames, changed = MovieFrames(movie, _digest), MovieFrames(movie, lambda _: "other")
    assert len({frames.identity(number) for number in frames.numbers}) == 24
    assert frames.identity(1) != changed.identity(1)


def test_a_file_that_is_no_movie_is_refused(tmp_path: Path) -> None:
    """Empty, damaged and missing ones alike."""
    (tmp_path / "a.mov").write_bytes(b"no movie at all")
    for name in ("a.mov", "gone.mov"):
        with pytest.raises(MediaError, match="can't be read as a movie"):
            MovieFrames(tmp_path / name, _digest)


def test_a_missing_library_is_said_with_what_to_do(movie: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV is an extra."""
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MediaError, match=r"pip install understudy\[movies\]"):
        MovieFrames(movie, _digest)
