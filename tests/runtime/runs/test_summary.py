"""A `.summary` grows record by record, is read while it grows, and goes on at any step."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import msgpack
import numpy as np
import pytest

from understudy.graph.errors import FormatError
from understudy.runtime.runs.summary import SummaryWriter, _record, read_summary

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, upto: int, *, after: int = 0) -> None:
    """Writes rows up to a step, with a note at 3 and a measurement at 4."""
    with SummaryWriter(path, after) as writer:
        for step in range(after + 1, upto + 1):
            writer.row(step, 1 / step, 0.002, float(step))
            if step == 3:
                writer.note(step, "three")
            if step == 4:
                writer.validation(step, 0.5)
        writer.sync()


def test_round_trip(tmp_path: Path) -> None:
    """Rows come back as columns, everything else by its kind."""
    write(tmp_path / "a.summary", 5)
    summary = read_summary(tmp_path / "a.summary")
    assert summary.steps.tolist() == [1, 2, 3, 4, 5]
    assert summary.losses.tolist() == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert summary.rates.tolist() == [0.002] * 5
    assert summary.times.tolist() == [1, 2, 3, 4, 5]
    assert (summary.validation_steps.tolist(), summary.validation.tolist()) == ([4], [0.5])
    assert summary.records == [{"step": 3, "note": "three"}]
    assert summary.damage is None


def test_figures_are_kept_beside_the_held_out_loss(tmp_path: Path) -> None:
    """A figure that was not measured at a step is NaN there; a file without figures has none."""
    with SummaryWriter(tmp_path / "a.summary") as writer:
        writer.validation(1, 0.5, {"IoU": 0.9})
        writer.validation(2, 0.4)
    figures = read_summary(tmp_path / "a.summary").figures
    assert list(figures) == ["IoU"]
    np.testing.assert_array_equal(figures["IoU"], [0.9, np.nan])


def test_any_reader_of_msgpack(tmp_path: Path) -> None:
    """The file is a msgpack stream."""
    write(tmp_path / "a.summary", 2)
    with (tmp_path / "a.summary").open("rb") as file:
        records = [record for record, _ in msgpack.Unpacker(file)]
    assert records == [
        {"summary": 1},
        {"step": 1, "loss": 1.0, "rate": 0.002, "time": 1.0},
        {"step": 2, "loss": 0.5, "rate": 0.002, "time": 2.0},
    ]


@pytest.mark.parametrize("killed_at", [1, 2, 3, 4, 5, 6])
def test_resuming_gives_the_same_bytes(tmp_path: Path, killed_at: int) -> None:
    """A training that goes on from step 2, however far it was, ends with the unbroken one's bytes."""
    write(tmp_path / "whole.summary", 6)
    write(tmp_path / "a.summary", max(2, killed_at))
    write(tmp_path / "a.summary", 6, after=2)
    assert (tmp_path / "a.summary").read_bytes() == (tmp_path / "whole.summary").read_bytes()


def test_records_of_the_step_stay(tmp_path: Path) -> None:
    """What was said about the step that the training goes on from stays, what came later goes."""
    write(tmp_path / "a.summary", 6)
    with SummaryWriter(tmp_path / "a.summary", 3) as writer:
        assert writer.step == 3
        writer.record(3, {"changed": {"learning_rate": [0.002, 0.001]}})
    with SummaryWriter(tmp_path / "a.summary", 3):
        pass
    summary = read_summary(tmp_path / "a.summary")
    assert summary.steps.tolist() == [1, 2, 3]
    assert [sorted(record) for record in summary.records] == [["note", "step"], ["changed", "step"]]


def test_every_torn_tail(tmp_path: Path) -> None:
    """Cut at any byte, the whole records before it are read, and writing goes on behind them."""
    path = tmp_path / "a.summary"
    write(path, 4)
    good = path.read_bytes()
    first = len(_record({"summary": 1}))
    for size in range(first, len(good)):
        path.write_bytes(good[:size])
        summary = read_summary(path)
        assert summary.steps.tolist() == [1, 2, 3, 4][: len(summary.steps)]
        write(path, 4, after=len(summary.steps) if len(summary.steps) < 3 else 2)
        assert path.read_bytes() == good
    assert len(summary.steps) == 4


def test_read_while_it_grows(tmp_path: Path) -> None:
    """Another process sees each row as soon as it is there, and a row that is being written is left out."""
    path = tmp_path / "a.summary"
    code = (
        "import sys\nfrom understudy.runtime.runs.summary import read_summary\n"
        "for _ in sys.stdin: print(len(read_summary(sys.argv[1]).steps), flush=True)"
    )
    call = [sys.executable, "-c", code, str(path)]
    with (
        subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader,
        SummaryWriter(path) as writer,
    ):
        assert reader.stdin is not None
        assert reader.stdout is not None
        for step in range(1, 20):
            writer.row(step, 1.0, 1.0, 1.0)
            with path.open("ab") as file:
                file.write(b"\x92\x84" if step == 19 else b"")
            reader.stdin.write("\n")
            reader.stdin.flush()
            assert reader.stdout.readline() == f"{step}\n"
        reader.stdin.close()


def test_missing_and_double_records(tmp_path: Path) -> None:
    """A record that was taken out, doubled or moved ends what is read, though each is whole."""
    path = tmp_path / "a.summary"
    write(path, 2)
    first, ends = len(_record({"summary": 1})), [path.stat().st_size]
    write(path, 6, after=2)
    good = path.read_bytes()
    size = (ends[0] - first) // 2
    head, one, two = good[:first], good[first : first + size], good[first + size : ends[0]]
    for data in (head + two, head + one + one, head + two + one, head + one + good[ends[0] :]):
        path.write_bytes(data)
        assert read_summary(path).steps.tolist() == [1][: data.startswith(head + one)]


def test_lost_rows_are_told(tmp_path: Path) -> None:
    """A flipped bit ends what can be read; readers say where, a writer says how far its rows go."""
    path = tmp_path / "a.summary"
    write(path, 9)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    summary = read_summary(path)
    assert summary.steps.tolist() == [1, 2, 3]
    assert summary.damage is not None
    with SummaryWriter(path, 9) as writer:
        assert writer.step == 3


def test_no_summary(tmp_path: Path) -> None:
    """Other files, an empty one, and a later version are refused."""
    for data in (b"", b"text", os.urandom(100), _record({"summary": 2}), _record({"step": 1})):
        (tmp_path / "a").write_bytes(data)
        with pytest.raises(FormatError):
            read_summary(tmp_path / "a")
        with pytest.raises(FormatError):
            SummaryWriter(tmp_path / "a")
        assert (tmp_path / "a").read_bytes() == data


def test_forged_records(tmp_path: Path) -> None:
    """A record with a right checksum and wrong types is refused, naming its byte."""
    first = _record({"summary": 1})
    row = {"step": 1, "loss": 1.0, "rate": 1.0, "time": 1.0}
    for forged in (
        {**row, "step": -1},
        {**row, "loss": "low"},
        {"loss": 1.0},
        {"step": 1.5},
        {**row, "rate": 1},
        {"step": 1, "validation": 1.0, "figures": [1.0]},
        {"step": 1, "validation": 1.0, "figures": {"IoU": "high"}},
    ):
        (tmp_path / "a").write_bytes(first + _record(forged, int.from_bytes(first[-4:], "big")))
        with pytest.raises(FormatError, match=f"byte {len(first)}"):
            read_summary(tmp_path / "a")
