"""A trained model applied to frames, when somebody asks for them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import NodeError
from understudy.nodes.media.images.frame import ChannelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.image_model import ImageModel
    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context


AT_ONCE = 2
"""Frames computed at once on the processor; a GPU takes one after another."""

UNCERTAINTY_CHANNEL = "uncertainty"
"""The one channel of an uncertainty's frames; a ContactSheet knows them by it."""


class Loaded:
    """A checkpoint's model, read when the first frame is asked for, and whose turn it is to compute.

    Args:
        node: Its knobs.
        path: The `.cat`.
        context: Of the run.

    Attributes:
        digest: Changes with the checkpoint's content.
    """

    def __init__(self, node: Inference, path: str, context: Context) -> None:
        self._node, self._path, self._context = node, path, context
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(1)
        self._at_once, self._threads = 1, 0
        self._loaded: tuple[ImageModel, str, str] | None = None
        self.digest = context.store.digest(path)

    @property
    def model(self) -> ImageModel:
        """The model on its device."""
        return self._ready()[0]

    def apply(self, source: NDArray[np.float32], *, doubt: bool) -> NDArray[np.float32]:
        """What `ImageModel.apply` gives, when it is this thread's turn."""
        import torch

        from understudy.nodes.learning.tiles import MEMORY_BUDGET

        model, precision, device = self._ready()
        with self._turns:
            if self._threads:
                torch.set_num_threads(self._threads)  # a thread of one's own begins with all of them
            needed = source.shape[0] * source.shape[1] * model.geometry().bytes_per_pixel
            budget = MEMORY_BUDGET if needed <= MEMORY_BUDGET else MEMORY_BUDGET // self._at_once
            return model.apply(
                source, precision=precision, device=device, tile=self._node.tile, budget=budget, doubt=doubt
            )

    def _ready(self) -> tuple[ImageModel, str, str]:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> tuple[ImageModel, str, str]:
        import torch

        from understudy.nodes.learning.image_model import ImageModel
        from understudy.nodes.learning.loop import fastest_precision
        from understudy.runtime.devices import resolve, shared_threads
        from understudy.runtime.runs.container import read_container

        device = resolve(self._context.settings.device)
        if device == "cpu":
            self._at_once, self._threads = shared_threads(self._context.settings.threads, AT_ONCE)
            self._turns = threading.Semaphore(self._at_once)
        container = read_container(self._path, "cat")
        model = ImageModel.from_container(container, self._path)
        model.network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        trained = str(container.header.get("precision", "float32"))
        precision = self._node.precision if self._node.precision != "auto" else trained
        if precision == "bfloat16" and fastest_precision(device) != "bfloat16":
            precision = "float32"
        return model, precision, device


class InferredFrames:
    """The frames of a sequence with a model applied; a few are computed at once, whoever asks.

    While some threads compute, others read and write.
    """

    _what = "inference"

    def __init__(self, node: Inference, source: Frames, loaded: Loaded) -> None:
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
        knobs = (self._node.channels, self._node.precision)
        parts = (self._what, self._source.identity(number), self._loaded.digest, *knobs)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def read(self, number: int) -> Frame:
        """The source's frame with the learned channels replaced or added.

        Raises:
            NodeError: The frame lacks a channel that the model takes.
        """
        frame = self._source.read(number)
        return self._merged(frame, self._loaded.apply(self._inputs(frame, number), doubt=False))

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
