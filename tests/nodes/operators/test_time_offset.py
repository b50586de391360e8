"""TimeOffset."""

from __future__ import annotations

from understudy.graph.node import Inputs
from understudy.graph.ports import Outline
from understudy.nodes.operators.time_offset import TimeOffset

from ..media.images.fakes import FakeFrames  # noqa: TID252 - tests share it


def test_frames_get_other_numbers() -> None:
    """Pixels and identity move with them."""
    source = FakeFrames(numbers=(1, 2, 5))
    frames = TimeOffset("node", {"offset": 10}).compute(Inputs({"input": [source]}), None)  # type: ignore[arg-type]
    assert frames.numbers == (11, 12, 15)
    assert frames.read(15).pixels[0, 0, 0] == 5
    assert frames.identity(12) == source.identity(2)
    assert frames.spec(11) == source.spec(1)


def test_the_numbers_are_known_before_running() -> None:
    """So that pairs are checked with the shifted ones."""
    outline = TimeOffset("node", {"offset": -1}).outline({"input": [Outline("frames", (1, 2))]}, None)  # type: ignore[arg-type]
    assert outline["output"].frames == (0, 1)
