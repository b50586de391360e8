"""DataSource, as far as it reads frames."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import Graph, check
from understudy.graph.errors import NodeError
from understudy.nodes.data_source import DataSource
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.media.images.sequence import Frames


class Context:
    """As much of a context as a DataSource looks at."""

    def __init__(self) -> None:
        self.store = Store(None)
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        """Keeps what was said."""
        self.warnings.append(message)


def _write(folder: Path, numbers: tuple[int, ...], channels: tuple[str, ...] = ("R", "G", "B", "A")) -> None:
    window = Window(0, 0, 3, 2)
    for number in numbers:
        pixels = np.full((2, 3, len(channels)), number, np.float32)
        frame = Frame(pixels=pixels, channels=channels, data=window, display=window)
        write_frame(folder / f"plate.{number:04d}.exr", frame)


def _frames(folder: Path, **knobs: Any) -> Frames:
    node = DataSource("plate", {"path": "plate.####.exr", **knobs}, folder=folder)
    frames: Frames = node.compute(None, Context())["frames"]  # type: ignore[arg-type]
    return frames


def _faults(folder: Path, **knobs: Any) -> str:
    graph = Graph(folder / "job.toml")
    graph.add("DataSource", "plate", **{"path": "plate.####.exr", **knobs})
    return "\n".join(str(fault) for fault in check(graph))


def test_a_sequence_has_the_frames_that_are_there(tmp_path: Path) -> None:
    """Gaps are no fault where no range is asked for: only painted frames exist."""
    _write(tmp_path, (1, 3, 7))
    frames = _frames(tmp_path)
    assert frames.numbers == (1, 3, 7)
    assert frames.read(7).pixels[0, 0, 0] == 7
    assert _faults(tmp_path) == ""


def test_frames_and_channels_are_chosen(tmp_path: Path) -> None:
    """By range and by name."""
    _write(tmp_path, (1, 2, 3, 4))
    frames = _frames(tmp_path, frames="1-4x2", channels="A")
    assert frames.numbers == (1, 3)
    assert frames.read(3).channels == frames.spec(3).channels == ("A",)


def test_a_still_is_shown_at_every_frame_asked_for(tmp_path: Path) -> None:
    """And at 1 without."""
    _write(tmp_path, (5,))
    (tmp_path / "plate.0005.exr").rename(tmp_path / "still.exr")
    assert _frames(tmp_path, path="still.exr").numbers == (1,)
    held = _frames(tmp_path, path="still.exr", frames="10-12")
    assert held.numbers == (10, 11, 12)
    assert held.read(12).pixels[0, 0, 0] == 5
    assert _faults(tmp_path, path="still.exr", frames="10-12") == ""


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"path": "plat.####.exr"}, r'plate\.path: there are no such files.*Did you mean "plate\.####\.exr"'),
        ({"path": "gone/plate.####.exr"}, "there is no such folder"),
        ({"path": "plate.xyz"}, "nothing that a DataSource reads"),
        ({"path": "####/plate.####.exr"}, "padding stands in the folder"),
        ({"frames": "1-10:2"}, r"plate\.frames: this is no frame range.*1-10x2"),
        ({"frames": "1-5"}, r"2 of 5 frames are missing; found no files for 4-5.*1-3"),
        ({"frames": "7-9", "on_bad_frame": "skip"}, "none of these frames is there"),
        ({"channels": "alpha"}, r"plate\.channels: .*no channel \"alpha\" among R, G, B, A"),
        ({"colorspace_in": "sRGB"}, "colorspace_out"),
        (
            {"colorspace_in": "srgb_texture", "colorspace_out": "ACEScgg"},
            r'plate\.colorspace_out.*Did you mean "ACEScg"',
        ),
    ],
)
def test_faults_are_found_before_running(tmp_path: Path, knobs: dict[str, str], said: str) -> None:
    """Each names the node, the knob and what would do."""
    _write(tmp_path, (1, 2, 3))
    assert re.search(said, _faults(tmp_path, **knobs)), _faults(tmp_path, **knobs)


def test_a_bad_frame_is_an_error_with_node_file_and_frame(tmp_path: Path) -> None:
    """The other frames can be read."""
    _write(tmp_path, (1, 2, 3))
    (tmp_path / "plate.0002.exr").write_bytes(b"")
    frames = _frames(tmp_path)
    assert frames.read(3).pixels[0, 0, 0] == 3
    with pytest.raises(NodeError, match=r"plate\.path: .*plate\.0002\.exr: the file is empty.*\(frame 2\)"):
        frames.read(2)


def test_missing_and_damaged_frames_are_skipped_or_held(tmp_path: Path) -> None:
    """As the knob says."""
    _write(tmp_path, (1, 2, 3, 5))
    whole = (tmp_path / "plate.0002.exr").read_bytes()
    (tmp_path / "plate.0002.exr").write_bytes(whole[:-5])
    assert _frames(tmp_path, frames="1-5", on_bad_frame="skip").numbers == (1, 3, 5)
    held = _frames(tmp_path, frames="1-5", on_bad_frame="hold")
    assert [held.read(number).pixels[0, 0, 0] for number in held.numbers] == [1, 1, 3, 3, 5]


def test_a_frame_with_other_channels_is_a_bad_frame(tmp_path: Path) -> None:
    """All frames of a sequence have the channels of the first."""
    _write(tmp_path, (1, 2))
    _write(tmp_path, (3,), ("R", "G", "B"))
    with pytest.raises(NodeError, match=r'plate\.0003\.exr: there is no channel "A"'):
        _frames(tmp_path).read(3)


def test_an_identity_changes_with_file_channels_and_colour(tmp_path: Path) -> None:
    """And with nothing else."""
    _write(tmp_path, (1, 2))
    colour = {"colorspace_in": "srgb_texture", "colorspace_out": "ACEScg"}
    seen = [_frames(tmp_path, **knobs).identity(1) for knobs in ({}, {"channels": "rgb"}, colour)]
    assert len(set(seen)) == 3
    assert _frames(tmp_path, frames="1").identity(1) == seen[0]
    _write(tmp_path, (1,), ("R", "G", "B", "Z"))
    assert _frames(tmp_path).identity(1) != seen[0]


def test_colour_is_brought_to_the_working_space(tmp_path: Path) -> None:
    """Alpha stays."""
    _write(tmp_path, (1,))
    frames = _frames(tmp_path, colorspace_in="lin_rec709", colorspace_out="srgb_texture")
    assert frames.read(1).pixels[0, 0] == pytest.approx([1, 1, 1, 1], abs=1e-4)


def test_the_files_are_part_of_the_result(tmp_path: Path) -> None:
    """A changed frame makes what depends on it run again."""
    _write(tmp_path, (1, 2))
    node = DataSource("plate", {"path": "plate.####.exr", "frames": "2"}, folder=tmp_path)
    assert list(node.contents()) == [tmp_path / "plate.0002.exr"]


def test_a_movie_is_a_sequence_from_one(shared_data: Path) -> None:
    """Its frames and channels are chosen as those of files are."""
    pytest.importorskip("av", reason="PyAV is an extra")
    path = str(shared_data / "paired_video_carphone" / "carphone_pristine.mp4")
    assert _frames(shared_data, path=path).numbers == tuple(range(1, 121))
    frames = _frames(shared_data, path=path, frames="5-6", channels="G")
    assert frames.numbers == (5, 6)
    assert frames.read(6).pixels.shape == (144, 176, 1)
    assert _faults(shared_data, path=path) == ""


def test_a_knob_of_another_medium_is_told(tmp_path: Path) -> None:
    """What means nothing for frames is a fault, with the knobs that do, and never ignored."""
    window = Window(0, 0, 4, 4)
    frame = Frame(pixels=np.zeros((4, 4, 1), np.float32), channels=("A",), data=window, display=window)
    write_frame(tmp_path / "a.0001.exr", frame)
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "plate", path="a.####.exr", mesh="/Body", labels=["heading"])
    faults = check(graph)
    assert [(fault.knob, fault.what) for fault in faults] == [
        ("mesh", "this knob means nothing for what the path holds"),
        ("labels", "this knob means nothing for what the path holds"),
    ]
    assert "colorspace_in" in faults[0].expected
