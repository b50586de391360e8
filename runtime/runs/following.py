"""Follows runs while they grow, by reading files only, so that another machine may be the one that writes.

Each look reads only what was added since the one before. A file's time is never held against a clock: that a
run of another machine lives shows in steps that came between two looks.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from understudy.graph.errors import FormatError
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.glance import Glance, summed_up
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.summary import LARGEST_FILE, good_records
from understudy.runtime.runs.table import SILENT, Row, row_from, row_of, run_folders, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from io import BufferedReader

SEARCH_INTERVAL = 5.0
"""Seconds between two looks for new runs; those that are known are looked at each time."""

SILENCE, STEPS_OF_SILENCE = 60.0, 50
"""Seconds, and times of a step, that go by before a run without a new step is told to be silent."""

_CHECK_SIZE = 4

Stamp = tuple[tuple[int, int, int], ...]


class Losses:
    """A `.summary` that is read as it grows; a torn tail waits until it is whole.

    Args:
        path: The file; it need not be there yet.

    Attributes:
        losses: The training losses so far, in the order of their steps.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begin(None)

    def _begin(self, file: tuple[int, int] | None) -> None:
        self._file, self._end, self._check = file, 0, 0
        self._step = 0
        self.losses: list[float] = []
        self._times: list[float] = []
        self._points: list[tuple[int, float]] = []
        self._figures: dict[str, float] = {}

    def look(self) -> bool:
        """Reads what was added since the last look; says whether there was anything.

        A writer that goes on after a crash begins a new file, which is read from its start.
        """
        try:
            with self.path.open("rb") as file:
                return self._read(file)
        except OSError:  # not made yet, or between two names
            return False

    def _read(self, file: BufferedReader) -> bool:
        state = os.fstat(file.fileno())
        if self._file != (state.st_dev, state.st_ino) or state.st_size < self._end:
            self._begin((state.st_dev, state.st_ino))
        file.seek(self._end)
        data, grown = file.read(LARGEST_FILE), False
        for record, stop in good_records(data, self._check):
            grown = True
            self._take(record)
            last = stop
        if grown:
            self._check = int.from_bytes(data[last - _CHECK_SIZE : last], "big")
            self._end += last
        return grown

    def _take(self, record: dict[str, Any]) -> None:
        if "loss" in record:
            self._step = record["step"]
            self.losses.append(record["loss"])
            self._times.append(record["time"])
        elif "validation" in record:
            self._points.append((record["step"], record["validation"]))
            self._figures = record.get("figures", self._figures)

    def glance(self) -> Glance:
        """The figures that a table tells."""
        return summed_up(self._step, self.losses, self._times, self._points, self._figures)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was seen of a run.

    Attributes:
        event: `seen` at the first look at one that runs, `progress` when steps came, `state` when it stands
            differently: it began, ended, stopped or crashed.
        row: Its facts now.
    """

    event: Literal["seen", "progress", "state"]
    row: Row


@dataclass(slots=True)
class _Followed:
    """What is remembered of a run between two looks."""

    row: Row
    stamp: Stamp
    heard: float
    losses: Losses | None = None


class Watcher:
    """Looks at the runs in some folders again and again.

        watcher = Watcher(["training"])
        for change in watcher.look():
            print(change.row.name, change.event, change.row.step)

    Args:
        places: Run folders, or folders that have runs somewhere within them.
        clock: Gives seconds from any beginning.
    """

    def __init__(self, places: Iterable[Path | str], clock: Callable[[], float] = time.monotonic) -> None:
        self._places, self._clock = [Path(place) for place in places], clock
        self._searched: float | None = None
        self._runs: dict[Path, _Followed] = {}

    @property
    def rows(self) -> list[Row]:
        """The facts of all runs as of the last look."""
        return [run.row for run in self._runs.values()]

    def losses(self, row: Row) -> list[float]:
        """The training losses of a run that runs or ran while it was watched; empty for others."""
        run = self._runs.get(Path(row.run))
        return run.losses.losses if run is not None and run.losses is not None else []

    def look(self) -> list[Change]:
        """What changed since the last look."""
        changes = self._search()
        for path, run in list(self._runs.items()):
            if not path.exists():  # renamed, or in the trash
                del self._runs[path]
            elif change := self._look_at(path, run):
                changes.append(change)
        return changes

    def _search(self) -> list[Change]:
        """Looks for new runs now and then: walking through folders costs more than looking at known files."""
        now, changes = self._clock(), []
        if self._searched is not None and now - self._searched < SEARCH_INTERVAL:
            return []
        first, self._searched = self._searched is None, now
        for path in (path for place in self._places for path in run_folders(place)):
            if path not in self._runs:
                self._runs[path] = run = _Followed(row_of(path), _stamp(path), now)
                if run.row.state == "running":
                    self._follow(path, run)
                    changes.append(Change("seen", run.row))
                elif not first:
                    changes.append(Change("state", run.row))
        return changes

    def _follow(self, path: Path, run: _Followed) -> None:
        run.losses = Losses(RunFolder(path).summary)
        run.losses.look()

    def _look_at(self, path: Path, run: _Followed) -> Change | None:
        stamp, before = _stamp(path), run.row
        if before.state != "running" and stamp == run.stamp:
            return None
        run.stamp = stamp
        if run.losses is None:
            self._follow(path, run)
        assert run.losses is not None
        grown = run.losses.look()
        if grown:
            run.heard = self._clock()
        run.row = self._row(path, run, run.losses.glance())
        if run.row.state != before.state:
            return Change("state", run.row)
        return Change("progress", run.row) if grown else None

    def _row(self, path: Path, run: _Followed, seen: Glance) -> Row:
        try:
            manifest = read_manifest(RunFolder(path).manifest)
        except FormatError as error:
            return replace(run.row, state="damaged", reason=str(error))
        state, note, host = standing(RunFolder(path), manifest)
        row = row_from(path, manifest, seen, state=state, note=note, host=host)
        if state == "running" and (silent := self._silence(run, seen.speed)):
            lives = (
                f"whether it still runs on {host} can't be told from here" if host else "its process lives"
            )
            return replace(row, verdict=SILENT, reason=f"No step came for {silent:.0f} s; {lives}.")
        return row

    def _silence(self, run: _Followed, speed: float | None) -> float | None:
        """Seconds since the last step, where they are many for this run."""
        silent = self._clock() - run.heard
        return silent if silent > max(SILENCE, STEPS_OF_SILENCE / speed if speed else 0.0) else None


def _stamp(path: Path) -> Stamp:
    """What differs between two looks when a manifest was replaced, or somebody took the run's lock."""
    folder, found = RunFolder(path), []
    for file in (folder.manifest, folder.lock().path):
        try:
            state = file.stat()
        except OSError:
            found.append((0, 0, 0))
        else:
            found.append((state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(found)
