"""What a person sees while a graph runs: a live line for each node in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TextIO

from understudy.cli.output import duration
from understudy.runtime import events

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

INTERVAL = 10.0
"""Seconds between two plain progress lines of a node, at first; it doubles up to `LONGEST`."""

LONGEST = 300.0
PICTURES = (".png", ".jpg")


class People:
    """Tells a person in plain lines how a run goes, and remembers what was written.

    Nodes that are done at once are only counted. Events may come from any thread.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.wrote: list[events.Wrote] = []
        self._lock = threading.Lock()
        self._why: dict[str, str] = {}
        self._due: dict[str, tuple[float, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the display."""

    def __call__(self, event: events.Event) -> None:
        """Takes an event: the sink of a run."""
        with self._lock:
            self._take(event)

    def _take(self, event: events.Event) -> None:
        match event:
            case events.Started(node, why):
                self._why[node] = why
            case events.Progress(node):
                self._begin(node)
                self._progress(event)
            case events.Said(node, message):
                self._begin(node)
                self._print(f"{node}: {message.removeprefix(f'{node}: ')}")
            case events.Warned(node, message):
                self._print(f"{node}: warning: {message.removeprefix(f'{node}: ')}")
            case events.Wrote():
                self.wrote.append(event)
            case events.Finished(node, seconds):
                self._end(node)
                if seconds >= 1 or node not in self._why:
                    self._print(f"{node}: done in {duration(seconds)}")
            case events.Failed(node, message):
                self._end(node)
                self._print(f"failed: {message}")
            case _:
                pass

    def _begin(self, node: str) -> None:
        """Says once that a node runs and why, when there is something to tell of it."""
        if (why := self._why.pop(node, None)) is not None:
            self._print(f"{node}: runs, because {why}")

    def _progress(self, event: events.Progress) -> None:
        now = time.monotonic()
        due, interval = self._due.get(event.node, (now, INTERVAL))
        if now >= due:
            self._due[event.node] = (now + interval, min(2 * interval, LONGEST))
            self._print(f"{event.node}: {progress_text(event)}")

    def _end(self, node: str) -> None:
        self._due.pop(node, None)

    def _print(self, line: str) -> None:
        print(line, file=self.stream, flush=True)


class Terminal(People):
    """The same with a live line for each node that runs; made of rich, which is imported when one does."""

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__(stream)
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Takes the live lines away."""
        if self._bars is not None:
            self._bars.stop()

    def _progress(self, event: events.Progress) -> None:
        bars = self._bars or self._started()
        if event.node not in self._tasks:
            self._tasks[event.node] = bars.add_task(event.node, text="")
        task = self._tasks[event.node]
        bars.update(task, total=event.total, completed=event.done, text=progress_text(event))

    def _started(self) -> Bars:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[text]}", markup=False),
            console=Console(file=self.stream),
            transient=True,
        )
        self._bars.start()
        return self._bars

    def _end(self, node: str) -> None:
        if self._bars is not None and node in self._tasks:
            self._bars.remove_task(self._tasks.pop(node))

    def _print(self, line: str) -> None:
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            super()._print(line)


def people() -> People:
    """The display that fits standard error."""
    return Terminal() if sys.stderr.isatty() else People()


def progress_text(event: events.Progress) -> str:
    """How far a node is, in words.

    >>> progress_text(events.Progress("learn", 20, 400, "steps", 38.0, {"loss": 0.01234}))
    '20 of 400 steps, loss 0.01234, 38 s left'
    """
    parts = [f"{event.done:,} of {event.total:,} {event.unit}"]
    parts += [f"{name} {_number(value)}" for name, value in event.details.items()]
    if event.remaining is not None and event.done < event.total:
        parts.append(f"{duration(event.remaining)} left")
    return ", ".join(parts)


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def written(wrote: list[events.Wrote], most: int = 12) -> list[str]:
    """Lines that say what was written where: pictures first, many files of a folder as one line."""
    here = Path.cwd()
    paths = [(event.what, _shown(Path(event.path), here)) for event in wrote]
    folders = Counter((what, path.parent) for what, path in paths)
    crowded = {group for group, count in folders.items() if count > 3 and len(paths) > most}
    lines: dict[str, bool] = {}
    for what, path in paths:
        group = (what, path.parent)
        text = f"{path.parent}/  {folders[group]} x {what}" if group in crowded else f"{path}  {what}"
        lines.setdefault(text, path.suffix.lower() not in PICTURES)
    return sorted(lines, key=lambda line: lines[line])


def _shown(path: Path, here: Path) -> Path:
    return path.relative_to(here) if path.is_relative_to(here) else path
