"""Write, as far as it writes frames."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import Graph, check, run
from understudy.graph.errors import Stopped, StorageError
from understudy.nodes.media.images import sequence_writing
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame, read_spec
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome


def _plates(folder: Path, numbers: range = range(1, 6)) -> None:
    for number in numbers:
        frame = Frame(
            pixels=np.full((2, 4, 4), number, np.float32),
            channels=("R", "G", "B", "A"),
            data=Window(-1, 0, 4, 2),
            display=Window(0, 0, 3, 3),
            metadata={"take": "seven"},
        )
        write_frame(folder / f"plate.{number:04d}.exr", frame)


def _graph(folder: Path, source: dict[str, Any] | None = None, **knobs: Any) -> Graph:
    graph = Graph(folder / "job.toml")
    graph.add("DataSource", "plate", **{"path": "plate.####.exr", **(source or {})})
    graph.add("Write", "out", inputs={"input": "plate"}, **{"path": "out/copy.####.exr", **knobs})
    return graph


def _run(folder: Path, settings: Settings | None = None, **knobs: Any) -> Outcome:
    return run(_graph(folder, **knobs), settings=settings)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are written, as they are written."""
    names: list[str] = []

    def noting(path: Path, *arguments: Any, **keywords: Any) -> None:
        names.append(path.name)
        write_frame(path, *arguments, **keywords)

    monkeypatch.setattr(sequence_writing, "write_frame", noting)
    return names


def test_frames_are_written_with_channels_windows_metadata_and_provenance(tmp_path: Path) -> None:
    """And nothing else lies in the folder."""
    _plates(tmp_path)
    assert _run(tmp_path).status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        f"copy.{number:04d}.exr" for number in range(1, 6)
    ]
    source, copy = read_frame(tmp_path / "plate.0003.exr"), read_frame(tmp_path / "out" / "copy.0003.exr")
    assert np.array_equal(source.pixels, copy.pixels)
    assert (copy.data, copy.display, copy.channels) == (source.data, source.display, source.channels)
    assert copy.metadata["take"] == "seven"
    assert copy.metadata["understudy/node"] == "out"
    assert len(copy.metadata["understudy/identity"]) == 64


def test_frames_that_are_there_and_right_are_skipped(tmp_path: Path, written: list[str]) -> None:
    """Only what was deleted, damaged or made from a changed frame is written again."""
    _plates(tmp_path)
    _run(tmp_path)
    (tmp_path / "out" / "copy.0002.exr").unlink()
    (tmp_path / "out" / "copy.0004.exr").write_bytes(b"cut")
    (tmp_path / "plate.0001.exr").write_bytes((tmp_path / "plate.0005.exr").read_bytes())
    written.clear()
    assert _run(tmp_path).status == 0
    assert sorted(written) == ["copy.0001.exr", "copy.0002.exr", "copy.0004.exr"]


def test_an_unchanged_graph_writes_nothing(tmp_path: Path) -> None:
    """The node is up to date."""
    _plates(tmp_path)
    _run(tmp_path)
    assert _run(tmp_path).up_to_date == ["out"]


def test_changed_knobs_write_every_frame_anew(tmp_path: Path, written: list[str]) -> None:
    """What is on disk was made another way."""
    _plates(tmp_path)
    _run(tmp_path)
    written.clear()
    _run(tmp_path, dtype="float", channels="A")
    assert len(written) == 5
    spec = read_spec(tmp_path / "out" / "copy.0001.exr")
    assert (spec.dtype, spec.channels) == ("float", ("A",))


def test_a_bad_frame_does_not_stop_the_others(tmp_path: Path) -> None:
    """They are listed as a range, the exit status is 1, and the next run goes on."""
    _plates(tmp_path)
    whole = (tmp_path / "plate.0003.exr").read_bytes()
    for number in (2, 3):
        (tmp_path / f"plate.000{number}.exr").write_bytes(whole[:-3])
    outcome = _run(tmp_path)
    assert outcome.status == 1
    assert re.search(
        r"out: 2 of 5 frames failed, 2-3: plate\.path: .*plate\.0002\.exr", outcome.failed["out"]
    )
    assert len(list((tmp_path / "out").iterdir())) == 3
    for number in (2, 3):
        (tmp_path / f"plate.000{number}.exr").write_bytes(whole)
    assert _run(tmp_path).status == 0
    assert len(list((tmp_path / "out").iterdir())) == 5


