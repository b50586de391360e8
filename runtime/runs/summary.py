"""The `.summary` of a run: a msgpack stream of small records that grows by a row for each step.

Each record is a list of two: a mapping, and the CRC32 of its bytes, which goes on from that of the record
before, so that none can be missing or there twice. The first mapping is `{"summary": 1}`, the version. All
others carry a `step`. A row also has `loss`, `rate` and `time`, in seconds; a measurement has `validation`,
and `figures` where what a person sees was measured too; anything else is told to people: changes, notes,
environment.

The first record is written before the file gets its name; all others are appended. So what a crash leaves is
a prefix and perhaps a torn tail, which readers drop and the next writer leaves out.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack

from understudy.graph.errors import FormatError
from understudy.runtime.appender import Appender
from understudy.runtime.runs.packing import pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
LARGEST_FILE = 1 << 30
"""In bytes: some 17 million rows."""
LARGEST_RECORD = 1 << 20
MOST_ITEMS = 4096
LARGEST_STEP = 1 << 48
_CHECK = struct.Struct(">BI")
_UINT32 = 0xCE  # msgpack's mark of an unsigned integer of four bytes
_PAIR = b"\x92"  # msgpack's mark of a list of two


@dataclass(frozen=True, slots=True)
class Summary:
    """What a `.summary` holds.

    Attributes:
        steps: The steps that have rows, int64, shape (S,).
        losses: Their training losses, float64, shape (S,).
        rates: Their learning rates, float64, shape (S,).
        times: Seconds since the training began or went on, float64, shape (S,).
        validation_steps: The steps at which held-out pairs were measured, int64, shape (M,).
        validation: Their losses, float64, shape (M,).
        records: All other records, each with its `step`.
        damage: What had to be dropped, in words, None for a whole file; a growing file may have a torn tail.
        figures: What a person sees of the held-out error, by name, such as "IoU": float64, shape (M,), NaN at
            steps where that figure was not measured.
    """

    steps: NDArray[np.int64]
    losses: NDArray[np.float64]
    rates: NDArray[np.float64]
    times: NDArray[np.float64]
    validation_steps: NDArray[np.int64]
    validation: NDArray[np.float64]
    records: list[dict[str, Any]]
    damage: str | None
    figures: dict[str, NDArray[np.float64]] = field(default_factory=dict)


class SummaryWriter:
    """Appends to a `.summary`; others can read each record at once, `sync` makes it survive a power cut.

    One thread may append while another waits in `sync`.

    Args:
        path: The file; it is made where it is missing.
        after: The step that the training goes on from: records of later steps are cut off.

    Attributes:
        step: The last step that has a row, 0 without any: less than `after` where rows were lost.

    Raises:
        FormatError: What lies there is no summary.
        StorageError: It can't be written.
    """

    def __init__(self, path: Path | str, after: int = 0) -> None:
        self.step = 0
        start = self._kept(path, after) if Path(path).exists() else _record({"summary": VERSION})
        self._check = _CHECK.unpack(start[-_CHECK.size :])[1]
        self._file = Appender(path, start)

    def _kept(self, path: Path | str, after: int) -> bytes:
        data, end = read_bytes(path), 0
        for record, stop in _records(path, data):
            if record.get("step", 0) > after:
                break
            end = stop
            if "loss" in record:
                self.step = record["step"]
        return data[:end]

    def row(self, step: int, loss: float, rate: float, time: float) -> None:
        """A step's training loss and learning rate, and the seconds since the training began or went on.

        A row that the disk does not take is kept in memory and tried again with the next; `sync` tells.
        """
        self._append({"step": step, "loss": float(loss), "rate": float(rate), "time": float(time)})
        self.step = step

    def validation(self, step: int, loss: float, figures: Mapping[str, float] | None = None) -> None:
        """The loss of held-out pairs after a step, and what a person sees of the error, by name."""
        seen = {"figures": {name: float(value) for name, value in figures.items()}} if figures else {}
        self._append({"step": step, "validation": float(loss), **seen})

    def note(self, step: int, message: str) -> None:
        """A sentence for people, about a step."""
        self.record(step, {"note": message})

    def record(self, step: int, values: dict[str, Any]) -> None:
        """Plain values about a step, such as a change of knobs."""
        self._append({**values, "step": step})

    def sync(self) -> None:
        """Waits until everything is on the medium.

        Raises:
            StorageError: It may not be; the next call tries with a new file.
        """
        self._file.sync()

    def close(self) -> None:
        """Closes the file; what was not synced may still be lost in a power cut."""
        self._file.close()

    def _append(self, record: dict[str, Any]) -> None:
        packed = _record(record, self._check)
        self._check = _CHECK.unpack(packed[-_CHECK.size :])[1]
        self._file.append(packed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_summary(path: Path | str) -> Summary:
    """Reads a `.summary`, also while it grows; what is torn, and all behind it, is dropped.

    Raises:
        FormatError: It is no summary, or can't be read.
    """
    import numpy as np

    steps: list[int] = []
    losses: list[float] = []
    rates: list[float] = []
    times: list[float] = []
    points: list[tuple[int, float, dict[str, float]]] = []
    others: list[dict[str, Any]] = []
    data, end = read_bytes(path), 0
    for record, end in _records(path, data):  # noqa: B007 - the last end is wanted
        if "loss" in record:
            steps.append(record["step"])
            losses.append(record["loss"])
            rates.append(record["rate"])
            times.append(record["time"])
        elif "validation" in record:
            points.append((record["step"], record["validation"], record.get("figures", {})))
        elif "step" in record:
            others.append(record)
    lost = len(data) - end
    return Summary(
        steps=np.array(steps, np.int64),
        losses=np.array(losses, np.float64),
        rates=np.array(rates, np.float64),
        times=np.array(times, np.float64),
        validation_steps=np.array([step for step, _, _ in points], np.int64),
        validation=np.array([loss for _, loss, _ in points], np.float64),
        records=others,
        damage=f"the {lost:,} bytes from byte {end:,} on can't be read" if lost else None,
        figures={
            name: np.array([figures.get(name, np.nan) for _, _, figures in points], np.float64)
            for name in dict.fromkeys(name for _, _, figures in points for name in figures)
        },
    )


def _record(values: dict[str, Any], before: int = 0) -> bytes:
    """The bytes of a record that follows one with the checksum `before`."""
    body = _PAIR + pack(values)
    if len(body) > LARGEST_RECORD:
        raise ValueError(f"a record of {len(body):,} bytes is too large for a summary")
    return body + _CHECK.pack(_UINT32, zlib.crc32(body, before))


def read_bytes(path: Path | str) -> bytes:
    """All bytes of a summary; read, not mapped, since the writer may cut a tail off meanwhile.

    Raises:
        FormatError: It can't be read.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise FormatError(path, f"can't be read: {error.strerror or error}") from error
    if len(data) > LARGEST_FILE:
        raise FormatError(path, f"it is larger than {LARGEST_FILE:,} bytes", offset=LARGEST_FILE)
    return data


