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
    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.image_model import ImageModel
    from understudy.nodes.media.images.frame import Frame, FrameSpec
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context


AT_ONCE = 2
"""Frames computed at once on the processor; a GPU takes one after another."""


class InferredFrames:
    """The frames of a sequence with a model applied; a few are computed at once, whoever asks.

    The model is read when the first frame is asked for. While some threads compute, others read and write.
    """

    def __init__(self, node: Inference, source: Frames, path: str, context: Context) -> None:
        self._node, self._source, self._path, self._context = node, source, path, context
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(1)
        self._at_once, self._threads = 1, 0
        self._loaded: tuple[ImageModel, str, str] | None = None
        self._digest = context.store.digest(path)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The frame numbers of the source."""
        return self._source.numbers

    def spec(self, number: int) -> FrameSpec:
        """The source's spec with the result's channels."""
        spec = self._source.spec(number)
        with self._lock:
            model, _, _ = self._ready()
        return replace(spec, channels=self._channels(model, spec.channels))

    def identity(self, number: int) -> str:
        """Changes with the source's frame, the model, and the knobs that matter."""
        parts = (self._source.identity(number), self._digest, self._node.channels, self._node.precision)
        return hashlib.sha256("\0".join(("inference", *parts)).encode()).hexdigest()

    def read(self, number: int) -> Frame:
        """The source's frame with the learned channels replaced or added.

        Raises:
            NodeError: The frame lacks a channel that the model takes.
        """
        frame = self._source.read(number)
        with self._lock:
            model, precision, device = self._ready()
        source = self._inputs(model, frame, number)
        with self._turns:
            output = self._applied(model, source, precision, device)
        return self._merged(model, frame, output)

    def _applied(self, model: ImageModel, source: np.ndarray, precision: str, device: str) -> np.ndarray:
        import torch

        from understudy.nodes.learning.tiles import MEMORY_BUDGET

        if self._threads:
            torch.set_num_threads(self._threads)  # a thread of one's own begins with all of them
        needed = source.shape[0] * source.shape[1] * model.geometry().bytes_per_pixel
        budget = MEMORY_BUDGET if needed <= MEMORY_BUDGET else MEMORY_BUDGET // self._at_once
        return model.apply(source, precision=precision, device=device, tile=self._node.tile, budget=budget)

    def _inputs(self, model: ImageModel, frame: Frame, number: int) -> np.ndarray:
        try:
            return frame.select(model.inputs).pixels
        except ChannelError as error:
            raise NodeError(self._node.name, str(error), knob="inputs", frame=number) from None

    def _channels(self, model: ImageModel, channels: tuple[str, ...]) -> tuple[str, ...]:
        whole = self._node.channels == "all" or (self._node.channels == "auto" and model.colour)
        if not whole:
            return model.outputs
        return (*channels, *(name for name in model.outputs if name not in channels))

    def _merged(self, model: ImageModel, frame: Frame, output: np.ndarray) -> Frame:
        channels = self._channels(model, frame.channels)
        if channels == model.outputs:
            return replace(frame, pixels=output, channels=channels)
        height, width = output.shape[:2]
        pixels = np.empty((height, width, len(channels)), np.float32)
        pixels[..., : len(frame.channels)] = frame.pixels
        for place, name in enumerate(model.outputs):
            pixels[..., channels.index(name)] = output[..., place]
        return replace(frame, pixels=pixels, channels=channels)

    def _ready(self) -> tuple[ImageModel, str, str]:
        """The model on its device, read once."""
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
