"""Colour spaces by name, through OpenColorIO: the config that $OCIO names, else the one that is built in."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError, nearest
from understudy.nodes.media.images.derived import MappedFrames
from understudy.nodes.media.images.frame import bands

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame
    from understudy.nodes.media.images.sequence import Frames

RGB = ("R", "G", "B")


class ColourError(UnderstudyError):
    """A colour space is not in the config, or a frame has no colour."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.suggestion = suggestion


def canonical(name: str) -> str:
    """A colour space's own name; aliases and roles are understood as well.

    >>> canonical("srgb_texture"), canonical("scene_linear")
    ('sRGB Encoded Rec.709 (sRGB)', 'ACEScg')

    Raises:
        ColourError: The config has no such colour space; `suggestion` names the nearest one.
    """
    config = _config(os.environ.get("OCIO", ""))
    resolved = str(config.resolve(name))
    if resolved in config.getColorSpaceNames():
        return resolved
    known = [*config.getColorSpaceNames(), *config.getRoles()]
    known += [alias for space in config.getColorSpaceNames() for alias in config.getAliases(space)]
    close = nearest(name, known)
    raise ColourError(
        f'the colour config "{config.configname()}" has no colour space "{name}"',
        f'Did you mean "{close}"?' if close else f"It has {', '.join(config.getColorSpaceNames())}.",
    )


def config_files() -> list[Path]:
    """The file of the config in use; none where it is the built-in one."""
    path = Path(os.environ.get("OCIO", ""))
    return [path] if path.is_file() else []


def config_identity() -> str:
    """A text that changes with the config: the digest of its file, or the built-in one's name."""
    import hashlib

    texts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in config_files()]
    return texts[0] if texts else str(_config(os.environ.get("OCIO", "")).configname())


def converted(frame: Frame, source: str, target: str) -> Frame:
    """The frame with R, G and B taken from one colour space to another; other channels are left alone.

    Colour is converted as it stands, associated with alpha or not. The metadata `oiio:ColorSpace` says which
    space it is in afterwards.

    Raises:
        ColourError: A colour space is unknown, or the frame has no R, G and B.
    """
    import numpy as np
    import OpenImageIO

    missing = [name for name in RGB if name not in frame.channels]
    if missing:
        raise ColourError(f"colour needs the channels R, G and B; the frame has {', '.join(frame.channels)}")
    indices = [frame.channels.index(name) for name in RGB]
    names = canonical(source), canonical(target)
    pixels = frame.pixels.copy()
    for rows in bands(frame.data.height, 256):
        colour = OpenImageIO.ImageBuf(np.ascontiguousarray(frame.pixels[rows][..., indices]))
        result = OpenImageIO.ImageBufAlgo.colorconvert(colour, *names, unpremult=False)
        if result.has_error:
            raise ColourError(f"colour can't be converted from {source} to {target}: {result.geterror()}")
        pixels[rows, :, indices] = result.get_pixels(OpenImageIO.FLOAT)
    return replace(frame, pixels=pixels, metadata={**frame.metadata, "oiio:ColorSpace": canonical(target)})


def converting(frames: Frames, source: str, target: str, node: str) -> MappedFrames:
    """A sequence with R, G and B taken from one colour space to another."""
    return MappedFrames(
        node,
        [frames],
        lambda frame: converted(frame, source, target),
        f"colour {canonical(source)} to {canonical(target)} by {config_identity()}",
        change_spec=lambda spec: replace(
            spec, metadata={**spec.metadata, "oiio:ColorSpace": canonical(target)}
        ),
    )


@cache
def _config(path: str) -> Any:
    import OpenImageIO

    config = OpenImageIO.ColorConfig(path) if path else OpenImageIO.ColorConfig()
    complaint = str(config.geterror())
    if complaint:
        raise ColourError(f"the colour config of $OCIO can't be used: {complaint}")
    return config
