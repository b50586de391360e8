"""Runs are followed while another process writes them: steps, torn tails, ends, crashes, other machines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mutations import mutated

from understudy.runtime.processes import this_process
from understudy.runtime.runs.folder import RunFolder, create_run
from understudy.runtime.runs.following import SEARCH_INTERVAL, SILENCE, Losses, Watcher
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from understudy.runtime.runs.following import Change

GROWING = Path(__file__).parents[2] / "growing_run.py"
PATIENCE = 30.0
"""Seconds after which a test gives up waiting for another process."""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of 100 steps without any yet, which nobody works on."""
    manifest = Manifest(name="", number=0, node="learn", job="j", lineage="l", steps=100)
    return create_run(tmp_path / "training", manifest, b"", "first")


@contextmanager
def growing(directory: Path, steps: int, pause: float) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that makes a run grow."""
    call = [sys.executable, str(GROWING), str(directory), str(steps), str(pause)]
    with subprocess.Popen(call) as process:
        try:
            yield process
        finally:
            process.kill()


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """The seconds."""
        return self.now


def until(watcher: Watcher, state: str, least: int = 0, clock: Clock | None = None) -> list[Change]:
    """All changes up to the first row in a state with so many steps."""
    seen: list[Change] = []
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if clock is not None:
            clock.now += SEARCH_INTERVAL
        seen += watcher.look()
        if seen and seen[-1].row.state == state and (seen[-1].row.step or 0) >= least:
            return seen
        time.sleep(0.02)
    raise AssertionError(seen)


def test_only_what_was_added_is_read(run: RunFolder) -> None:
    """A look sees the rows since the last one, with loss, time and held-out figures."""
    losses = Losses(run.summary)
    assert not losses.look()
    with SummaryWriter(run.summary) as summary:
        summary.row(1, 1.0, 0.1, 0.5)
        assert losses.look()
        assert not losses.look()
        summary.row(2, 3.0, 0.1, 1.0)
        summary.validation(2, 0.25)
        assert losses.look()
    seen = losses.glance()

    assert (seen.step, seen.loss, seen.best, seen.best_step, seen.speed) == (2, 2.0, 0.25, 2, 2.0)


def test_a_torn_tail_waits_until_it_is_whole(run: RunFolder) -> None:
    """Cut at every byte, a look never reads half a row, and the next one has them all."""
    with SummaryWriter(run.summary) as summary:
        for step in (1, 2, 3):
            summary.row(step, 1.0, 0.1, float(step))
    whole = run.summary.read_bytes()
    for cut in range(0, len(whole), 7):
        run.summary.write_bytes(whole[:cut])
        losses = Losses(run.summary)
        losses.look()
        assert losses.glance().step <= cut * 3 // len(whole)
        run.summary.write_bytes(whole)
        losses.look()
        assert losses.losses == [1.0, 1.0, 1.0]


def test_a_writer_that_goes_on_is_read_anew(run: RunFolder) -> None:
    """Rows after the last save are made again; those that were cut off don't count twice."""
    with SummaryWriter(run.summary) as summary:
        for step in (1, 2, 3):
            summary.row(step, float(step), 0.1, float(step))
    losses = Losses(run.summary)
    losses.look()
    with SummaryWriter(run.summary, after=1) as summary:
        summary.row(2, 20.0, 0.1, 1.0)
        losses.look()

    assert losses.losses == [1.0, 20.0]


def test_another_process_is_followed_to_its_end(tmp_path: Path) -> None:
    """A run that begins later appears, its steps are counted, and its end comes with the verdict."""
    clock = Clock()
    watcher = Watcher([tmp_path], clock)
    assert watcher.look() == []
    with growing(tmp_path / "training", 40, 0.02):
        changes = until(watcher, "done", clock=clock)
    steps = [change.row.step for change in changes]

    assert steps == sorted(steps)
    assert len(set(steps)) > 2
    assert (changes[-1].row.step, changes[-1].row.verdict) == (40, "converged")
    assert watcher.losses(changes[-1].row)[:2] == [1.0, 0.5]


def test_a_process_that_is_killed_has_crashed(tmp_path: Path) -> None:
    """SIGKILL leaves a manifest that says it runs; the watcher says that it crashed, and says it once."""
    clock = Clock()
    watcher = Watcher([tmp_path], clock)
    with growing(tmp_path / "training", 100_000, 0.01) as process:
        until(watcher, "running", least=5, clock=clock)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        changes = until(watcher, "crashed")

    assert (changes[-1].event, changes[-1].row.state) == ("state", "crashed")
    assert "Its process is gone" in changes[-1].row.reason
    assert watcher.look() == []


def test_a_run_of_another_machine_runs_until_it_is_silent(run: RunFolder) -> None:
    """Nobody can ask that machine: one that stands still is told, without a look at a file's time."""
    elsewhere = replace(this_process(), host="farm12", boot="another")
    run.lock().path.write_text(json.dumps(asdict(elsewhere)))
    clock = Clock()
    watcher = Watcher([run.path], clock)
    (seen,) = watcher.look()
    assert (seen.event, seen.row.state, seen.row.host) == ("seen", "running", "farm12")
    with SummaryWriter(run.summary) as summary:
        summary.row(1, 1.0, 0.1, 0.5)
        (grown,) = watcher.look()
    clock.now += SILENCE + 1
    watcher.look()

    assert (grown.event, grown.row.step, grown.row.verdict) == ("progress", 1, "")
    assert (watcher.rows[0].state, watcher.rows[0].verdict) == ("running", "silent")
    assert "on farm12 can't be told from here" in watcher.rows[0].reason


def test_a_run_that_is_renamed_is_seen_under_its_new_name(run: RunFolder) -> None:
    """The old one is forgotten."""
    clock = Clock()
    watcher = Watcher([run.path.parent], clock)
    write_manifest(run.manifest, replace(read_manifest(run.manifest), state="stopped"))
    watcher.look()
    run.path.rename(run.path.with_name("second"))
    clock.now += SEARCH_INTERVAL
    watcher.look()

    assert [row.name for row in watcher.rows] == ["second"]


def test_damage_while_watching_is_told(run: RunFolder) -> None:
    """A manifest that can't be read any more is a state, not an end of the watching."""
    with run.lock():
        watcher = Watcher([run.path])
        watcher.look()
        run.manifest.write_text("{")
        (change,) = watcher.look()

    assert (change.event, change.row.state) == ("state", "damaged")


def test_a_damaged_summary_is_followed_up_to_the_damage(run: RunFolder) -> None:
    """Of 200 changed copies none raises; what is shown are rows that were written."""
    with SummaryWriter(run.summary) as summary:
        for step in range(1, 20):
            summary.row(step, 1.0, 0.1, float(step))
    for changed in mutated(run.summary.read_bytes(), 200, seed=2):
        run.summary.write_bytes(changed)
        losses = Losses(run.summary)
        losses.look()
        assert set(losses.losses) <= {1.0}
