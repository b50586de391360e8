"""Finds the principal shapes of what a wire carries: poses or frames, none of which are held in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.preparing import deltas_of
from understudy.nodes.learning.meshes.basis import FRAMES, Basis
from understudy.nodes.learning.meshes.growing import CARRIED, Beginning, groups_of, grown
from understudy.nodes.learning.meshes.principal_shapes import check_count, principal_shapes
from understudy.nodes.media.meshes.mapped import room
from understudy.nodes.media.meshes.usd_layers import layers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame, Window
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.runtime.context import Context

METHOD = "1"
"""Raise it when the same poses give other shapes."""


def basis_of_poses(poses: PosedMeshes, context: Context, *, space: str, limit: int, accuracy: float) -> Basis:
    """The principal shapes of deltas; those of earlier files are kept, so that only what is added is read.

    Raises:
        UnderstudyError: There are fewer poses than shapes asked for.
    """
    check_count(limit, len(poses))
    digests = ["".join(context.digests(layers_of(file) or [file]).values()) for file in poses.files]
    start = f"{METHOD} {limit} {space} {poses.rig.digest()}"
    groups = list(groups_of(poses.places, digests, start=start, least=CARRIED * limit))
    kept = context.work / "basis" / f"{context.node}.beginning.npz"
    known = None if context.settings.fresh else Beginning.read(kept)
    read = 0

    def deltas(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        nonlocal read
        context.stop_if_asked()
        read += len(rows)
        context.progress(int(rows[-1]) + 1, len(poses), "poses")
        return deltas_of(poses.select(rows), space, in_memory=0)[0].reshape(len(rows), -1)

    shapes, beginning = grown(groups, deltas, CARRIED * limit, known)
    if read < len(poses):
        context.say(f"{context.node}: {read:,} poses are added to the shapes of {len(poses) - read:,}")
    if beginning is not None and beginning is not known:
        beginning.write(kept)
    return Basis(shapes.enough(limit, accuracy), space)


def basis_of_frames(frames: Frames, context: Context, *, limit: int, accuracy: float) -> Basis:
    """The principal frames of a sequence, over its display window.

    Raises:
        UnderstudyError: There are fewer frames than shapes asked for, or they are not of one form.
    """
    numbers = frames.numbers
    check_count(limit, len(numbers), "frames")
    first = frames.spec(numbers[0])
    form = (first.display, first.channels)
    height, width = first.display.height, first.display.width
    pixels = room((len(numbers), height * width * len(first.channels)), 0)
    for row, number in enumerate(numbers):
        context.stop_if_asked()
        pixels[row] = _pixels(frames.read(number), number, form)
        context.progress(row + 1, len(numbers), "frames")
    shapes = principal_shapes(pixels, limit=limit, accuracy=accuracy, width=1)
    return Basis(shapes, FRAMES, first.channels, (height, width))


def _pixels(frame: Frame, number: int, form: tuple[Window, tuple[str, ...]]) -> NDArray[np.float32]:
    display, channels = form
    if frame.channels != channels:
        raise UnderstudyError(
            f"Frame {number} has the channels {', '.join(frame.channels)}, and the first "
            f"{', '.join(channels)}. Choose those that all have by the knob channels of the DataSource."
        )
    if frame.display != display:
        raise UnderstudyError(
            f"Frame {number} is {frame.display.width} x {frame.display.height} pixels, and the first "
            f"{display.width} x {display.height}. Bring them to one size by a Reformat."
        )
    found = frame.fitted(display).pixels
    if not np.isfinite(found).all():
        raise UnderstudyError(f"Frame {number} has pixels that are no numbers (NaN or infinite).")
    return found.ravel()
