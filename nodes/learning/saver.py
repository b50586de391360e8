"""Saving beside training: one thread that writes what it is handed, in order."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Saver:
    """Runs writes in one background thread, one after another; training goes on meanwhile.

    A write is handed over as a function that owns copies of everything it needs. At most `ahead` are kept
    waiting, so that a slow disk slows training down instead of filling the memory. A failed write is raised
    in the training's thread at the next call.
    """

    def __init__(self, ahead: int = 2) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="saver")
        self._waiting: list[Future[Any]] = []
        self._ahead = ahead

    def do(self, write: Callable[[], object]) -> None:
        """Hands over a write; raises what an earlier one raised."""
        while len(self._waiting) >= self._ahead:
            self._waiting.pop(0).result()
        while self._waiting and self._waiting[0].done():
            self._waiting.pop(0).result()
        self._waiting.append(self._pool.submit(write))

    def finish(self) -> None:
        """Waits until everything is written; raises what a write raised."""
        while self._waiting:
            self._waiting.pop(0).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self._pool.shutdown()
