"""What a `frames` wire carries: a sequence that decodes a frame when it is asked for one, and keeps none."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

from understudy.graph.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from understudy.nodes.media.images.frame import Frame, FrameSpec


class Frames(Protocol):
    """A lazy sequence of frames. Every method can be called from several threads at once."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers it has, sorted."""

    def spec(self, number: int) -> FrameSpec:
        """What is known of a frame without decoding its pixels.

        Raises:
            MediaError: The frame can't be read.
        """

    def read(self, number: int) -> Frame:
        """A frame's pixels; decoded or computed anew at each call.

        Raises:
            MediaError: The frame can't be read.
        """

    def identity(self, number: int) -> str:
        """A digest of 64 hexadecimal digits that changes when the frame's pixels could change.

        Raises:
            MediaError: A file that it depends on can't be read.
        """


class MappedFrames:
    """An operator over other sequences, computed when a frame is asked for.

    Args:
        sources: What it is computed from; it has the frames that all of them have.
        change: Takes a frame of each source and gives the result.
        identity: What the operator does, as a text: its type, its version and its knobs.
        change_spec: Takes each source's description and gives the result's; the first source's without it.
        numbers: The frame numbers, where they are not those that all sources have.
        source_number: The number of the sources' frame that a frame is computed from; the same without it.
    """

    def __init__(
        self,
        sources: Sequence[Frames],
        change: Callable[..., Frame],
        identity: str,
        *,
        change_spec: Callable[..., FrameSpec] | None = None,
        numbers: tuple[int, ...] | None = None,
        source_number: Callable[[int], int] = lambda number: number,
    ) -> None:
        self.sources, self._change, self._identity = tuple(sources), change, identity
        self._change_spec, self._source_number = change_spec, source_number
        self.numbers = common_numbers(sources) if numbers is None else numbers

    def spec(self, number: int) -> FrameSpec:
        """The result's description."""
        specs = [source.spec(self._source_number(number)) for source in self.sources]
        return self._change_spec(*specs) if self._change_spec else specs[0]

    def read(self, number: int) -> Frame:
        """The result, computed now."""
        return self._change(*(source.read(self._source_number(number)) for source in self.sources))

    def identity(self, number: int) -> str:
        """Digest of what the operator does and of the frames that it takes."""
        return digest_of(
            self._identity, *(source.identity(self._source_number(number)) for source in self.sources)
        )


class FileFrames:
    """The frames of a sequence of files.

    Every frame gives the same channels: those chosen, else those of the first file. A file that lacks one of
    them can't be read; what it has beyond them is left in the file.

    Args:
        paths: The file of each frame number.
        digest: Gives the digest of a file's bytes.
        channels: What to read, as `chosen_channels` understands it; empty for all.
    """

    def __init__(self, paths: Mapping[int, Path], digest: Callable[[Path], str], channels: str = "") -> None:
        self.paths, self._digest, self._wanted = dict(paths), digest, channels
        self.numbers = tuple(sorted(paths))
        self._channels: tuple[str, ...] | None = None

    def spec(self, number: int) -> FrameSpec:
        """What the file's header says."""
        from dataclasses import replace

        from understudy.nodes.media.images.reading import read_spec

        spec = read_spec(self._path(number), frame=number)
        return replace(spec, channels=self._selected(spec.channels, number))

    def read(self, number: int) -> Frame:
        """The chosen channels of the file."""
        from understudy.nodes.media.images.reading import read_frame

        return read_frame(self._path(number), lambda present: self._selected(present, number), frame=number)

    def identity(self, number: int) -> str:
        """Digest of the file's bytes and of the chosen channels."""
        return digest_of("file", self._wanted, self._digest(self._path(number)))

    def _path(self, number: int) -> Path:
        return self.paths[number]

    def _selected(self, present: tuple[str, ...], number: int) -> tuple[str, ...]:
        """The channels to read of a file that has these."""
        from understudy.nodes.media.images.frame import ChannelError, channel_indices, chosen_channels

        try:
            if self._channels is None:
                self._channels = self._first_channels(present, number)
            channel_indices(self._channels, present)
        except ChannelError as error:
            raise MediaError(self._path(number), str(error), frame=number) from error
        return self._channels
