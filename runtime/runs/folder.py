"""A run's folder: what its files are called, how it is made, found again, saved to and resumed from."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from understudy.graph.errors import FormatError, StorageError
from understudy.runtime import durable
from understudy.runtime.locks import Lock
from understudy.runtime.runs.container import read_container, write_container
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from understudy.runtime.runs.container import Container
    from understudy.runtime.runs.summary import SummaryWriter

LONGEST_NAME = 255 - len("_00000000_contact_sheet.png")
"""In bytes: what file systems take, less what is put behind it."""

TRASH = ".trash"
"""The folder of a data directory in which runs lie that somebody threw away."""

LONGEST_SEARCH = 30.0
"""Seconds to wait for another starter that looks for its run."""

KEPT_STATES = 2
"""The newest `.ost` and one to fall back to."""


class Contents(NamedTuple):
    """What a `.cat` or `.ost` is written from."""

    header: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]


class RunFolder:
    """The files of one run.

    Args:
        path: The folder; it need not exist.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @cached_property
    def name(self) -> str:
        """What the files' names begin with; it stays when somebody renames the folder."""
        try:
            return read_manifest(self.manifest).name
        except FormatError:
            return self.path.name

    @property
    def manifest(self) -> Path:
        """The file that says what the run is, and how it stands."""
        return self.path / "manifest.json"

    @property
    def summary(self) -> Path:
        """The losses."""
        return self.path / f"{self.name}.summary"

    @property
    def log(self) -> Path:
        """What was printed."""
        return self.path / f"{self.name}.log"

    @property
    def graph(self) -> Path:
        """The copy of the graph file."""
        return self.path / f"{self.name}.toml"

    @property
    def loss_graph(self) -> Path:
        """The picture of the losses."""
        return self.path / f"{self.name}_loss.png"

    def cat(self, step: int) -> Path:
        """The model at a step."""
        return self.path / f"{self.name}_{step:08d}.cat"

    def ost(self, step: int) -> Path:
        """The state at a step, to resume from."""
        return self.path / f"{self.name}_{step:08d}.ost"

    def contact_sheet(self, step: int) -> Path:
        """The picture of random crops at a step."""
        return self.path / f"{self.name}_{step:08d}_contact_sheet.png"

    def preview(self, step: int) -> Path:
        """The picture of a whole unseen frame at a step."""
        return self.path / f"{self.name}_{step:08d}_preview.png"

    def cats(self) -> dict[int, Path]:
        """The models that lie here, by step, the earliest first."""
        return self._by_step(".cat")

    def osts(self) -> dict[int, Path]:
        """The states that lie here, by step, the earliest first."""
        return self._by_step(".ost")

    def _by_step(self, suffix: str) -> dict[int, Path]:
        pattern = re.compile(rf"{re.escape(self.name)}_(\d{{8,12}}){re.escape(suffix)}")
        try:
            names = os.listdir(self.path)  # noqa: PTH208 - only the names matter
        except OSError:
            return {}
        steps = {int(match[1]): self.path / name for name in names if (match := pattern.fullmatch(name))}
        return dict(sorted(steps.items()))

    def lock(self) -> Lock:
        """The lock that its one writer holds; who only reads needs none."""
        return Lock(self.path / ".lock")

    def clean(self) -> list[Path]:
        """Removes what dead writers left half-written; for the holder of the lock."""
        return durable.clean_leftovers(self.path, owned=True)

    def newest_state(self) -> tuple[int, Container | None, list[str]]:
        """The newest state that can be resumed from.

        Returns:
            Its step and contents, 0 and None where there is none; and a sentence for each newer one that is
            damaged and was passed over.
        """
        passed_over: list[str] = []
        for step, path in reversed(self.osts().items()):
            try:
                return step, read_container(path, "ost"), passed_over
            except FormatError as error:
                passed_over.append(f"{error}; the state before it is taken.")
        return 0, None, passed_over

    def save(
        self,
        step: int,
        summary: SummaryWriter,
        state: Contents,
        model: Contents | None = None,
        keep: Collection[int] = (),
    ) -> None:
        """Saves a step so that a crash at any moment leaves this save or the one before.

        The rows come first, so that nothing is ahead of its losses. The state comes after the model, and
        after all else that belongs to the step: once it is there, nothing before it will be made again. So a
        model later than the newest state may lie here after a crash; it will be made again, the same. Older
        states go last.

        Args:
            step: The step.
            summary: Has the rows up to this step.
            state: Header and tensors of the `.ost`.
            model: Header and tensors of the `.cat`; None saves none.
            keep: Steps whose states stay besides the newest two.

        Raises:
            StorageError: Something failed; what was saved before is untouched.
        """
        summary.sync()
        if model is not None:
            write_container(self.cat(step), "cat", *model)
        write_container(self.ost(step), "ost", *state)
        self.prune_osts(keep, upto=step)

    def prune_osts(self, keep: Collection[int] = (), *, upto: int | None = None) -> None:
        """Removes all states but the newest two and those of the steps to keep.

        Args:
            keep: Steps whose states stay.
            upto: The step that the training is at. Later states, which could not be read, are left alone: the
                training comes by again and replaces or outdates them.

        Raises:
            StorageError: One can't be removed.
        """
        steps = [step for step in self.osts() if upto is None or step <= upto]
        for step in steps[:-KEPT_STATES]:
            if step not in keep:
                durable.remove(self.ost(step))


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was found."""

    folder: RunFolder
    manifest: Manifest


def open_run(path: Path | str) -> Run:
    """The run in a folder.

    Raises:
        FormatError: It is no run folder, or its manifest is damaged.
    """
    folder = RunFolder(path)
    if not folder.manifest.exists():
        hint = "`understudy runs` lists the run folders below a folder"
        raise FormatError(path, f"it is no run folder, since it has no manifest.json; {hint}")
    return Run(folder, read_manifest(folder.manifest))


def find_runs(data_directory: Path | str) -> list[Run]:
    """The runs of a data directory, in the order in which they were made; each has a manifest."""
    found = []
    for path in sorted(Path(data_directory).glob("*/manifest.json")):
        if durable.is_partial(path.parent):
            continue
        with contextlib.suppress(FormatError):
            found.append(Run(RunFolder(path.parent), read_manifest(path)))
    return sorted(found, key=lambda run: run.manifest.number)


def parent_of(run: RunFolder, manifest: Manifest) -> RunFolder:
    """The folder of the run that another one began from, also after somebody renamed it."""
    directory, name = run.path.parent, str(manifest.parent)
    if not (directory / name).exists():
        for other in find_runs(directory):
            if other.manifest.name == name and other.manifest.number < manifest.number:
                return other.folder
    return RunFolder(directory / name)


def data_lock(data_directory: Path | str) -> Lock:
    """The lock to hold while looking for a run and making one, so that two starters don't make two.

    Raises:
        StorageError: The data directory can't be made.
    """
    durable.make_folder(data_directory)
    return Lock(Path(data_directory) / ".lock", wait=LONGEST_SEARCH)


def create_run(data_directory: Path | str, manifest: Manifest, graph: bytes, name: str = "") -> RunFolder:
    """Makes a run's folder with its manifest and the graph's copy; it appears with both or not at all.

    Args:
        data_directory: Where run folders lie; it is made where it is missing.
        manifest: What the run is; its name, number and time of creation are filled in here.
        graph: The exact graph.
        name: The folder's name, made of the time when empty; a number is put behind one that is taken.

    Raises:
        StorageError: It can't be made, or its name is too long.
    """
    parent = Path(data_directory)
    wanted = name or time.strftime("Training_%y%m%d_%H%M%S")
    if len(os.fsencode(wanted)) > LONGEST_NAME:
        raise StorageError(parent / wanted, f"the run's name is longer than {LONGEST_NAME} bytes; shorten it")
    durable.make_folder(parent)
    durable.clean_leftovers(parent)
    taken = [run.manifest.number for run in (*find_runs(parent), *find_runs(parent / TRASH))]
    number = max(taken, default=0) + 1
    created = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    for attempt in itertools.count(1):
        path = parent / (wanted if attempt == 1 else f"{wanted}_{attempt}")
        filled = replace(manifest, name=path.name, number=number, created=created)
        if not path.exists() and _appears(path, filled, graph):
            return RunFolder(path)
    raise AssertionError


def _appears(path: Path, manifest: Manifest, graph: bytes) -> bool:
    """Makes a folder elsewhere and moves it in place; False when somebody else took the name meanwhile."""
    partial = path.with_name(durable.partial_name())
    try:
        durable.make_folder(partial)
        write_manifest(partial / RunFolder(path).manifest.name, manifest)
        durable.replace_bytes(partial / f"{path.name}.toml", [graph])
        return durable.move_folder(partial, path)
    finally:
        durable.remove_folder(partial)
