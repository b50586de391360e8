"""From a Trainer's frame wires to pairs of pixels: matched by number, checked, and decoded once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import NodeError
from understudy.nodes.learning.holding_out import split
from understudy.nodes.learning.images import recipes
from understudy.nodes.learning.images.augmentation import edge_pixels
from understudy.nodes.learning.images.crops import Pair, Settings
from understudy.nodes.learning.images.recipes import NetworkNode
from understudy.nodes.learning.images.regions import REGION_DRAWS, choose_region
from understudy.nodes.learning.images.subject import ImageSubject, automatic_batch
from understudy.nodes.learning.schedules import decay_start, steps_of
from understudy.nodes.media.images.cache import FrameCache
from understudy.nodes.media.images.sheet import is_linear
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.nodes.media.images.cache import CachedFrame
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context


def image_subject(
    node: Trainer, inputs: Inputs, context: Context, *, precision: str, device: str
) -> ImageSubject:
    """The pairs that a Trainer's wires make, ready to be drawn from.

    Raises:
        NodeError: There are no pairs, or a pair's two sides don't fit each other or the first pair.
        MediaError: A frame can't be read.
    """
    source, truth, validation = inputs["input"], inputs["groundtruth"], inputs.get("validation")
    extra = validation.numbers if validation is not None else ()
    parts = split(source.numbers, truth.numbers, extra, node.hold_out, node.schedule)
    if not parts.training:
        raise NodeError(node.name, "there is no frame that both input and groundtruth have", knob="inputs")
    gather = _Gatherer(node, context)
    sources = gather.open(source, sorted({*parts.training, *parts.held_out, *parts.validation}), "input")
    pairs = gather.pairs(sources, gather.open(truth, parts.training, "groundtruth"))
    pairs = [_withheld(pair, parts.regions, node.seed) for pair in pairs]
    measured: list[Pair] = []
    for port, frames, numbers in (
        ("held out", truth, parts.held_out),
        ("validation", validation, parts.validation),
    ):
        if frames is not None and numbers:
            measured += gather.pairs(sources, gather.open(frames, numbers, port))
    channels = (gather.inputs, gather.outputs)
    words = f"{len(pairs)} pairs, {', '.join(channels[0])} to {', '.join(channels[1])}; {parts.note}"
    context.say(f"{node.name}: {words}")
    return ImageSubject(
        pairs,
        measured,
        channels,
        _network(node, inputs),
        _loss(node, inputs, channels, pairs),
        Settings(
            seed=node.seed,
            crop_size=node.crop_size,
            augmentation=node.augmentation,
            precision=precision,
            device=device,
            withheld_until=_withheld_until(node, len(pairs)) if parts.passing else None,
        ),
        inputs.get("preview"),
        {
            "input": {str(number): source.identity(number) for number in parts.training},
            "groundtruth": {str(number): truth.identity(number) for number in parts.training},
        },
    )


def _withheld(pair: Pair, count: int, seed: int) -> Pair:
    """A pair with so many regions held out, the first around the matte's edge, the next anywhere."""
    if not count:
        return pair
    height, width = pair.truth.shape[:2]
    regions = []
    for place in range(count):
        draws = uniforms(seed, "region", pair.number, place, REGION_DRAWS)
        regions.append(choose_region(draws, height, width, pair.edges if place % 2 == 0 else None))
    return replace(pair, withheld=tuple(regions))


def _withheld_until(node: Trainer, pairs: int) -> int:
    """The last step before the learning rate falls: a longer training is the same up to there."""
    batch = automatic_batch(pairs) if node.batch_size == "auto" else node.batch_size
    return decay_start(steps_of(node.epochs, pairs, batch))


class _Gatherer:
    """Opens pairs in the cache, and holds each against the first.

    Attributes:
        inputs: The channels of the input.
        outputs: The channels of the groundtruth.
    """

    def __init__(self, node: Trainer, context: Context) -> None:
        self.node, self.context = node, context
        self.inputs: tuple[str, ...] = ()
        self.outputs: tuple[str, ...] = ()

    def open(self, frames: Frames, numbers: Sequence[int], port: str) -> dict[int, CachedFrame]:
        """Frames over their display windows, decoded once and memory-mapped."""

        def told(done: int, total: int) -> None:
            self.context.stop_if_asked()
            self.context.progress(done, total, f"frames of {port} read")

        opened = FrameCache(frames, self.context.work / "cache" / self.node.name / port).open_all(
            numbers, told
        )
        for number, frame in opened.items():
            if not frame.finite:
                self.context.warn(
                    f"{self.node.name}: frame {number} of {port} holds NaN or infinity; "
                    "the network sees 0 and 65504 there"
                )
        return opened

    def pairs(self, sources: Mapping[int, CachedFrame], truths: Mapping[int, CachedFrame]) -> list[Pair]:
        """A pair for each groundtruth."""
        return [self._pair(sources[number], truth, number) for number, truth in truths.items()]

    def _pair(self, source: CachedFrame, truth: CachedFrame, number: int) -> Pair:
        self._compare(source, truth, number)
        matte = len(self.outputs) != len(self.inputs)
        edges = edge_pixels(truth.pixels[..., 0]) if matte else None
        return Pair(number, source.pixels, truth.pixels, edges, is_linear(source.dtype))

    def _compare(self, source: CachedFrame, truth: CachedFrame, number: int) -> None:
        shown, wanted = source.display, truth.display
        if (shown.width, shown.height) != (wanted.width, wanted.height):
            self._refuse(
                f"the input is {shown.width} x {shown.height} and the groundtruth {wanted.width} x "
                f"{wanted.height}; Reformat makes one of them fit",
                number,
            )
        self.inputs = self.inputs or source.channels
        self.outputs = self.outputs or truth.channels
        for name, first, found in (
            ("input", self.inputs, source.channels),
            ("groundtruth", self.outputs, truth.channels),
        ):
            if first != found:
                was, now = ", ".join(first), ", ".join(found)
                self._refuse(
                    f"the {name} has the channels {now}, the first pair's has {was}; choose them with the "
                    "knob channels of its DataSource",
                    number,
                )

    def _refuse(self, message: str, number: int) -> None:
        raise NodeError(self.node.name, message, knob="inputs", frame=number)


def _network(node: Trainer, inputs: Inputs) -> NetworkNode:
    connected = inputs.get("network")
    if connected is None:
        return recipes.default_network(node.model_size)
    if not isinstance(connected, NetworkNode):
        raise NodeError(node.name, f"{connected} can't be trained on images", knob="inputs")
    return connected


def _loss(
    node: Trainer, inputs: Inputs, channels: tuple[tuple[str, ...], tuple[str, ...]], pairs: Sequence[Pair]
) -> recipes.LossNode:
    connected = inputs.get("loss")
    if connected is not None and not isinstance(connected, recipes.LossNode):
        raise NodeError(node.name, f"{connected.type_name} does not compare frames", knob="inputs")
    if connected is not None:
        return connected
    least = min(float(np.nanmin(pair.truth)) for pair in pairs)
    most = max(float(np.nanmax(pair.truth)) for pair in pairs)
    return recipes.default_loss(len(channels[0]), len(channels[1]), least, most)
