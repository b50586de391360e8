"""Image models: what a host must know of one, and the crops that it is compared on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import UnderstudyError
from understudy.graph.ranges import find_frames
from understudy.nodes.export.models.exportable import TorchExportable
from understudy.nodes.export.models.pixels import Pixels
from understudy.nodes.learning.images.model import ImageModel
from understudy.nodes.media.images.sequence import FileFrames
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.nodes.learning.encoding import Encoding
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.runs.container import Container

    Values = NDArray[np.float32]

SIZES = ((1, 64, 64), (2, 37, 51), (1, 135, 241), (1, 16, 3), (1, 1, 1))
"""Crops, height and width: a multiple of every stride, and some that are of none."""

REAL_FRAMES = 3
LARGEST = 540
"""Frames that are given are compared in crops of at most so many rows; columns are 16 to 9."""


def exportable(container: Container, path: str, evidence: Frames | Path | None) -> TorchExportable:
    """The image model in a checkpoint, whole: encoding, padding and decoding are inside.

    Args:
        container: The `.cat`.
        path: Its name, for messages.
        evidence: Frames to compare results on.

    Raises:
        FormatError: The checkpoint is damaged.
        UnderstudyError: The evidence has not the channels that the model takes.
    """
    model = ImageModel.from_container(container, path)
    model.network.eval()
    stride = model.geometry().stride
    samples, compared = drawn_crops(model.encoding), f"{len(SIZES)} drawn crops"
    if evidence is not None:
        real = _real_crops(_frames(evidence), model.inputs)
        samples, compared = [*samples, *real], f"{compared} and {len(real)} of real frames"
    return TorchExportable(
        subject="images",
        module=Pixels(model.network, stride, model.encoding, model.target, model.activation).eval(),
        input="pixels",
        output="result",
        notes=described(model, container.header),
        samples=samples,
        compared=compared,
        free={0: "N", 2: "H", 3: "W"},
        ours=lambda sample: _ours(model, sample),
    )


def described(model: ImageModel, header: dict[str, Any]) -> dict[str, Any]:
    """What a host must know of an image model, as plain data; all of it is inside the model already."""
    told = ("precision", "step", "losses", "provenance")
    return {
        "version": 1,
        "subject": "images",
        "inputs": list(model.inputs),
        "outputs": list(model.outputs),
        "network": header["network"],
        "stride": model.geometry().stride,
        "reach": model.geometry().reach,
        "encoding": model.encoding.as_dict(),
        "target": model.target.as_dict(),
        "activation": model.activation,
        "scene_linear": model.encoding.curve != "linear",
        "trained": {name: header[name] for name in told if name in header},
    }


def drawn_crops(encoding: Encoding, sizes: Sequence[tuple[int, int, int]] = SIZES) -> list[Values]:
    """Pixels `(N, C, H, W)` with the mean and twice the deviation of those trained on; always the same.

    Twice, so that there are values below 0 and above 1. Half of the deviation is that of blocks of pixels, as
    frames are neither flat nor noise.

    Args:
        encoding: What they are decoded by.
        sizes: N, H and W of each.
    """
    found = []
    for place, (count, height, width) in enumerate(sizes):
        shape = (count, encoding.channels, height, width)
        coarse = _normal(place, "blocks", (count, encoding.channels, -(-height // 8), -(-width // 8)))
        blocks = coarse.repeat(8, axis=2).repeat(8, axis=3)[:, :, :height, :width]
        values = torch.from_numpy(np.sqrt(2.0) * (blocks + _normal(place, "grain", shape)))
        found.append(np.ascontiguousarray(encoding.decode(values.float()).numpy()))
    return found


def _normal(place: int, purpose: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    pairs = uniforms(0, f"export {purpose}", place, 0, 2 * int(np.prod(shape))).reshape(2, *shape)
    return np.asarray(np.sqrt(-2.0 * np.log1p(-pairs[0])) * np.cos(2.0 * np.pi * pairs[1]))


def _ours(model: ImageModel, sample: Values) -> Values:
    """What Inference gives in float32."""
    frames = [
        model.apply(pixels.transpose(1, 2, 0), precision="float32", device="cpu", tile="whole")
        for pixels in sample
    ]
    return np.ascontiguousarray(np.stack(frames).transpose(0, 3, 1, 2))


def _frames(evidence: Frames | Path) -> Frames:
    if not isinstance(evidence, Path):
        return evidence
    paths = find_frames(evidence)
    if not paths:
        raise UnderstudyError(
            f"{evidence}: there are no frames to compare results on. Name frames that exist."
        )
    return FileFrames(paths, str)


def _real_crops(frames: Frames, channels: Sequence[str]) -> list[Values]:
    """A crop of the middle of up to three frames, each of another size, as `(1, C, H, W)`."""
    numbers = frames.numbers
    chosen = sorted({numbers[round(i * (len(numbers) - 1) / (REAL_FRAMES - 1))] for i in range(REAL_FRAMES)})
    found = []
    for place, number in enumerate(chosen):
        pixels = frames.read(number).select(channels).pixels
        rows = min(pixels.shape[0], LARGEST >> place)
        columns = min(pixels.shape[1], rows * 16 // 9)
        top, left = (pixels.shape[0] - rows) // 2, (pixels.shape[1] - columns) // 2
        crop = pixels[top : top + rows, left : left + columns].transpose(2, 0, 1)[None]
        found.append(np.ascontiguousarray(crop, np.float32))
    return found
