"""A model of images ready to be applied: read once, on its device, computed by the fastest back end."""

from __future__ import annotations

import hashlib
import json
import platform
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.learning.backends.backend import Load, computed_by, installed
from understudy.nodes.learning.backends.choosing import fastest, trials
from understudy.nodes.learning.images.foreign_notes import sidecar_of
from understudy.nodes.learning.images.model_files import read_image_model
from understudy.nodes.learning.images.tiles import MEMORY_BUDGET
from understudy.nodes.learning.loop import fastest_precision
from understudy.runtime.devices import resolve, shared_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from understudy.nodes.inference import Inference
    from understudy.nodes.learning.backends.choosing import Trial
    from understudy.nodes.learning.images.model import ImageModel
    from understudy.runtime.context import Context
    from understudy.runtime.store import Store

AT_ONCE = 2
"""Frames computed at once on the processor; a GPU takes one after another."""

WORTH_MEASURING = 24 * 1920 * 1080
"""Pixels of a sequence from which on the seconds pay that measuring the back ends takes."""

MEASURED = (1088, 1920)
"""Largest height and width of what back ends are measured on, in pixels."""

CHECKED = (512, 512)
"""Largest height and width of what one that was asked for is compared on."""


class LoadedModel:
    """A model in use; it is read when the first frame is asked for.

    Args:
        node: Its knobs.
        path: The .cat or .onnx.
        frames: How many frames the sequence has, whichever of them are asked for.
        context: Of the run.

    Attributes:
        digest: Changes with the content of the file, and of the sidecar that an .onnx may have.
    """

    def __init__(self, node: Inference, path: str, frames: int, context: Context) -> None:
        self._node, self._path, self._frames, self._context = node, path, frames, context
        self._lock = threading.Lock()
        self._turns = threading.Semaphore(1)
        self._load = Load(0, "float32", 1, 0)
        self._device = "cpu"
        self._model: ImageModel | None = None
        self._computing: ImageModel | None = None
        self.back_end = ""
        self.digest = _digest(path, context.store)

    @property
    def model(self) -> ImageModel:
        """The model on its device, computed by torch."""
        with self._lock:
            return self._ready()

    def apply(self, source: NDArray[np.float32], *, doubt: bool) -> NDArray[np.float32]:
        """What `ImageModel.apply` gives, when it is this thread's turn.

        Args:
            source: `(H, W, inputs)`.
            doubt: Whether to give how far off the effect may be instead of the effect.
        """
        with self._lock:
            model = self._ready()
            if self._load.threads:
                torch.set_num_threads(self._load.threads)  # a thread of one's own begins with all of them
            model = model if doubt else self._chosen(source)
        with self._turns:
            needed = source.shape[0] * source.shape[1] * model.geometry().bytes_per_pixel
            budget = MEMORY_BUDGET if needed <= MEMORY_BUDGET else MEMORY_BUDGET // self._load.at_once
            return model.apply(
                source,
                precision=self._load.precision,
                device=self._device,
                tile=self._node.tile,
                budget=budget,
                doubt=doubt,
            )

    def _ready(self) -> ImageModel:
        if self._model is None:
            self._model = self._read()
        return self._model

    def _read(self) -> ImageModel:
        settings = self._context.settings
        foreign = self._path.endswith(".onnx")  # which its library computes on the processor
        self._device = "cpu" if foreign else resolve(settings.device)
        at_once, threads = shared_threads(settings.threads, AT_ONCE) if self._device == "cpu" else (1, 0)
        self._turns = threading.Semaphore(at_once)
        model, trained = self._foreign(threads) if foreign else read_image_model(self._path, threads)
        model.network.to(self._device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        if self._node.overlap < 1.0:
            seen = model.geometry()
            model = replace(model, _geometry=replace(seen, reach=round(seen.reach * self._node.overlap)))
        precision = trained if self._node.precision == "auto" else self._node.precision
        if precision == "bfloat16" and fastest_precision(self._device) != "bfloat16":
            precision = "float32"
        self._load = Load(len(model.inputs), precision, at_once, threads)
        if foreign or self._device != "cpu":
            self._computing, self.back_end = model, f"{'onnxruntime' if foreign else 'torch'}, {precision}"
        return model

    def _foreign(self, threads: int) -> tuple[ImageModel, str]:
        """An .onnx; what a trial shows of it is kept, so that the chunks of a farm need not try it again."""
        from understudy.nodes.learning.images.foreign_model import Tried

        store, key = self._context.store, hashlib.sha256(f"tried {self.digest}".encode()).hexdigest()
        kept = store.kept(key)
        known = Tried(*kept.value) if kept is not None and kept.value else None
        model, trained = read_image_model(self._path, threads, known)
        if known is None:
            tried: Any = model.network.tried
            store.keep(f"{self._node.name}, trial", key, {}, list(tried))
        return model, trained

    def _chosen(self, source: NDArray[np.float32]) -> ImageModel:
        model = self._ready()
        if self._computing is None:
            name = self._back_end(model, source)
            self._computing, self.back_end = computed_by(model, name, self._load), self._described(name)
        return self._computing

    def _described(self, name: str) -> str:
        precision = "float32" if name == "onnxruntime" else self._load.precision
        return f"{name}, {precision}"

    def _back_end(self, model: ImageModel, source: NDArray[np.float32]) -> str:
        """The back end to use: the one that was asked for if it agrees with torch, else the fastest."""
        name = self._node.backend
        if name not in ("auto", "torch"):
            return self._asked(model, name, _tile(model, source, CHECKED))
        tile = _tile(model, source, MEASURED)
        if name == "torch" or tile is None:
            return "torch"
        if len(installed()) == 1 or source.shape[0] * source.shape[1] * self._frames < WORTH_MEASURING:
            return "torch"
        key = self._key()
        known = self._context.store.kept(key)
        if known is not None and known.value in installed():
            return str(known.value)
        tried = self._trials(model, tile, installed())
        chosen = fastest(tried)
        self._context.say(_told(self._node.name, chosen, tried, tile))
        self._context.store.keep(f"{self._node.name}, back end", key, {}, chosen.name)
        return chosen.name

    def _asked(self, model: ImageModel, name: str, tile: Tensor | None) -> str:
        try:
            computed_by(model, name, self._load)
        except UnderstudyError as error:
            raise NodeError(self._node.name, str(error), knob="backend") from None
        if tile is None:
            return name
        trial = self._trials(model, tile, ("torch", name))[-1]
        if not trial.agrees:
            raise NodeError(
                self._node.name,
                f"{name} differs from torch by {trial.difference:.2g} of the range of the values, where "
                f"{trial.allowed:.2g} is allowed",
                knob="backend",
            )
        return name

    def _trials(self, model: ImageModel, tile: Tensor, names: tuple[str, ...]) -> list[Trial]:
        return trials(model, tile, self._load, names)

    def _key(self) -> str:
        """What the choice depends on: the model, how it is used, and the machine."""
        load = self._load
        parts = (self.digest, load.precision, load.at_once, load.threads, installed(), torch.__version__)
        machine = (platform.node(), platform.machine(), platform.processor())
        return hashlib.sha256(json.dumps(["back end", *parts, *machine]).encode()).hexdigest()


def _digest(path: str, store: Store) -> str:
    if not path.endswith(".onnx"):
        return store.digest(path)
    files = [file for file in (Path(path), sidecar_of(path)) if file.is_file()]
    return hashlib.sha256("\0".join(map(store.digest, files)).encode()).hexdigest()


def _tile(model: ImageModel, source: NDArray[np.float32], most: tuple[int, int]) -> Tensor | None:
    """The middle of a frame, as large as a tile may be; None where it is smaller than the network's grid."""
    stride = model.geometry().stride
    sizes = [
        min(length, side) // stride * stride for length, side in zip(source.shape[:2], most, strict=True)
    ]
    if not all(sizes):
        return None
    rows, columns = (
        slice((length - size) // 2, (length - size) // 2 + size)
        for length, size in zip(source.shape[:2], sizes, strict=True)
    )
    return torch.from_numpy(np.ascontiguousarray(source[rows, columns])).permute(2, 0, 1)[None]


def _told(node: str, chosen: Trial, tried: list[Trial], tile: Any) -> str:
    times = ", ".join(f"{trial.name} {1000 * trial.seconds:.0f} ms" for trial in tried)
    return (
        f"{node}: {chosen.name} computes it ({times} for {tile.shape[-1]} x {tile.shape[-2]}); it differs "
        f"from torch in float32 by {chosen.difference:.2g} of the range at most"
    )
