"""Writes the frames of a rendered shot as half-float EXR sequences."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from understudy.cli.templates.shot import DISPLAY
from understudy.nodes.media.images.frame import Frame
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from understudy.cli.templates.arrays import Array
    from understudy.cli.templates.shot import Shot


_CHANNELS = {1: ("A",), 3: ("R", "G", "B")}


def shoot(folder: Path, shot: Shot, develop: Callable[[int], Mapping[str, Array]]) -> list[Path]:
    """Films every frame of a shot and writes its pictures, two frames at a time.

    Args:
        folder: Where the sequences go.
        shot: The shot, for its frames and their data windows.
        develop: The pictures of a frame by the start of their path ("footage/plate"): (height, width, 1) for
            a matte or (height, width, 3) for colour, in the data window.

    Returns:
        The files written, sorted.
    """

    def print_frame(number: int) -> list[Path]:
        window = shot.window(number)
        written = []
        for start, pixels in develop(number).items():
            path = folder / f"{start}.{number:04d}.exr"
            path.parent.mkdir(parents=True, exist_ok=True)
            frame = Frame(
                pixels=pixels.astype(np.float32),
                channels=_CHANNELS[pixels.shape[-1]],
                data=window,
                display=DISPLAY,
                metadata={"FramesPerSecond": (24, 1)},
            )
            write_frame(path, frame)
            written.append(path)
        return written

    with ThreadPoolExecutor(2) as pool:
        return sorted(path for paths in pool.map(print_frame, shot.numbers) for path in paths)


def spread(shot: Shot, count: int) -> frozenset[int]:
    """The numbers of `count` frames of a shot: first, last, and evenly between."""
    return frozenset(int(n) for n in np.linspace(shot.first, shot.numbers[-1], count).round())
