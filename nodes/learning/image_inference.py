"""A trained model applied to frames, when somebody asks for them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import NodeError
from understudy.nodes.media.images.frame import ChannelError
from understudy.nodes.media.images.viewer import UNCERTAINTY_CHANNEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.loaded_model import LoadedModel
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
        """The source's spec with the result's channels."""
        spec = self._source.spec(number)
        return replace(spec, channels=self._channels(spec.channels))

    def identity(self, number: int) -> str:
        """Changes with the source's frame, the model, and the knobs that matter."""
        node = self._node
        knobs = (node.channels, node.precision, node.backend, str(node.overlap))
        parts = (self._what, self._source.identity(number), self._loaded.digest, *knobs)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def read(self, number: int) -> Frame:
        """The source's frame with the learned channels replaced or added.

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
        outputs, channels = self._loaded.model.outputs, self._channels(frame.channels)
        if channels == outputs:
            return replace(frame, pixels=output, channels=channels)
        height, width = output.shape[:2]
        pixels = np.empty((height, width, len(channels)), np.float32)
        pixels[..., : len(frame.channels)] = frame.pixels
        for place, name in enumerate(outputs):
            pixels[..., channels.index(name)] = output[..., place]
        return replace(frame, pixels=pixels, channels=channels)


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
