"""The real Trainer on a disk that fails: at every call it is killed, torn, full or broken, and run again.

Each case is a process forked from this warm one: it trains with one fault at one call of the disk, then
another process runs the same job again, and the run folder must hold the bytes of the unbroken run.
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from faulty_disk import KILLED, FaultyDisk

from understudy import Graph, run
from understudy.runtime import durable
from understudy.runtime.context import Settings
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.summary import read_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from understudy.runtime.scheduler import Outcome

FAULTS: tuple[str | int, ...] = ("kill", "torn", errno.ENOSPC, errno.EIO)
NOT_FIRED = 99
LAST = "_00000008."
"""What the names of the final model and state hold."""


class Job:
    """A small training, and processes that run it."""

    def __init__(self, footage: Path, folder: Path, make_graph: Callable[..., Graph]) -> None:
        self.footage, self.folder, self.make_graph = footage, folder, make_graph

    def fresh(self) -> None:
        """A folder with footage and no run."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.footage, self.folder)

    def train(self, at: int = 0, fault: str | int = "kill") -> tuple[int, int]:
        """Trains in a forked process; gives its exit status and how often it called the disk."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            self._in_child(at, fault, writing)
        os.close(writing)
        with os.fdopen(reading) as pipe:
            calls = int(pipe.read() or 0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), calls

    def train_here(self) -> Outcome:
        """Trains in this process."""
        knobs = {"epochs": 4, "checkpoint_interval": 5, "crop_size": 32, "hold_out": 0.34}
        graph = self.make_graph(self.folder, validation_interval=4, contact_sheet_interval=6, **knobs)
        graph.entries["learn"].inputs.pop("preview")
        return run(graph, to=["learn"], settings=Settings(device="cpu", threads=1))

    def _in_child(self, at: int, fault: str | int, pipe: int) -> None:
        status = 1
        try:
            disk = FaultyDisk(at, fault)
            with durable.using(disk):
                outcome = self.train_here()
            status = NOT_FIRED if at and not disk.fired else outcome.status
            os.write(pipe, str(len(disk.calls)).encode())
        except BaseException:  # a child must never return
            traceback.print_exc()
        finally:
            os._exit(status)

    def contents(self) -> dict[str, Any]:
        """Everything in the run's folder that is a function of the job."""
        folder = RunFolder(self.folder / "training" / "run")
        found: dict[str, Any] = {
            path.name: path.read_bytes()
            for path in folder.path.iterdir()
            if path.suffix in (".cat", ".ost", ".png")
        }
        summary = read_summary(folder.summary)
        found["losses"] = [summary.steps.tolist(), summary.losses.tolist(), summary.validation.tolist()]
        found["leftovers"] = [path.name for path in folder.path.iterdir() if durable.is_partial(path)]
        return found


@pytest.fixture
def job(shot: Path, tmp_path: Path, make_graph: Callable[..., Graph]) -> Job:
    """A job on the shot's frames."""
    return Job(shot, tmp_path / "job", make_graph)


def cases(calls: int, stride: int) -> Iterator[tuple[int, str | int]]:
    """Every so many calls, each fault in turn."""
    for number, at in enumerate(range(1, calls + 1, stride)):
        yield at, FAULTS[number % len(FAULTS)]


def may_miss(name: str, fault: str | int) -> bool:
    """A disk that refused a write may leave out that picture or interim save; the end is always there."""
    return isinstance(fault, int) and LAST not in name


def may_be_older(name: str, fault: str | int) -> bool:
    """The picture of the losses is redrawn at every save; one that was refused leaves the one before."""
    return isinstance(fault, int) and name == "run_loss.png"


def check(job: Job, stride: int) -> int:
    """Every case ends with the unbroken run's bytes; gives how many there were."""
    job.fresh()
    job.train_here()  # loads everything that the processes to come need
    job.fresh()
    status, calls = job.train()
    assert status == 0
    unbroken = job.contents()
    done = 0
    for at, fault in cases(calls, stride):
        job.fresh()
        status, _ = job.train(at, fault)
        assert status != NOT_FIRED, f"call {at} was never made"
        assert status == KILLED or isinstance(fault, int), (at, fault, status)
        again, _ = job.train()
        assert again == 0, (at, fault)
        found = job.contents()
        different = [
            name for name in found if found[name] != unbroken.get(name) and not may_be_older(name, fault)
        ]
        missing = [name for name in unbroken if name not in found and not may_miss(name, fault)]
        assert (different, missing) == ([], []), (at, fault)
        done += 1
    return done


def test_some_faults(job: Job) -> None:
    """Faults spread over the whole run, of every kind."""
    assert check(job, stride=109) >= 8


@pytest.mark.slow
def test_faults_at_every_call(job: Job) -> None:
    """Every third call of the disk, each kind of fault in turn: kill, torn write, full disk, broken disk."""
    assert check(job, stride=3) >= 300
