"""What quicker settings of an Inference cost: each applied to the same few frames or poses, and compared."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.images.model import ImageModel
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.media.meshes.posed import PosedMeshes

OVERLAPS = (0.5, 0.25, 0.0)
"""Shares of what the network sees by which tiles overlap, beside the whole of it."""

SHAPES = (0.75, 0.5, 0.25, 0.1)
"""Shares of the principal shapes, beside all of them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One setting on the frames or poses that were looked at.

    Attributes:
        setting: The knobs that make it, for people.
        milliseconds: For each frame or pose, reading and writing left out.
        largest: Largest difference from the first setting, the best there is: in pixel values, or in percent
            of the rest shape's diagonal.
        rms: The root of the mean squared difference, likewise.
        error: The same against the truth; None where none is given.
    """

    setting: str
    milliseconds: float
    largest: float
    rms: float
    error: float | None

    def plain(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Setting:
    name: str
    apply: Callable[[NDArray[Any]], NDArray[np.float32]]


def measured_frames(
    model: ImageModel,
    source: Frames,
    numbers: Sequence[int],
    truth: Frames | None,
    *,
    threads: int,
    tile: int,
) -> Iterator[Measured]:
    """Precisions, back ends and overlaps of tiles, on some frames; torch in float32 on whole frames first.

    Args:
        model: On the processor.
        source: Its input.
        numbers: The frames to look at.
        truth: What they should have become; frames that it lacks are left out of the error.
        threads: That may be taken.
        tile: Width and height of the tiles whose overlap is varied, in pixels.
    """
    pixels = [source.read(number).select(model.inputs).pixels for number in numbers]
    known = set(truth.numbers) if truth is not None else set()
    truths = [
        truth.read(number).select(model.outputs).pixels if truth is not None and number in known else None
        for number in numbers
    ]
    yield from _compared(_image_settings(model, threads, tile), pixels, truths, 1.0)


def _image_settings(model: ImageModel, threads: int, tile: int) -> Iterator[_Setting]:
    from understudy.nodes.learning.backends.backend import Load, computed_by, installed
    from understudy.nodes.learning.images.foreign_model import ForeignNetwork
    from understudy.nodes.learning.loop import fastest_precision

    def setting(name: str, used: ImageModel, precision: str, size: int | str) -> _Setting:
        return _Setting(name, lambda x: used.apply(x, precision=precision, device="cpu", tile=size))

    foreign = isinstance(model.network, ForeignNetwork)  # which its own library computes, and in float32
    first = "onnxruntime" if foreign else "torch"
    precisions = ["float32"] + (["bfloat16"] if fastest_precision("cpu") == "bfloat16" else [])
    if foreign:
        yield setting(f"{first}, float32", model, "float32", "auto")
    for name in () if foreign else installed():
        for precision in precisions:
            load = Load(len(model.inputs), precision, at_once=1, threads=threads)
            try:
                used = computed_by(model, name, load)
            except UnderstudyError:
                continue
            if name != "onnxruntime" or precision == "float32":  # which computes in nothing else
                yield setting(f"{name}, {precision}", used, precision, "auto")
    whole = model.geometry()
    for share in OVERLAPS:
        less = replace(whole, reach=round(whole.reach * share))
        yield setting(
            f"{first}, float32, tile {tile}, overlap {share:.0%}",
            replace(model, _geometry=less),
            "float32",
            tile,
        )


def measured_poses(
    deformer: Deformer, controls: PosedMeshes, poses: Sequence[int], truth: PosedMeshes | None
) -> Iterator[Measured]:
    """All principal shapes and fewer of them, on some poses.

    Args:
        deformer: The model.
        controls: Its input.
        poses: The poses to look at, from 0.
        truth: The shapes that they should have.
    """
    from understudy.nodes.learning.deformers.fewer_shapes import fewer_shapes

    diagonal = float(np.linalg.norm(np.ptp(deformer.rig.rest, axis=0)))
    matrices = controls.joint_matrices

    def setting(share: float) -> _Setting:
        used = fewer_shapes(deformer, share)

        def apply(pose: NDArray[Any]) -> NDArray[np.float32]:
            row = slice(int(pose), int(pose) + 1)
            vertices: NDArray[np.float32] = used.predict(
                controls.controls[row], None if matrices is None else matrices[row]
            )[0]
            return vertices

        return _Setting(f"principal shapes {share:.0%}", apply)

    shares = (1.0, *(SHAPES if hasattr(deformer.decoder, "numbers") else ()))
    truths = [None if truth is None else truth.vertices([pose])[0] for pose in poses]
    yield from _compared(map(setting, shares), [np.asarray(pose) for pose in poses], truths, 100.0 / diagonal)


def _compared(
    settings: Iterator[_Setting],
    inputs: Sequence[NDArray[Any]],
    truths: Sequence[NDArray[Any] | None],
    scale: float,
) -> Iterator[Measured]:
    best: list[NDArray[np.float32]] = []
    for setting in settings:
        setting.apply(inputs[0])  # warms up
        began = time.perf_counter()
        results = [setting.apply(one) for one in inputs]
        spent = time.perf_counter() - began
        best = best or results
        off = [_distances(one, other) for one, other in zip(results, best, strict=True)]
        wrong = [
            _distances(one, other) for one, other in zip(results, truths, strict=True) if other is not None
        ]
        yield Measured(
            setting.name,
            1000.0 * spent / len(inputs),
            scale * max(float(one.max()) for one in off),
            scale * _rms(off),
            scale * _rms(wrong) if wrong else None,
        )


def _distances(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Of each value of pixels `(H, W, K)`, of each vertex of `(V, 3)`; what is no number in both is equal."""
    if one.shape != other.shape:
        sizes = [" x ".join(map(str, each.shape)) for each in (other, one)]
        raise UnderstudyError(
            f"The truth is {sizes[0]} values, and the result {sizes[1]}: name one of its size."
        )
    difference: NDArray[np.float64] = np.nan_to_num(np.asarray(one, np.float64) - other)
    if difference.ndim == 3:
        return np.asarray(np.abs(difference))
    return np.asarray(np.linalg.norm(difference, axis=-1))


def _rms(distances: Sequence[NDArray[np.float64]]) -> float:
    return float(np.sqrt(np.mean([np.mean(one**2) for one in distances])))