def _records(path: Path | str, data: bytes) -> Iterator[tuple[dict[str, Any], int]]:
    """Each good record after the first and the byte where it ends, up to the first that is torn."""
    pairs = good_records(data)
    first, end = next(pairs, (None, 0))
    if first is None or first.get("summary") != VERSION:
        raise FormatError(path, f"it is no .summary of version {VERSION}", offset=0)
    yield first, end
    for record, stop in pairs:
        if not _is_typed(record):
            raise FormatError(path, "a record is laid out unlike a summary's", offset=end)
        yield record, stop
        end = stop


def good_records(data: bytes, before: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Each record up to the first that is torn, and the byte where it ends.

    Args:
        data: A part of a file, from the beginning of a record.
        before: The checksum of the record before.
    """
    view, end = memoryview(data), 0
    unpacker = _unpacker(data)
    try:
        for pair in unpacker:
            stop = unpacker.tell()
            if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not dict:
                return
            if data[stop - 5] != _UINT32 or zlib.crc32(view[end : stop - 5], before) != pair[1]:
                return
            yield pair[0], stop
            end, before = stop, pair[1]
    except ValueError:  # all of msgpack's own errors are
        return


def _unpacker(data: bytes) -> msgpack.Unpacker:
    return msgpack.Unpacker(
        io.BytesIO(data),
        read_size=1 << 16,
        max_buffer_size=4 * LARGEST_RECORD,
        max_str_len=LARGEST_RECORD,
        max_bin_len=LARGEST_RECORD,
        max_array_len=MOST_ITEMS,
        max_map_len=MOST_ITEMS,
        max_ext_len=0,
    )


def _is_typed(record: dict[str, Any]) -> bool:
    """Whether the parts that have a meaning are of the right type."""
    step = record.get("step")
    if type(step) is not int or not 0 <= step < LARGEST_STEP:
        return False
    if "loss" in record:
        return type(record["loss"]) is type(record.get("rate")) is type(record.get("time")) is float
    figures = record.get("figures", {})
    if type(figures) is not dict or any(type(value) is not float for value in figures.values()):
        return False
    return type(record.get("validation", 0.0)) is float
