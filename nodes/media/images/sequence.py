"""What a `frames` wire carries: a sequence that decodes a frame when it is asked for one, and keeps none."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeVar

from understudy.graph.errors import MediaError, NodeError
from understudy.nodes.media.images.frame import ChannelError, chosen_channels
from understudy.nodes.media.images.reading import read_frame, read_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from understudy.nodes.media.images.frame import Frame, FrameSpec

T = TypeVar("T")


class Frames(Protocol):
    """A lazy sequence of frames. Every method can be called from several threads at once."""

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers it has, sorted."""

    def spec(self, number: int) -> FrameSpec:
        """What is known of a frame without decoding its pixels.

        Raises:
            NodeError: The frame can't be read.
        """

    def read(self, number: int) -> Frame:
        """A frame's pixels; decoded or computed anew at each call.

        Raises:
            NodeError: The frame can't be read or computed; it names node, file and frame.
        """

    def identity(self, number: int) -> str:
        """A digest of 64 hexadecimal digits that changes when the frame's pixels could change.

        Raises:
            NodeError: A file that it depends on can't be read.
        """


class SourceFrames:
    """The frames of a DataSource: what can't be read is an error that names the node and the frame.

    Args:
        frames: What the node reads.
        node: The node's name.
        files: The file of each frame, where each has its own.
    """

    def __init__(self, frames: Frames, node: str, files: Mapping[int, Path] | None = None) -> None:
        self._frames, self._node = frames, node
        self.files = dict(files or {})

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers."""
        return self._frames.numbers

    def spec(self, number: int) -> FrameSpec:
        """As the file says."""
        return self._named(self._frames.spec, number)

    def read(self, number: int) -> Frame:
        """As the file holds it."""
        return self._named(self._frames.read, number)

    def identity(self, number: int) -> str:
        """That of the file."""
        return self._named(self._frames.identity, number)

    def _named(self, ask: Callable[[int], T], number: int) -> T:
        try:
            return ask(number)
        except MediaError as error:
            raise NodeError(self._node, str(error), knob="path", frame=number) from error


class FileFrames:
    """The frames of a sequence of files.

    Every frame gives the same channels. A file that lacks one of them can't be read; what it has beyond them
    is left in the file.

    Args:
        paths: The file of each frame number.
        digest: Gives the digest of a file's bytes.
        wanted: What to read, as `chosen_channels` understands it; empty for all channels of the first file.
    """

    def __init__(self, paths: Mapping[int, Path], digest: Callable[[Path], str], wanted: str = "") -> None:
        self.paths, self._digest, self._wanted = dict(paths), digest, wanted
        self.numbers = tuple(sorted(paths))

    @cached_property
    def channels(self) -> tuple[str, ...]:
        """The channels of every frame: those wanted of the first file whose header can be read.

        Raises:
            MediaError: No header can be read, or it lacks a wanted channel.
        """
        failure: MediaError | None = None
        for number in self.numbers:
            try:
                present = read_spec(self.paths[number], frame=number).channels
            except MediaError as error:
                failure = failure or error
                continue
            try:
                return chosen_channels(self._wanted, present)
            except ChannelError as error:
                raise MediaError(self.paths[number], str(error), frame=number) from error
        assert failure is not None, "a sequence without frames"
        raise failure

    def spec(self, number: int) -> FrameSpec:
        """What the file's header says."""
        return read_spec(self.paths[number], self.channels, frame=number)

    def read(self, number: int) -> Frame:
        """The chosen channels of the file."""
        return read_frame(self.paths[number], self.channels, frame=number)

    def identity(self, number: int) -> str:
        """Digest of the file's bytes and of the chosen channels."""
        return digest_of("file", self._digest(self.paths[number]), *self.channels)


def common_numbers(sources: Sequence[Frames]) -> tuple[int, ...]:
    """The frame numbers that all sequences have, sorted."""
    return tuple(sorted(set(sources[0].numbers).intersection(*(source.numbers for source in sources))))


def digest_of(*texts: str) -> str:
    """The SHA-256 of some texts, as 64 hexadecimal digits."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
