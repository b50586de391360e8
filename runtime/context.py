"""What a node is given to compute with, beside its inputs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from understudy.graph.errors import Stopped
from understudy.runtime import events

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence
    from pathlib import Path

    from understudy.graph.document import Graph
    from understudy.runtime.store import Store


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked for, none of which changes a result.

    Attributes:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: Threads for computing networks; 0 leaves it to torch.
        frames: Frame numbers that nodes which write frames are restricted to; None for all.
        fresh: Whether kept results and unfinished runs are left alone and everything begins anew.
        strict_resume: Whether resuming on other software or hardware is refused.
        accept_changed_data: Whether an unfinished run goes on although its frames changed.
        parent: The folder of a run whose state a new run begins with.
    """

    device: str = "auto"
    threads: int = 0
    frames: tuple[int, ...] | None = None
    fresh: bool = False
    strict_resume: bool = False
    accept_changed_data: bool = False
    parent: Path | None = None


@dataclass(slots=True)
class Context:
    """One node's view of the run.

    Attributes:
        node: The node's name.
        key: What identifies its result.
        lineage: The same without the knobs that only say how long to go on.
        why: Why it runs, in words.
        graph: The document that is run.
        settings: What was asked for.
        work: The folder `.understudy` beside the graph file, for caches; it can be deleted at any time.
        store: Kept results and digests of files.
        stop: Set when a signal asked to stop.
        sink: Takes events.
        files: The files that the result consists of; a kept result is used only while they are untouched.
        editable: Files of it that a person may edit; they only have to be there.
        keep: Set to False by a node whose result is not worth keeping after all.
    """

    node: str
    key: str
    lineage: str
    why: str
    graph: Graph
    settings: Settings
    work: Path
    store: Store
    stop: threading.Event
    sink: events.Sink
    files: list[Path] = field(default_factory=list)
    editable: list[Path] = field(default_factory=list)
    keep: bool = True
    _began: float = field(default_factory=time.monotonic)
    _first: int | None = None
    _unit: str = ""

    def progress(self, done: int, total: int, unit: str, **details: float | str) -> None:
        """Tells how far the node is; time left is measured from the first call of a unit."""
        now = time.monotonic()
        if self._first is None or unit != self._unit:
            self._first, self._began, self._unit = done, now, unit
        advanced = done - self._first
        remaining = (now - self._began) / advanced * (total - done) if advanced > 0 else None
        self.sink(events.Progress(self.node, done, total, unit, remaining, details))

    def say(self, message: str) -> None:
        """A sentence for the log and for people."""
        self.sink(events.Said(self.node, message))

    def warn(self, message: str) -> None:
        """Something went wrong that does not stop the node."""
        self.sink(events.Warned(self.node, message))

    def wrote(self, path: Path | str, what: str) -> None:
        """A file that a person may want to open."""
        self.sink(events.Wrote(self.node, str(path), what))

    def stop_if_asked(self) -> None:
        """Ends the node when a signal asked for it; call it where everything is saved.

        Raises:
            Stopped: A signal asked to stop.
        """
        if self.stop.is_set():
            raise Stopped(f"{self.node}: stopped")

    def digests(self, paths: Sequence[Path]) -> dict[str, str]:
        """The SHA-256 of each file, by its path; remembered by size and time stamp."""
        return {str(path): self.store.digest(path) for path in paths}
