"""A deformer as the arrays that `player.py` plays: its predictor's numbers, and a basis for each segment."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.nodes.export.models import player
from understudy.nodes.learning.deformers.differential import Differential
from understudy.nodes.learning.deformers.local import LocalKernel, LocalRidge
from understudy.nodes.learning.deformers.shapes import SegmentShapes, Vertices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer

    Arrays = dict[str, NDArray[Any]]


def source() -> str:
    """The text of the player, to be put beside what it plays."""
    return inspect.getsource(player)


def numbers(deformer: Deformer) -> Arrays:
    """What the player makes coefficients of inputs with."""
    inputs, predictor = deformer.inputs, deformer.predictor
    found: Arrays = {name: getattr(inputs, name) for name in ("least", "most", "mean", "deviation")}
    if isinstance(predictor, LocalRidge):
        return found | {"weights": predictor.weights, "bias": predictor.bias}
    if isinstance(predictor, LocalKernel):
        ridge = {"ridge_weights": predictor.ridge.weights, "ridge_bias": predictor.ridge.bias}
        names = ("poses", "scales", "weights", "bias", "kept")
        return found | ridge | {name: getattr(predictor, name) for name in names}
    return found | predictor.arrays()


def activation(deformer: Deformer) -> str:
    """What bends between a net's layers; "linear" for other predictors."""
    return str(deformer.predictor.header().get("activation", "linear"))


def bases(deformer: Deformer) -> list[Arrays]:
    """For each segment `vertices` `(R,)`, `mean` `(R, 3)` and `shapes` `(K, R, 3)`, shares multiplied in.

    A model without shapes learns the deltas as they are, and its one basis has only `vertices`.
    """
    decoder = deformer.decoder
    if isinstance(decoder, Vertices):
        return [{"vertices": decoder.moving}]
    if isinstance(decoder, Differential):
        every = np.arange(len(decoder.mean))
        means = (decoder.mean, np.zeros_like(decoder.mean))
        sides = zip(means, decoder.folded, strict=True)
        return [{"vertices": every, "mean": mean, "shapes": shapes} for mean, shapes in sides]
    assert isinstance(decoder, SegmentShapes)
    found: list[Arrays] = []
    for segment in range(len(decoder.segments)):
        mean, shapes = decoder.basis(segment)
        shares = decoder.segments.shares[decoder.segments.rows(segment), None]
        found.append(
            {
                "vertices": decoder.segments.support(segment),
                "mean": np.asarray(mean.reshape(-1, 3) * shares, np.float32),
                "shapes": np.asarray(shapes.reshape(len(shapes), -1, 3) * shares, np.float32),
            }
        )
    return found
