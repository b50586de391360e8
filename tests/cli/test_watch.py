"""`understudy watch`: what it prints while another process trains, and when that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from understudy.cli.watch import BARS, PLAIN_BARS, bars_for, block, line, sparkline
from understudy.runtime.runs.following import Change
from understudy.runtime.runs.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Command

GROWING = Path(__file__).parents[1] / "growing_run.py"
HEED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Ctrl-C is heeded also where the tests run in the background, which ignores it."""

CALL = f"{HEED}; from understudy.cli.main import main; main()"
PATIENCE = 60.0
"""Seconds after which another process is ended, so that no test waits for ever."""

ROW = Row(
    name="first",
    run="training/first",
    state="running",
    step=50,
    steps=100,
    loss=0.5,
    best=0.25,
    best_step=40,
    speed=2.0,
)


@contextmanager
def process(*call: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is ended with the block; its standard output is a pipe."""
    with subprocess.Popen([sys.executable, *call], stdout=subprocess.PIPE, text=True) as started:
        end = threading.Timer(PATIENCE, started.kill)
        end.start()
        try:
            yield started
        finally:
            end.cancel()
            started.kill()


def events(watching: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    """The JSON lines as they come."""
    assert watching.stdout is not None
    for text in watching.stdout:
        yield json.loads(text)


def test_a_run_is_watched_until_it_is_killed(tmp_path: Path) -> None:
    """Lines come while the other process adds steps; after SIGKILL one says crashed; Ctrl-C gives 130."""
    watch = ("-c", CALL, "watch", str(tmp_path), "--interval", "0.1", "--json")
    with (
        process(str(GROWING), str(tmp_path / "training"), "100000", "0.01") as growing,
        process(*watch) as it,
    ):
        seen = events(it)
        steps = [next(seen)["step"] for _ in range(3)]
        os.kill(growing.pid, signal.SIGKILL)
        growing.wait()
        last = next(event for event in seen if event["state"] != "running")
        it.send_signal(signal.SIGINT)
        status = it.wait(timeout=20)

    assert steps == sorted(steps)
    assert steps[2] > steps[0]
    assert (last["event"], last["state"], last["name"]) == ("state", "crashed", "grows")
    assert status == 130


def test_watching_once_is_listing(understudy: Command) -> None:
    """It prints what `understudy runs` prints, and ends."""
    assert understudy("watch", "--once") == understudy("runs")


def test_a_missing_folder_is_refused(understudy: Command) -> None:
    """Nobody waits for a folder that is misspelt."""
    said = understudy("watch", "nope")

    assert said.status == 2
    assert "there is no folder nope" in said.err


@pytest.mark.parametrize(
    ("event", "state", "verdict", "expected"),
    [
        ("progress", "running", "", "training/first: 50 of 100, loss 0.5, 25 s left"),
        ("state", "done", "converged", "training/first: done at step 50 of 100. converged"),
        ("state", "crashed", "", "training/first: crashed at step 50 of 100. Its process is gone"),
    ],
)
def test_a_change_is_a_line(event: Any, state: str, verdict: str, expected: str) -> None:
    """Where no terminal is, each change is a line: how far, how long still, and how it ended."""
    from dataclasses import replace

    reason = "Its process is gone. Go on." if state == "crashed" else ""
    row = replace(ROW, state=state, verdict=verdict, reason=reason)

    assert line(Change(event, row)) == expected


def test_the_live_view_tells_time_left_and_best() -> None:
    """A running run has its curve, speed and the time that is left; below are its losses."""
    assert block(ROW, "█▁") == (
        "running  █▁  50 of 100, 25 s left, 2 steps/s",
        "loss 0.5, best 0.25 at step 40",
    )


def test_the_curve_falls_as_the_losses_do() -> None:
    """Each sign is the mean of a share of the steps, on a logarithmic scale; gaps are left out."""
    losses = [10.0 ** (-step / 25) for step in range(100)]

    assert sparkline(losses, width=8) == BARS[::-1]
    assert sparkline([float("nan"), 1.0, 1.0], width=3) == BARS[0] * 2
    assert sparkline([]) == ""


def test_a_terminal_without_bars_gets_plain_signs() -> None:
    """An encoding that lacks the bars shows none of its escapes."""
    assert (bars_for("utf-8"), bars_for("ascii")) == (BARS, PLAIN_BARS)
