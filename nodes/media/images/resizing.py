"""Scaling a frame's pixels from one pair of windows to another, through OpenImageIO."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame, Window


def resized(frame: Frame, data: Window, display: Window, filter_name: str = "cubic") -> Frame:
    """The frame scaled so that its display window becomes another; pixels are those of the data window.

    Args:
        frame: What to scale; its own windows give it back as it is.
        data: The new data window, in its place relative to the display window.
        display: The new display window.
        filter_name: How pixels are weighed, as OpenImageIO names it. "cubic" goes through the pixels and
            never beyond them.

    Raises:
        UnderstudyError: OpenImageIO can't do it.
    """
    import OpenImageIO

    if (data, display) == (frame.data, frame.display):
        return frame
    source = _image(len(frame.channels), frame.data, frame.display)
    target = _image(len(frame.channels), data, display)
    source.set_pixels(source.roi, np.ascontiguousarray(frame.pixels))
    if not OpenImageIO.ImageBufAlgo.resize(target, source, filtername=filter_name):
        raise UnderstudyError(f"the frame can't be scaled: {target.geterror()}")
    pixels: NDArray[Any] = target.get_pixels(OpenImageIO.FLOAT, target.roi)
    shape = (data.height, data.width, len(frame.channels))
    return replace(frame, pixels=pixels.reshape(shape), data=data, display=display)


def _image(channels: int, data: Window, display: Window) -> Any:
    import OpenImageIO

    spec = OpenImageIO.ImageSpec(data.width, data.height, channels, "float")
    spec.x, spec.y = data.x, data.y
    spec.full_x, spec.full_y = display.x, display.y
    spec.full_width, spec.full_height = display.width, display.height
    return OpenImageIO.ImageBuf(spec)
