"""Writes a sequence frame by frame: a few are read, computed and written at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

import understudy
from understudy.graph.errors import Stopped, StorageError, UnderstudyError
from understudy.graph.ranges import frame_path
from understudy.nodes.media.images.frame import chosen_channels
from understudy.nodes.media.images.sequence import digest_of
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.durable import clean_leftovers, make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.write import Write
    from understudy.runtime.context import Context

FRAMES_IN_FLIGHT = 3
"""One is read, one is computed, one is written; memory holds no more than that."""


def write_frames(node: Write, frames: Frames, numbers: Sequence[int], context: Context) -> dict[int, str]:
    """Writes the frames that are not there and right.

    Args:
        node: Its knobs say where and how.
        frames: What to write.
        numbers: Which of them.
        context: Takes progress, warnings and the files.

    Returns:
        What went wrong, by frame number.

    Raises:
        StorageError: The disk takes no more; what is written is whole.
        Stopped: A signal asked to stop; what is written is whole.
    """
    folder = node.path_of(node.path).parent
    make_folder(folder)
    clean_leftovers(folder)
    writer = _Writer(node, frames, context)
    failed: dict[int, str] = {}
    with ThreadPoolExecutor(FRAMES_IN_FLIGHT, thread_name_prefix="write") as pool:
        futures = {pool.submit(writer.write, number): number for number in numbers}
        try:
            for done, future in enumerate(as_completed(futures), 1):
                _settle(future.exception(), futures[future], failed, context)
                context.progress(done, len(numbers), "frames")
                context.stop_if_asked()
        finally:
            pool.shutdown(cancel_futures=True)
    written = [number for number in numbers if number not in failed]
    context.files += [writer.path(number) for number in written]
    if written:
        context.wrote(node.path_of(node.path), f"{len(written)} frames, {len(writer.new)} of them new")
    return dict(sorted(failed.items()))


def _settle(error: BaseException | None, number: int, failed: dict[int, str], context: Context) -> None:
    if isinstance(error, UnderstudyError) and not isinstance(error, StorageError | Stopped):
        failed[number] = str(error)
        context.warn(f"{context.node}: frame {number} failed: {error}")
    elif error is not None:
        raise error


class _Writer:
    """Writes single frames; used from several threads."""

    def __init__(self, node: Write, frames: Frames, context: Context) -> None:
        self.node, self.frames, self.store = node, frames, context.store
        self.fresh = context.settings.fresh
        self.new: list[int] = []
        self.full: StorageError | None = None  # what one frame met, the others need not try
        graph = context.graph.path
        self.provenance = {"understudy/version": understudy.__version__, "understudy/node": node.name}
        if graph is not None:
            self.provenance["understudy/graph"] = graph.name

    def path(self, number: int) -> Path:
        return frame_path(self.node.path_of(self.node.path), number)

    def write(self, number: int) -> None:
        if self.full is not None:
            raise self.full
        try:
            self._write(number)
        except StorageError as error:
            self.full = error
            raise

    def _write(self, number: int) -> None:
        node, path = self.node, self.path(number)
        source = self.frames.identity(number)
        identity = digest_of(
            "write", node.code_version(), source, node.channels, node.dtype, node.compression
        )
        if not self.fresh and self.store.has_frame(path, identity):
            return
        frame = self.frames.read(number)
        frame = frame.select(chosen_channels(node.channels, frame.channels))
        write_frame(
            path,
            frame,
            dtype=node.dtype,
            compression=node.compression,
            metadata={**self.provenance, "understudy/identity": source},
        )
        self.store.remember_frame(path, identity)
        self.new.append(number)
