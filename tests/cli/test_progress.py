"""What a person sees while a graph runs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from understudy.cli.progress import People, Terminal, written
from understudy.runtime import events

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def told(stream: io.StringIO, *happened: events.Event) -> str:
    """What is printed where no terminal is."""
    with People(stream) as shown:
        for event in happened:
            shown(event)
    return stream.getvalue()


def test_a_node_that_ends_at_once_is_not_told() -> None:
    """A graph of a thousand quick nodes does not fill the log."""
    assert told(io.StringIO(), events.Started("a", "x"), events.Finished("a", 0.01)) == ""


def test_a_long_node_is_told_with_its_reason() -> None:
    """Why it runs, how far it is, and how long it took."""
    text = told(
        io.StringIO(),
        events.Started("learn", "epochs was 40, is 80"),
        events.Progress("learn", 20, 4000, "steps", 118.0, {"loss": 0.01234}),
        events.Said("learn", "learn: it has settled"),
        events.Finished("learn", 130.0),
    )

    assert text.splitlines() == [
        "learn: runs, because epochs was 40, is 80",
        "learn: 20 of 4,000 steps, loss 0.01234, 1 min 58 s left",
        "learn: it has settled",
        "learn: done in 2 min 10 s",
    ]


def test_progress_is_told_at_growing_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A night's log has some hundred lines, not a million."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    stream = io.StringIO()
    with People(stream) as shown:
        for step in range(36_000):
            now[0] = float(step)
            shown(events.Progress("learn", step, 36_000, "steps"))

    assert 100 < len(stream.getvalue().splitlines()) < 150


def test_warnings_and_failures_are_told_at_once() -> None:
    """Whatever else is not."""
    text = told(io.StringIO(), events.Warned("a", "oh"), events.Failed("b", "b: no"))

    assert text == "a: warning: oh\nfailed: b: no\n"


def test_a_terminal_has_a_live_line_for_each_node() -> None:
    """Lines of text scroll above it, and square brackets in names are no markup."""
    stream = io.StringIO()
    with Terminal(stream) as shown:
        shown(events.Started("learn", "x"))
        shown(events.Progress("learn", 1, 4, "steps", 3.0))
        shown(events.Said("learn", "[bold]hello"))
        shown(events.Finished("learn", 2.0))

    assert "learn: [bold]hello" in stream.getvalue()
    assert "learn: done in 2.0 s" in stream.getvalue()


def test_what_was_written_is_listed_pictures_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Paths are as short as from here, and each stands there once."""
    monkeypatch.chdir(tmp_path)
    wrote = [
        events.Wrote("a", str(tmp_path / "out.cat"), "model"),
        events.Wrote("a", "out/sheet.png", "contact sheet"),
        events.Wrote("a", "out/sheet.png", "contact sheet"),
    ]

    assert written(wrote) == ["out/sheet.png  contact sheet", "out.cat  model"]


def test_many_files_of_a_folder_are_one_line() -> None:
    """A shot of a thousand frames does not push the rest off the screen."""
    wrote = [events.Wrote("w", f"out/f.{n}.exr", "frame") for n in range(1000)]

    assert written([*wrote, events.Wrote("w", "a.png", "sheet")]) == ["a.png  sheet", "out/  1000 x frame"]
