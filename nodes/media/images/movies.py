"""Frames of a movie, through PyAV, which is an extra: `pip install understudy[movies]`."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import MediaError
from understudy.nodes.media.images.frame import ChannelError, Frame, FrameSpec, Window, chosen_channels
from understudy.nodes.media.images.sequence import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RGB = ("R", "G", "B")

_UNSPECIFIED = 2
_ITU709, _ITU601 = 1, 5
_HD_HEIGHT = 720


class MovieFrames:
    """The frames of a movie's first video stream, numbered from 1 in the order in which they are shown.

    Values are those of the stream, 0 to 1, as R, G and B; no curve is undone. Frames that are read in order
    are decoded once; any other is reached from the key frame before it.

    Args:
        path: The movie.
        digest: Gives the digest of the file's bytes.
        wanted: The channels, as `chosen_channels` understands them; empty for all.
        numbers: The frames to use; all there are without it.

    Raises:
        MediaError: PyAV is not installed, or the file is no movie.
    """

    def __init__(
        self,
        path: Path,
        digest: Callable[[Path], str],
        wanted: str = "",
        numbers: tuple[int, ...] | None = None,
    ) -> None:
        self._path, self._digest, self._numbers = path, digest, numbers
        try:
            self._channels = chosen_channels(wanted, RGB)
        except ChannelError as error:
            raise MediaError(path, str(error)) from error
        self._lock = threading.Lock()
        self._container = _opened(path)
        self._stream = self._container.streams.video[0]
        self._decoded: Iterator[Any] = iter(())
        self._next = -1

    @cached_property
    def _index(self) -> tuple[list[int], list[tuple[int, int]]]:
        """The time stamp of each frame in the order shown, and of each key frame when it is shown and stored.

        Nothing is decoded for it.
        """
        import av

        shown, keys = [], []
        with _opened(self._path) as container:
            try:
                for packet in container.demux(container.streams.video[0]):
                    if packet.pts is not None:
                        shown.append(packet.pts)
                        if packet.is_keyframe:
                            keys.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
            except av.error.FFmpegError as error:
                raise _damaged(self._path, error) from error
        if not shown:
            raise MediaError(self._path, "the movie has no frames")
        return sorted(shown), sorted(keys)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers."""
        return self._numbers or tuple(range(1, len(self._index[0]) + 1))

    def spec(self, number: int) -> FrameSpec:  # noqa: ARG002 - all frames are alike
        """What the stream's header says."""
        codec = self._stream.codec_context
        window = Window(0, 0, codec.width, codec.height)
        metadata: dict[str, Any] = {"PixelAspectRatio": float(self._stream.sample_aspect_ratio or 1)}
        if rate := self._stream.average_rate:
            metadata["FramesPerSecond"] = (rate.numerator, rate.denominator)
        return FrameSpec(
            channels=self._channels,
            dtype=_dtype(codec.pix_fmt),
            data=window,
            display=window,
            metadata=metadata,
        )

    def read(self, number: int) -> Frame:
        """A frame; threads take turns.

        Raises:
            MediaError: It can't be decoded.
        """
        spec = self.spec(number)
        with self._lock:
            decoded = self._decode(number)
        frame = Frame(
            pixels=decoded.astype(np.float32) / np.float32(65535),
            channels=RGB,
            data=spec.data,
            display=spec.display,
            metadata=spec.metadata,
        )
        return frame.select(self._channels)

    def identity(self, number: int) -> str:
        """Digest of the movie's bytes and the frame's place in it."""
        return digest_of("movie", self._digest(self._path), str(number), *self._channels)

    def _decode(self, number: int) -> np.ndarray[Any, Any]:
        """The pixels `(H, W, 3)` of a frame, uint16."""
        import av

        shown, keys = self._index
        if not 1 <= number <= len(shown):
            raise MediaError(self._path, f"the movie ends at frame {len(shown)}", frame=number)
        stamp = shown[number - 1]
        try:
            if number != self._next:
                before = [stored for at, stored in keys if at <= stamp]
                self._container.seek(before[-1] if before else shown[0], stream=self._stream)
                self._decoded = self._container.decode(self._stream)
            for picture in self._decoded:
                if picture.pts == stamp:
                    self._next = number + 1
                    return _rgb(picture)
        except av.error.FFmpegError as error:
            self._next = -1
            raise _damaged(self._path, error, number) from error
        self._next = -1
        raise MediaError(self._path, "this frame is not in the movie, which is damaged", frame=number)


def _opened(path: Path) -> Any:
    try:
        import av
    except ImportError:
        raise MediaError(
            path, "movies are read by PyAV, which is not installed: pip install understudy[movies]"
        ) from None
    try:
        container = av.open(str(path))
    except (av.error.FFmpegError, OSError) as error:
        raise _damaged(path, error) from error
    if not container.streams.video:
        raise MediaError(path, "the movie has no pictures")
    return container


def _damaged(path: Path, error: Exception, frame: int | None = None) -> MediaError:
    reason = getattr(error, "strerror", None) or str(error)
    return MediaError(path, f"can't be read as a movie: {reason}", frame=frame)


def _rgb(picture: Any) -> np.ndarray[Any, Any]:
    """A decoded picture as RGB of 16 bits.

    Streams that don't name their matrix are taken as BT.709 from 720 rows on and as BT.601 below, as players
    do.
    """
    matrix = picture.colorspace
    if matrix == _UNSPECIFIED:
        matrix = _ITU709 if picture.height >= _HD_HEIGHT else _ITU601
    converted = picture.reformat(format="rgb48le", src_colorspace=matrix)
    pixels: np.ndarray[Any, Any] = converted.to_ndarray()
    return pixels


def _dtype(pixel_format: str) -> str:
    import av

    depth = max(component.bits for component in av.VideoFormat(pixel_format).components)
    return f"uint{depth}"
