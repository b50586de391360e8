"""Signals: the first asks to stop, the second ends the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from understudy.runtime.stopping import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_asks_to_stop(number: signal.Signals) -> None:
    """The event is set, nothing is raised, and the old handlers are back afterwards."""
    before, stop = signal.getsignal(number), threading.Event()
    with stop_on_signals(stop):
        os.kill(os.getpid(), number)

    assert stop.is_set()
    assert signal.getsignal(number) is before


def test_a_thread_leaves_signals_alone() -> None:
    """Who runs a graph in a thread of another program does not take its signals away."""
    before, seen = signal.getsignal(signal.SIGINT), []

    def run() -> None:
        with stop_on_signals(threading.Event()):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()

    assert seen == [before]


def test_a_second_signal_ends_the_process_at_once() -> None:
    """A node that never looks can be ended by asking twice; the status stays 130."""
    code = """
import os, signal, threading
from understudy.runtime.stopping import stop_on_signals
with stop_on_signals(threading.Event()):
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGINT)
    print("still here")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (130, b"")
