"""Lays one picture over another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from understudy.graph.errors import UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.ports import Input
from understudy.nodes.media.images.operator import Operator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.media.images.frame import Frame, FrameSpec, Window

    Array = NDArray[Any]

FACTORS = {
    "over": ("1", "1-a"),
    "under": ("1-b", "1"),
    "atop": ("b", "1-a"),
    "in": ("b", "0"),
    "out": ("1-b", "0"),
    "mask": ("0", "a"),
    "stencil": ("0", "1-a"),
    "xor": ("1-b", "1-a"),
    "matte": ("a", "1-a"),
    "copy": ("1", "0"),
    "plus": ("1", "1"),
    "minus": ("1", "-1"),
    "from": ("-1", "1"),
    "average": ("0.5", "0.5"),
}
"""Of A and of B, whose alphas are a and b (Porter and Duff 1984, "Compositing digital images")."""

PAIRWISE = ("multiply", "divide", "difference", "hypot", "max", "min", "screen")
"""Operations that are no sum of both."""


class Merge(Operator):
    """Lays A over B, or combines them otherwise; where a mask is connected, only inside it.

    The operations have the names and meanings that they have in Nuke: over is A + B (1 - a), mask is B a,
    stencil is B (1 - a), copy is A. The result has B's format and covers what either covers; outside its data
    window a picture is black and transparent. B's other channels pass through.

    To put a network's result over the plate by the matte: operation copy, A the result, B the plate, mask
    the matte.
    """

    version = 1
    input = Input("frames", "B, the picture below.")
    a = Input("frames", "A, the picture above.")
    mask = Input("frames", "Limits the result: 0 leaves B, 1 takes all of it.", optional=True)

    operation = Knob("over", "What is done with A and B.", choices=(*FACTORS, *PAIRWISE))
    channels = Knob(
        "rgba", "The channels or layers that are combined, where A or B has them; others are B's."
    )
    mask_channel = Knob("A", "The mask's channel; a mask of one channel is taken as it is.")
    mix = Knob(1.0, "How much of the result is taken; 0 leaves B.", least=0.0, most=1.0)

    def change(self, *frames: Frame) -> Frame:
        """The merged frame."""
        import numpy as np

        from understudy.nodes.media.images.frame import bands

        data = frames[0].data.union(frames[1].data)
        b, a, *masks = (frame.fitted(data) for frame in frames)
        names, channels = self._names(a, b)
        alphas = self._alpha(a, "a"), self._alpha(b, "b")
        amount = self._amount(masks, data)
        pixels = np.zeros((data.height, data.width, len(channels)), np.float32)
        pixels[..., : len(b.channels)] = b.pixels
        for name in names:
            above, below, into = _channel(a, name), _channel(b, name), pixels[..., channels.index(name)]
            for rows in bands(data.height):
                alpha_a, alpha_b = (alpha[rows] for alpha in alphas)
                result = combined(self.operation, above[rows], below[rows], alpha_a, alpha_b)
                into[rows] = _mixed(below[rows], result, amount[rows])
        return replace(b, pixels=pixels, channels=channels)

    def change_spec(self, *specs: FrameSpec) -> FrameSpec:
        """B's, with the window of both."""
        b, a = specs[0], specs[1]
        return replace(b, data=b.data.union(a.data), channels=self._names(a, b)[1])

    def _names(self, a: Frame | FrameSpec, b: Frame | FrameSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The channels that are combined, and all channels of the result."""
        words = {"rgb": "R G B", "rgba": "R G B A"}.get(self.channels, self.channels)
        wanted = words.replace(",", " ").split()
        every = (*b.channels, *(name for name in a.channels if name not in b.channels))
        names = tuple(name for name in every if name in wanted or name.rpartition(".")[0] in wanted)
        return names, tuple(name for name in every if name in b.channels or name in names)

    def _amount(self, masks: list[Frame], data: Window) -> Array:
        """How much of the result is taken, `(H, W)`."""
        import numpy as np

        if not masks:
            return np.broadcast_to(np.float32(self.mix), (data.height, data.width))
        channel = masks[0].channels[0] if len(masks[0].channels) == 1 else self.mask_channel
        return masks[0].select([channel]).pixels[..., 0] * np.float32(self.mix)

    def _alpha(self, frame: Frame, which: str) -> Array:
        """The alpha of a or b; not having one is wrong where the operation uses it."""
        used = any(which in word for word in FACTORS.get(self.operation, ()))
        if used and "A" not in frame.channels:
            raise UnderstudyError(
                f"{self.operation} needs alpha, and {which.upper()} has {', '.join(frame.channels)} only; "
                "Shuffle adds one, or copy with a mask does without"
            )
        return _channel(frame, "A")


def combined(operation: str, A: Array, B: Array, a: Array, b: Array) -> Array:
    """The values of two pictures combined, `(H, W)` each.

    Args:
        operation: One of `FACTORS` or `PAIRWISE`.
        A: Values above, premultiplied by a.
        B: Values below, premultiplied by b.
        a: Alpha above.
        b: Alpha below.
    """
    if operation in PAIRWISE:
        return _pairwise(operation, A, B)
    alphas = {"a": a, "b": b, "1-a": 1 - a, "1-b": 1 - b}
    terms = [
        values * (alphas[word] if word in alphas else float(word))
        for values, word in zip((A, B), FACTORS[operation], strict=True)
        if word != "0"  # infinity times 0 would be NaN
    ]
    return sum(terms[1:], terms[0])


def _pairwise(operation: str, A: Array, B: Array) -> Array:
    import numpy as np

    plain = {"multiply": np.multiply, "hypot": np.hypot, "max": np.maximum, "min": np.minimum}
    result: Array
    if operation in plain:
        result = plain[operation](A, B)
    elif operation == "difference":
        result = np.abs(A - B)
    elif operation == "divide":
        result = np.divide(A, B, out=np.zeros_like(A), where=B != 0)
    else:  # screen, which is meant for 0 to 1; the larger value elsewhere
        inside = (A >= 0) & (A <= 1) & (B >= 0) & (B <= 1)
        result = np.where(inside, A + B - A * B, np.maximum(A, B))
    return result


def _mixed(below: Array, above: Array, amount: Array) -> Array:
    """What lies below where the amount is 0 and what lies above where it is 1, be it NaN or infinite."""
    import numpy as np

    if (amount == 1).all():
        return above
    mixed: Array = below + (above - below) * amount
    return np.where(amount == 0, below, np.where(amount == 1, above, mixed))


def _channel(frame: Frame, name: str) -> Array:
    """A channel's values `(H, W)`; 0 where the frame has none of that name."""
    import numpy as np

    if name not in frame.channels:
        return np.broadcast_to(np.float32(0), frame.pixels.shape[:2])
    return frame.pixels[..., frame.channels.index(name)]
