"""The quality dial of a deformer: fewer of its principal shapes, for a smaller and quicker model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.shapes import SegmentShapes

if TYPE_CHECKING:
    from understudy.nodes.learning.deformers.deformer import Deformer


def fewer_shapes(deformer: Deformer, share: float) -> Deformer:
    """The deformer with the first of its principal shapes only; they come in the order of what they hold.

    Args:
        deformer: Decodes principal shapes.
        share: Of each segment's shapes, 0 to 1; at least one shape is kept.

    Raises:
        UnderstudyError: The deformer has no principal shapes that could be left out.
    """
    decoder = deformer.decoder
    if share >= 1.0:
        return deformer
    if not isinstance(decoder, SegmentShapes):
        raise UnderstudyError("This model has no principal shapes of vertices, so all of it is always used.")
    numbers = np.maximum(np.ceil(decoder.numbers * share), np.minimum(decoder.numbers, 1)).astype(np.int64)
    kept = [decoder.basis(segment)[1][:number].ravel() for segment, number in enumerate(numbers)]
    return replace(deformer, decoder=replace(decoder, numbers=numbers, shapes=np.concatenate(kept)))
