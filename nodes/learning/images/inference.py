"""A trained model applied to frames, when somebody asks for them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import NodeError
from understudy.nodes.media.images.frame import ChannelError
from understudy.nodes.media.images.resizing import resized
from understudy.nodes.media.images.viewer import UNCERTAINTY_CHANNEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.images.loaded_model import LoadedModel
    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames

BACK_END = "understudy/backend"
"""The metadata that says what computed a frame, and in which precision."""


class InferredFrames:
    """The frames of a sequence with a model applied; a few are computed at once, whoever asks.

    While some threads compute, others read and write.
    """

    _what = "inference"

    def __init__(self, node: Inference, source: Frames, loaded: LoadedModel) -> None:
        self._node, self._source, self._loaded = node, source, loaded

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers of the source."""
        return self._source.numbers

    def spec(self, number: int) -> FrameSpec:
        """The source's spec with the result's channels; of a model that enlarges, with larger windows."""
        spec, scale = self._source.spec(number), self._loaded.model.geometry().scale
        data, display = spec.data.scaled(scale), spec.display.scaled(scale)
        return replace(spec, channels=self._channels(spec.channels), data=data, display=display)

    def identity(self, number: int) -> str:
        """Changes with the source's frame, the model, and the knobs that matter."""
        node = self._node
        knobs = (node.channels, node.precision, node.backend, str(node.overlap))
        parts = (self._what, self._source.identity(number), self._loaded.digest, *knobs)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def read(self, number: int) -> Frame:
        """The source's frame with the learned channels replaced or added; the others are scaled with them.

        Raises:
            NodeError: The frame lacks a channel that the model takes.
        """
        frame = self._source.read(number)
        result = self._merged(frame, self._loaded.apply(self._inputs(frame, number), doubt=False))
        return replace(result, metadata={**result.metadata, BACK_END: self._loaded.back_end})

    def _inputs(self, frame: Frame, number: int) -> NDArray[np.float32]:
        try:
            return frame.select(self._loaded.model.inputs).pixels
        except ChannelError as error:
            raise NodeError(self._node.name, str(error), knob="inputs", frame=number) from None

    def _channels(self, channels: tuple[str, ...]) -> tuple[str, ...]:
        model = self._loaded.model
        whole = self._node.channels == "all" or (self._node.channels == "auto" and model.colour)
        if not whole:
            return model.outputs
        return (*channels, *(name for name in model.outputs if name not in channels))

    def _merged(self, frame: Frame, output: NDArray[np.float32]) -> Frame:
        model, channels = self._loaded.model, self._channels(frame.channels)
        scale = model.geometry().scale
        data, display = frame.data.scaled(scale), frame.display.scaled(scale)
        if channels == model.outputs:
            return replace(frame, pixels=output, channels=channels, data=data, display=display)
        pixels = np.empty((*output.shape[:2], len(channels)), np.float32)
        _put(pixels, channels, output, model.outputs)
        beside = tuple(name for name in channels if name not in model.outputs)
        if beside:
            kept = replace(frame.select(beside), display=frame.data)  # so that edges stay as they are
            _put(pixels, channels, resized(kept, data, data).pixels, beside)
        return replace(frame, pixels=pixels, channels=channels, data=data, display=display)


def _put(
    pixels: NDArray[np.float32], channels: tuple[str, ...], part: NDArray[np.float32], names: tuple[str, ...]
) -> None:
    """Puts some channels into their places among others."""
    for place, name in enumerate(names):
        pixels[..., channels.index(name)] = part[..., place]


class UncertainFrames(InferredFrames):
    """How far off each pixel of the inferred frames may be: one channel, a standard deviation.

    Attributes:
        source: The frames that the model is applied to.
        matte: Whether the model makes a matte.
    """

    _what = "uncertainty"

    @property
    def source(self) -> Frames:
        """The frames that the model is applied to."""
        return self._source

    @property
    def matte(self) -> bool:
        """Whether the model makes values between 0 and 1."""
        return self._loaded.model.activation == "sigmoid"

    def read(self, number: int) -> Frame:
        """The uncertainty over the source's data window.

        Raises:
            NodeError: The checkpoint holds no uncertainty, or the frame lacks a channel that the model takes.
        """
        if self._loaded.model.uncertainty is None:
            raise NodeError(
                self._node.name,
                "this checkpoint holds no uncertainty: it was written by an older version, or its network "
                "does not show what its last convolution sees. Train it again, or leave uncertainty out",
                knob="inputs",
            )
        frame = self._source.read(number)
        doubt = self._loaded.apply(self._inputs(frame, number), doubt=True)
        return replace(frame, pixels=doubt, channels=(UNCERTAINTY_CHANNEL,))

    def _channels(self, channels: tuple[str, ...]) -> tuple[str, ...]:  # noqa: ARG002 - of any source the same
        return (UNCERTAINTY_CHANNEL,)
