"""The facts of runs, as a table tells them: how each stands, its losses, its best, its time, its verdict.

    for row in rows(["shots/sh010"]):
        print(row.name, row.state, row.best)

Only files are read, so runs that another machine writes are told too.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import FormatError
from understudy.runtime.locks import owner_of
from understudy.runtime.processes import this_process
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.glance import Glance, glance
from understudy.runtime.runs.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEEPEST = 4
"""Run folders are looked for so many levels below a folder."""

STATES = {"finished": "done", "running": "running", "stopped": "stopped", "failed": "failed"}
"""What a person calls the states of a manifest."""

SILENT = "silent"
"""The verdict of a watched run to which no step was added for long."""

CRASHED = (
    "Its process is gone. Run the same graph again, or understudy resume, and it goes on from its last save."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a table says of one run; None where it is not known, or not known yet.

    Attributes:
        name: The name of its folder.
        state: `running`, `stopped`, `crashed` (it says that it runs, and its process is gone), `failed`,
            `done`, or `damaged` where the folder can't be read.
        step: The last step.
        steps: How many there will be.
        loss: The training loss, the mean of the last 100 steps.
        validation: The last held-out loss.
        best: The lowest held-out loss.
        best_step: Its step.
        seconds: How long it trained.
        verdict: What the losses say, in a word or two.
        reason: The same in a paragraph; for a damaged or crashed run what happened and what to do.
        run: The path of its folder.
        node: The node that made it.
        host: The machine that works on it, where that is another one.
        speed: Steps a second over the last 100 steps.
        created: When it began, as ISO 8601 with time zone.
        figures: The newest held-out figures that a person judges by, such as IoU.
    """

    name: str
    state: str
    step: int | None = None
    steps: int | None = None
    loss: float | None = None
    validation: float | None = None
    best: float | None = None
    best_step: int | None = None
    seconds: float | None = None
    verdict: str = ""
    reason: str = ""
    run: str
    node: str = ""
    host: str = ""
    speed: float | None = None
    created: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fields, as plain data."""
        return asdict(self)

    @property
    def remaining(self) -> float | None:
        """Seconds that are left at the present speed; None where that is not known."""
        if self.speed is None or self.step is None or self.steps is None:
            return None
        return (self.steps - self.step) / self.speed


def rows(places: Iterable[Path | str]) -> list[Row]:
    """The facts of all runs in some folders: by data directory, each in the order in which they were made.

    Args:
        places: Run folders, or folders that have runs somewhere within them.
    """
    found = dict.fromkeys(path for place in places for path in run_folders(place))
    read = [(path, _manifest(path)) for path in found]
    read.sort(key=lambda pair: (pair[0].parent, getattr(pair[1], "number", 0), pair[0].name))
    return [row_of(path, manifest) for path, manifest in read]


def run_folders(place: Path | str, deepest: int = DEEPEST) -> Iterator[Path]:
    """The run folders in a folder and in those within it, or the folder itself where it is one.

    Hidden folders, the trash among them, are left out unless one is named. A folder that has lost its
    manifest but has losses counts too.
    """
    try:
        with os.scandir(place) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    if any(entry.name == "manifest.json" or entry.name.endswith(".summary") for entry in found):
        yield Path(place)
    elif deepest:
        for entry in found:
            if not entry.name.startswith(".") and entry.is_dir():
                yield from run_folders(Path(place, entry.name), deepest - 1)


def _manifest(path: Path) -> Manifest | FormatError:
    try:
        return read_manifest(RunFolder(path).manifest)
    except FormatError as error:
        return error


def row_of(path: Path, manifest: Manifest | FormatError | None = None) -> Row:
    """The facts of one run; a damaged one is told in its `reason`.

    Args:
        path: The run folder.
        manifest: Its manifest, or why it can't be read, where the caller looked already.
    """
    manifest = manifest or _manifest(path)
    if isinstance(manifest, FormatError):
        return Row(name=path.name, run=str(path), state="damaged", reason=str(manifest))
    folder = RunFolder(path)
    folder.name = manifest.name
    state, note, host = standing(folder, manifest)
    seen = Glance(step=manifest.step)
    try:
        if folder.summary.exists() or manifest.step:
            seen = glance(folder.summary)
    except FormatError as error:
        state, note = "damaged", str(error)
    return row_from(path, manifest, seen, state=state, note=note, host=host)


def row_from(path: Path, manifest: Manifest, seen: Glance, *, state: str, note: str, host: str) -> Row:
    """A row, made of what was read.

    Args:
        path: The run folder.
        manifest: What the run is.
        seen: Its losses.
        state: How it stands.
        note: What there is to say of that; the verdict's reason where there is nothing.
        host: The other machine that works on it; empty for none.
    """
    return Row(
        name=path.name,
        run=str(path),
        node=manifest.node,
        state=state,
        step=seen.step,
        steps=manifest.steps,
        loss=seen.loss,
        validation=seen.validation,
        best=seen.best,
        best_step=seen.best_step,
        seconds=seen.seconds,
        speed=seen.speed,
        verdict=manifest.verdict,
        reason=note or manifest.reason,
        host=host,
        created=manifest.created,
        figures=seen.figures,
    )


def standing(folder: RunFolder, manifest: Manifest) -> tuple[str, str, str]:
    """How a run stands: its state, what there is to say of that, and the other machine that works on it.

    One that says that it runs has crashed when its lock's owner is known to be dead. Of an owner on another
    machine nobody can tell from here; only steps that are added while one looks show that it lives.
    """
    if manifest.state != "running":
        return STATES[manifest.state], "", ""
    owner = owner_of(folder.lock().path)
    if owner is None:
        again = _manifest(folder.path)  # it may have ended between the two looks
        if isinstance(again, Manifest) and again.state != "running":
            return STATES[again.state], again.reason, ""
        return "crashed", CRASHED, ""
    return "running", "", "" if owner.host == this_process().host else owner.host
