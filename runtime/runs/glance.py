"""The newest figures of a `.summary` without decoding every record, so that hundreds of runs list quickly.

Rows are found by the bytes that msgpack always gives them (`docs/formats.md`), at a tenth of the time that
reading and checking each record takes. Checksums are not looked at: `read_summary` does that.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgpack

from understudy.runtime.runs.summary import LARGEST_RECORD, read_bytes, read_summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LOSSES_AVERAGED = 100
"""A run's training loss is the mean of its last so many steps: a single one is noise."""

_STEP = rb"\xa4step([\x00-\x7f]|\xcc.|\xcd..|\xce.{4}|\xcf.{8})"
_ROW = re.compile(
    rb"\x92\x84\xa4loss\xcb(.{8})\xa4rate\xcb.{8}" + _STEP + rb"\xa4time\xcb(.{8})\xce", re.DOTALL
)
_VALIDATION = re.compile(_STEP + rb"\xaavalidation\xcb(.{8})\xce", re.DOTALL)
_FIGURES = b"\xa7figures"


@dataclass(frozen=True, slots=True)
class Glance:
    """What a table tells of a run's losses.

    Attributes:
        step: The last step with a row, 0 without any.
        loss: The mean of the last `LOSSES_AVERAGED` finite training losses; None without any.
        validation: The last held-out loss; None without any.
        best: The lowest held-out loss; None without any.
        best_step: Its step.
        seconds: How long all processes trained together; each counts its rows from zero.
        speed: Steps a second over the last `LOSSES_AVERAGED` steps of the last process.
        figures: The newest held-out figures that a person judges by, such as IoU, by name.
    """

    step: int = 0
    loss: float | None = None
    validation: float | None = None
    best: float | None = None
    best_step: int | None = None
    seconds: float = 0.0
    speed: float | None = None
    figures: dict[str, float] = field(default_factory=dict)


def glance(path: Path | str) -> Glance:
    """The newest figures of a `.summary`, also while it grows; what is torn at its end is left out.

    Raises:
        FormatError: It is no summary, or can't be read.
    """
    data = read_bytes(path)
    rows = _ROW.findall(data)
    if not rows or _integer(rows[-1][1]) != len(rows):
        return _thorough(path)
    losses = _floats([loss for loss, _, _ in rows[-LOSSES_AVERAGED:]])
    times = _floats([time for _, _, time in rows])
    points = _VALIDATION.findall(data)
    measured = _floats([loss for _, loss in points])
    held_out = [(_integer(step), loss) for (step, _), loss in zip(points, measured, strict=True)]
    return summed_up(len(rows), losses, times, held_out, _figures(data))


def _thorough(path: Path | str) -> Glance:
    """The same of a file that is not laid out as our writers do: every record is read and checked."""
    read = read_summary(path)
    points = list(zip(read.validation_steps.tolist(), read.validation.tolist(), strict=True))
    newest = {name: float(values[-1]) for name, values in read.figures.items()}
    last = int(read.steps[-1]) if len(read.steps) else 0
    return summed_up(last, read.losses.tolist(), read.times.tolist(), points, newest)


def summed_up(
    step: int,
    losses: Sequence[float],
    times: Sequence[float],
    points: Sequence[tuple[int, float]],
    figures: Mapping[str, Any],
) -> Glance:
    """A glance of what was read.

    Args:
        step: The last step.
        losses: Training losses; the last `LOSSES_AVERAGED` count.
        times: Seconds of all rows, from zero for each process.
        points: Steps and losses of the held-out measurements.
        figures: The newest figures that a person judges by.
    """
    finite = [loss for loss in losses[-LOSSES_AVERAGED:] if math.isfinite(loss)]
    measured = [(loss, at) for at, loss in points if math.isfinite(loss)]
    best = min(measured, default=(None, None))
    counted = [time for time in times if math.isfinite(time)]
    return Glance(
        step=step,
        loss=sum(finite) / len(finite) if finite else None,
        validation=measured[-1][0] if measured else None,
        best=best[0],
        best_step=best[1],
        seconds=seconds(counted),
        speed=speed(counted),
        figures={name: value for name, value in figures.items() if _is_number(value)},
    )


def seconds(times: Sequence[float]) -> float:
    """How long all processes trained together; each counts its rows from zero.

    >>> seconds([1.0, 2.0, 0.5])
    2.5
    """
    ends = [before for before, after in pairwise(times) if after < before]
    return sum(ends) + times[-1] if times else 0.0


def speed(times: Sequence[float]) -> float | None:
    """Steps a second over the last `LOSSES_AVERAGED` steps of the last process; None for fewer than two.

    >>> speed([1.0, 2.0, 0.25, 0.5, 0.75])
    4.0
    """
    last = list(times[-LOSSES_AVERAGED - 1 :])
    begin = max((at for at in range(1, len(last)) if last[at] < last[at - 1]), default=0)
    span = last[-1] - last[begin] if last else 0.0
    return (len(last) - 1 - begin) / span if span > 0 else None


def _is_number(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _integer(packed: bytes) -> int:
    return packed[0] if len(packed) == 1 else int.from_bytes(packed[1:], "big")


def _floats(packed: list[bytes]) -> tuple[float, ...]:
    return struct.unpack(f">{len(packed)}d", b"".join(packed))


def _figures(data: bytes) -> dict[str, Any]:
    """The newest mapping of that name; none where the end is torn in the middle of it."""
    at = data.rfind(_FIGURES)
    unpacker = msgpack.Unpacker(max_buffer_size=LARGEST_RECORD)
    unpacker.feed(data[at + len(_FIGURES) : at + LARGEST_RECORD] if at >= 0 else b"\xc0")
    try:
        value = unpacker.unpack()
    except (ValueError, msgpack.OutOfData):
        return {}
    return value if isinstance(value, dict) else {}
