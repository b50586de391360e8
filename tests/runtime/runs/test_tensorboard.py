"""Event files that TensorBoard's own reader reads."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import UnderstudyError
from understudy.runtime.runs.folder import create_run
from understudy.runtime.runs.manifest import Manifest
from understudy.runtime.runs.summary import SummaryWriter
from understudy.runtime.runs.tensorboard import write_events

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Four steps of two processes with a held-out measurement."""
    folder = create_run(
        tmp_path / "training", Manifest(name="", number=0, node="n", job="j", lineage="l"), b"", "first"
    )
    with SummaryWriter(folder.summary) as summary:
        for step, seconds in ((1, 1.0), (2, 2.0), (3, 0.5), (4, 1.0)):
            summary.row(step, 1 / step, 0.002, seconds)
        summary.validation(2, 0.25, {"IoU": 0.875})
    return folder.path


def test_tensorboard_reads_what_is_written(run: Path, tmp_path: Path) -> None:
    """Each step's loss and rate, held-out loss and figures, and times that go on over both processes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the foreign package imports may be deprecated
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        path = write_events(run, tmp_path / "events")
        assert write_events(run, tmp_path / "events") == path
        read = EventAccumulator(str(path.parent))
        read.Reload()
    training = read.Scalars("loss/training")

    assert path.parent.name == "first"
    assert [event.step for event in training] == [1, 2, 3, 4]
    assert [event.value for event in training] == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4], rel=1e-6)  # float32
    assert [event.wall_time - training[0].wall_time for event in training] == pytest.approx([0, 1, 1.5, 2])
    assert [(event.step, event.value) for event in read.Scalars("loss/held out")] == [(2, 0.25)]
    assert [event.value for event in read.Scalars("held out/IoU")] == [0.875]
    assert len(read.Scalars("learning rate")) == 4


def test_without_the_package_the_extra_is_named(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written, and the sentence says what to install."""
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(UnderstudyError, match=r"pip install 'understudy\[tensorboard\]'"):
        write_events(run, tmp_path / "events")
    assert not (tmp_path / "events").exists()
