"""Small frames for the tests of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.ports import Outline
from understudy.graph.report import Report
from understudy.nodes.media.images.frame import Frame, FrameSpec, Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from understudy.nodes.media.images.operator import Operator

    Operators = type[Operator]


def picture(
    values: Any, channels: Sequence[str] = ("R", "G", "B", "A"), data: Window | None = None, **spec: Any
) -> Frame:
    """A frame of these values `(H, W, C)`, or of one pixel `(C,)`; its display window is the data window."""
    pixels = np.atleast_3d(np.asarray(values, np.float32))
    if np.ndim(values) == 1:
        pixels = pixels.reshape(1, 1, -1)
    window = data or Window(0, 0, pixels.shape[1], pixels.shape[0])
    return Frame(pixels=pixels, channels=tuple(channels), data=window, display=spec.get("display", window))


def faults(node: Operator, *ports: str) -> str:
    """What a node finds wrong, with frames 1 and 2 on these ports."""
    report = Report(None, lambda _node, _knob: None)
    node.outline({port: [Outline("frames", (1, 2))] for port in ports}, report)
    return "\n".join(str(fault) for fault in report.faults)


def applied(cls: Operators, *frames: Frame, **knobs: Any) -> Frame:
    """The result of an operator, after making sure that it leaves its inputs alone and knows its result."""
    node = cls("node", {name: cls.knobs[name].accept(value) for name, value in knobs.items()})
    before = [frame.pixels.copy() for frame in frames]
    with np.errstate(all="ignore"):  # as sequences do
        result = node.change(*frames)
    for frame, pixels in zip(frames, before, strict=True):
        assert np.array_equal(frame.pixels, pixels, equal_nan=True)
    foretold: FrameSpec = node.change_spec(*(frame.spec() for frame in frames))
    assert (foretold.channels, foretold.data, foretold.display) == (
        result.channels,
        result.data,
        result.display,
    )
    return result
