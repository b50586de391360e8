"""Frames that grow damaged: cut, zeroed or flipped bytes are noticed by the decoder or by the digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.sequence import FileFrames
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.store import Store

if TYPE_CHECKING:
    from pathlib import Path

COMPRESSIONS = ("none", "zip", "zips", "piz", "dwaa:45")


def written(path: Path, compression: str) -> Frame:
    """A frame with grain, in a file."""
    window = Window(0, 0, 96, 64)
    rng = np.random.Generator(np.random.Philox(3))
    pixels = rng.random((64, 96, 3), np.float32)
    frame = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)
    write_frame(path, frame, compression=compression)
    return read_frame(path)


def outcome(path: Path, before: Frame) -> str:
    """What reading a damaged file comes to."""
    try:
        after = read_frame(path)
    except MediaError as error:
        return "refused" if str(path) in str(error) else "refused without its name"
    return "same" if np.array_equal(after.pixels, before.pixels) else "wrong"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_file_that_was_cut_is_refused(tmp_path: Path, compression: str) -> None:
    """Wherever it was cut, and in every compression, the decoder says so and the file is named."""
    path = tmp_path / "frame.1.exr"
    before = written(path, compression)
    whole = path.read_bytes()
    outcomes = []
    for share in (0.0, 0.1, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        outcomes.append(outcome(path, before))
    assert outcomes == ["refused"] * 5


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("damage", ["flip", "zero"])
def test_no_wrong_pixel_goes_unreported(tmp_path: Path, compression: str, damage: str) -> None:
    """Where the decoder lets damage pass, the frame's identity has changed: nothing kept is reused."""
    path = tmp_path / "frame.1.exr"
    before = written(path, compression)
    whole = path.read_bytes()
    store = Store(None)
    identity = FileFrames({1: path}, store.digest).identity(1)
    outcomes = []
    for place in np.linspace(len(whole) // 2, len(whole) - 64, 24).astype(int):
        changed = bytearray(whole)
        if damage == "flip":
            changed[place] ^= 0x10
        else:
            changed[place : place + 32] = bytes(32)
        path.write_bytes(changed)
        outcomes.append(outcome(path, before))
        if bytes(changed) != whole:
            assert FileFrames({1: path}, store.digest).identity(1) != identity
    assert set(outcomes) & {"refused", "wrong"}, "the damage never took place"
    store.close()
