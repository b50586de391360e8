"""The quick look at a `.summary` gives what the thorough reading gives."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
import pytest
from mutations import mutated

from understudy.graph.errors import FormatError
from understudy.runtime.runs.glance import LOSSES_AVERAGED, glance, seconds
from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def summary(tmp_path: Path) -> Path:
    """600 steps of two processes, with held-out losses, figures and notes between."""
    path = tmp_path / "run.summary"
    with SummaryWriter(path) as writer:
        for step in range(1, 601):
            writer.row(step, float("nan") if step == 599 else 1 / step, 0.002, (step % 350) * 0.5)
            if step % 50 == 0:
                writer.validation(step, abs(step - 400) + 0.5, {"IoU": step / 1000})
                writer.note(step, "validation and step, loss and time in a note's own words")
    return path


def test_it_agrees_with_the_thorough_reading(summary: Path) -> None:
    """Losses, best, seconds over both processes, speed and the newest figures."""
    quick, whole = glance(summary), read_summary(summary)
    last = whole.losses[-LOSSES_AVERAGED:]

    assert quick.step == 600
    assert quick.loss == pytest.approx(np.nanmean(last), rel=1e-12)  # another order of adding
    assert (quick.validation, quick.best, quick.best_step) == (200.5, 0.5, 400)
    assert (quick.seconds, quick.speed) == (seconds(whole.times.tolist()), 2.0)
    assert quick.figures == {"IoU": 0.6}


def test_a_torn_tail_is_left_out(summary: Path) -> None:
    """Wherever a growing file is cut, there is a whole number of steps and no error."""
    data = summary.read_bytes()
    for cut in range(len(data) - 150, len(data), 3):
        summary.write_bytes(data[:cut])
        assert glance(summary).step in (598, 599, 600)


def test_a_summary_without_rows_is_empty(tmp_path: Path) -> None:
    """Right after the start nothing is known yet."""
    SummaryWriter(tmp_path / "run.summary").close()
    seen = glance(tmp_path / "run.summary")

    assert (seen.step, seen.loss, seen.best, seen.speed, seen.figures) == (0, None, None, None, {})


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"\x92\x81\xa7summary\x09\xce\x00\x00\x00\x00"])
def test_what_is_no_summary_is_refused(tmp_path: Path, content: bytes) -> None:
    """As the thorough reading does."""
    (tmp_path / "run.summary").write_bytes(content)
    with pytest.raises(FormatError, match=r"it is no \.summary"):
        glance(tmp_path / "run.summary")


def test_a_damaged_summary_gives_a_glance_or_a_refusal(summary: Path) -> None:
    """Of 300 changed copies none raises anything else, and every number can be written as JSON."""
    for changed in mutated(summary.read_bytes()[:4000], 300, seed=1):
        summary.write_bytes(changed)
        with contextlib.suppress(FormatError):
            json.dumps(asdict(glance(summary)), allow_nan=False)