def test_frames_are_restricted_by_knob_and_by_call(tmp_path: Path, written: list[str]) -> None:
    """The call narrows the knob."""
    _plates(tmp_path)
    _run(tmp_path, frames="2-4")
    assert sorted(written) == ["copy.0002.exr", "copy.0003.exr", "copy.0004.exr"]
    written.clear()
    assert _run(tmp_path, Settings(frames=(1, 4, 5))).status == 0
    assert sorted(written) == ["copy.0001.exr", "copy.0005.exr"]


def test_frames_that_the_input_does_not_have_are_a_failure(tmp_path: Path) -> None:
    """A farm takes exit status 0 for: all that was asked for is there."""
    _plates(tmp_path)
    outcome = _run(tmp_path, Settings(frames=(4, 5, 6, 7)))
    assert outcome.status == 1
    assert "the input has no frames 6-7" in outcome.failed["out"]
    assert (tmp_path / "out" / "copy.0005.exr").is_file()


def test_a_full_disk_ends_the_node_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other frames would fail as well."""
    _plates(tmp_path, range(1, 30))
    tried = []

    def full(path: Path, *_: Any, **__: Any) -> None:
        tried.append(path)
        raise StorageError(path, "can't be written: No space left on device", needed=10, free=1)

    monkeypatch.setattr(sequence_writing, "write_frame", full)
    outcome = _run(tmp_path)
    assert "No space left on device (10 bytes needed, 1 free)" in outcome.failed["out"]
    assert len(tried) <= sequence_writing.FRAMES_IN_FLIGHT


def test_a_stopped_run_leaves_whole_frames_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next one writes the rest."""
    _plates(tmp_path, range(1, 30))
    begun = threading.Event()

    def stopping(path: Path, *arguments: Any, **keywords: Any) -> None:
        if begun.is_set():
            raise Stopped("out: stopped")
        begun.set()
        write_frame(path, *arguments, **keywords)

    monkeypatch.setattr(sequence_writing, "write_frame", stopping)
    assert _run(tmp_path).status == 130
    assert [path.suffix for path in (tmp_path / "out").iterdir()] == [".exr"]
    monkeypatch.undo()
    assert _run(tmp_path).status == 0
    assert len(list((tmp_path / "out").iterdir())) == 29


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"path": "out/copy.exr"}, r"out\.path: all frames would go to one file"),
        ({"path": "out/copy.####.xyz"}, r"out\.path: frames are not written to such a file"),
        ({"path": ""}, r"out\.path: frames are not written"),
        ({"dtype": "uint8"}, r"out\.dtype: a \.exr file can't hold this type.*half, float"),
        ({"compression": "pizz"}, r'out\.compression: .*Did you mean "piz"'),
        ({"frames": "1:5"}, r"out\.frames: this is no frame range"),
        ({"path": "plate.0001.exr/copy.####.exr"}, r"out\.path: this folder can't be written to"),
    ],
)
def test_faults_are_found_before_running(tmp_path: Path, knobs: dict[str, str], said: str) -> None:
    """Each names the node, the knob and what would do."""
    _plates(tmp_path)
    faults = "\n".join(str(fault) for fault in check(_graph(tmp_path, **knobs)))
    assert re.search(said, faults), faults


def test_paths_may_have_spaces_and_letters_beyond_ascii(tmp_path: Path) -> None:
    """In folders and in names."""
    folder = tmp_path / "Aufnahme ü 背景"
    folder.mkdir()
    _plates(folder)
    assert _run(folder, path="aus gabe/ß kopie.####.exr").status == 0
    assert (folder / "aus gabe" / "ß kopie.0005.exr").is_file()


@pytest.mark.parametrize("source", ["plate.####.exr", "plate.0002.exr"])
def test_a_node_never_writes_over_what_it_is_made_of(tmp_path: Path, source: str) -> None:
    """However the path is spelt."""
    _plates(tmp_path)
    before = (tmp_path / "plate.0002.exr").read_bytes()
    outcome = _run(tmp_path, source={"path": source}, path="../" + tmp_path.name + "/plate.%04d.exr")
    assert "out.path: these are files that it is made of" in outcome.failed["out"]
    assert (tmp_path / "plate.0002.exr").read_bytes() == before
