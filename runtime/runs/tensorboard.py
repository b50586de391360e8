"""The losses of a run as a TensorBoard event file, for those who gather all their trainings there.

The file is made from the `.summary` and replaced whole, so it can be written again while the run grows.
TensorBoard's own package writes the records; it is the extra `tensorboard`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.runtime import durable
from understudy.runtime.runs.folder import RunFolder
from understudy.runtime.runs.manifest import read_manifest
from understudy.runtime.runs.summary import Summary, read_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

MISSING = (
    "TensorBoard event files need the package tensorboard, which is not installed. "
    "Install it with: pip install 'understudy[tensorboard]'"
)

Point = tuple[int, dict[str, float]]


def write_events(run: Path, folder: Path) -> Path:
    """Writes `<folder>/<run's name>/events.out.tfevents.understudy`, and returns its path.

    The scalars are `loss/training`, `loss/held out`, `learning rate`, and `held out/<figure>` for each figure
    that was measured. An event's time is that of the run's beginning and the seconds of training since.

    Raises:
        FormatError: The run's files can't be read.
        StorageError: It can't be written.
        UnderstudyError: The package tensorboard is not installed.
    """
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter
    except ImportError:
        raise UnderstudyError(MISSING) from None
    manifest = read_manifest(RunFolder(run).manifest)
    summary = read_summary(RunFolder(run).summary)
    began = _timestamp(manifest.created)
    path = folder / run.name / "events.out.tfevents.understudy"
    durable.make_folder(path.parent)
    with durable.replacing(path) as partial, partial.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=began, file_version="brain.Event:2").SerializeToString())
        for time, (step, values) in _timed(summary):
            event = Event(wall_time=began + time, step=step)
            for tag, value in values.items():
                event.summary.value.add(tag=tag, simple_value=value)
            writer.write(event.SerializeToString())
    return path


def _timestamp(created: str) -> float:
    try:
        return datetime.strptime(created, "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return 0.0


def _timed(summary: Summary) -> Iterator[tuple[float, Point]]:
    """Each step's values, with the seconds of training up to it, over all processes."""
    held_out = dict(_measurements(summary))
    times = _since_begin(summary.times)
    for step, loss, rate, time in zip(summary.steps, summary.losses, summary.rates, times, strict=True):
        values = {"loss/training": float(loss), "learning rate": float(rate)}
        yield float(time), (int(step), values | held_out.get(int(step), {}))


def _measurements(summary: Summary) -> Iterator[Point]:
    for index, (step, loss) in enumerate(zip(summary.validation_steps, summary.validation, strict=True)):
        figures = {f"held out/{name}": float(values[index]) for name, values in summary.figures.items()}
        yield (
            int(step),
            {"loss/held out": float(loss)}
            | {name: value for name, value in figures.items() if np.isfinite(value)},
        )


def _since_begin(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds over all processes; each counts its own from zero."""
    lost = np.where(np.diff(times, prepend=0.0) < 0, np.concatenate([[0.0], times[:-1]]), 0.0)
    total: NDArray[np.float64] = times + np.cumsum(lost)
    return total
