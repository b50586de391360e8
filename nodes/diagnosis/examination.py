"""One pass over frames: each is decoded once, several at a time, and never again while it is unchanged."""

from __future__ import annotations

import json
import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.nodes.diagnosis import measures, sets
from understudy.nodes.diagnosis.measures import Measures, measure
from understudy.nodes.diagnosis.pairs import Pair, describe_pair
from understudy.nodes.media.images.sequence import digest_of
from understudy.nodes.media.images.sheet import is_linear
from understudy.runtime.appender import Appender
from understudy.runtime.durable import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context

VERSION = f"{measures.VERSION}.1"
"""What is kept of a frame is used while this stays; the second number is that of what is known of pairs."""

AHEAD = 2
"""Frames in flight for each worker: one is decoded while another waits to be taken."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What is known of a frame.

    Attributes:
        measures: Its measures; None where it can't be read.
        pair: How it goes with its ground truth; None where it has none.
        error: Why it can't be read.
    """

    measures: Measures | None = None
    pair: Pair | None = None
    error: str = ""

    def as_data(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {
            "measures": self.measures.as_data() if self.measures else None,
            "pair": sets.as_data(self.pair) if self.pair else None,
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Examined:
        """What `as_data` made."""
        found, pair = data["measures"], data["pair"]
        return cls(Measures.from_data(found) if found else None, sets.from_data(pair) if pair else None)


@dataclass(slots=True)
class Examination:
    """Goes over a sequence, and its ground truth where it has one.

    Args:
        frames: The sequence.
        truths: Its ground truth, for some of its frames; None where there is none.
        path: The file in which results are kept, by the frames' identities.
        workers: Frames that are decoded at the same time.
    """

    frames: Frames
    truths: Frames | None
    path: Path
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    _linear: bool | None = None
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self, context: Context, numbers: Sequence[int]) -> dict[int, Examined]:
        """What is known of each frame, by its number. A frame that can't be read has an error.

        Raises:
            Stopped: A signal asked to stop; what was found so far is kept.
            StorageError: The disk takes no more.
        """
        make_folder(self.path.parent)
        kept = b"" if context.settings.fresh else self._load()
        self._linear = self._is_linear(numbers)
        found: dict[int, Examined] = {}
        with Appender(self.path, kept) as file, ThreadPoolExecutor(self.workers, "clinic") as pool:
            for done, (number, key, examined) in enumerate(self._in_order(pool, numbers), 1):
                found[number] = examined
                if key and key not in self._known:
                    file.append(json.dumps({"key": key, **examined.as_data()}).encode() + b"\n")
                context.progress(done, len(numbers), "frames")
                if context.stop.is_set():
                    pool.shutdown(wait=True, cancel_futures=True)
                    context.stop_if_asked()
        return found

    def _in_order(
        self, pool: ThreadPoolExecutor, numbers: Sequence[int]
    ) -> Iterator[tuple[int, str, Examined]]:
        """The results in the order of the frames; only a few are in flight, so that memory is bounded."""
        waiting: deque[Future[tuple[int, str, Examined]]] = deque()
        for number in numbers:
            if len(waiting) == AHEAD * self.workers:
                yield waiting.popleft().result()
            waiting.append(pool.submit(self._examine, number))
        while waiting:
            yield waiting.popleft().result()

    def _examine(self, number: int) -> tuple[int, str, Examined]:
        try:
            key = self._key(number)
            if key in self._known:
                return number, key, Examined.from_data(self._known[key])
            return number, key, self._look_at(number)
        except UnderstudyError as error:
            return number, "", Examined(error=str(error))

    def _key(self, number: int) -> str:
        truth = self.truths.identity(number) if self._has_truth(number) and self.truths else ""
        return digest_of("clinic", VERSION, self.frames.identity(number), truth, str(self._linear))

    def _has_truth(self, number: int) -> bool:
        return self.truths is not None and number in self.truths.numbers

    def _look_at(self, number: int) -> Examined:
        frame = self.frames.read(number)
        found = measure(frame.pixels, linear=bool(self._linear))
        if self.truths is None or not self._has_truth(number):
            return Examined(found)
        truth = self.truths.read(number)
        pair = describe_pair(frame.fitted(frame.display).pixels, truth.fitted(truth.display).pixels)
        return Examined(found, pair)

    def _is_linear(self, numbers: Sequence[int]) -> bool:
        """As the first frame is whose header can be read."""
        for number in numbers:
            try:
                return is_linear(self.frames.spec(number).dtype)
            except UnderstudyError:
                continue
        return False

    def _load(self) -> bytes:
        """Takes up what an earlier pass kept; gives the lines that are whole."""
        try:
            lines = self.path.read_bytes().splitlines(keepends=True)
        except OSError:
            return b""
        whole = []
        for line in lines:
            try:
                data = json.loads(line)
                self._known[data.pop("key")] = data
            except (ValueError, KeyError, AttributeError):  # torn by a crash, or not ours
                continue
            whole.append(line if line.endswith(b"\n") else line + b"\n")
        return b"".join(whole)
