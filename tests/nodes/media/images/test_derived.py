"""Sequences that are computed from others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.media.images.derived import MappedFrames, RenumberedFrames
from understudy.nodes.media.images.sequence import SourceFrames, common_numbers

from .fakes import FakeFrames

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame
    from understudy.nodes.media.images.sequence import Frames


def _sum(one: Frame, other: Frame) -> Frame:
    return replace(one, pixels=one.pixels + other.pixels)


def test_an_operator_has_the_frames_that_all_its_sources_have() -> None:
    """Nothing is read before a frame is asked for."""
    one, other = FakeFrames(numbers=(1, 2, 3)), FakeFrames(numbers=(2, 3, 4))
    frames = MappedFrames("sum", [one, other], _sum, "sum")
    assert frames.numbers == common_numbers([one, other]) == (2, 3)
    assert not one.reads
    assert frames.read(3).pixels[0, 0, 0] == 6


def test_an_identity_changes_with_operation_and_sources() -> None:
    """And differs from frame to frame."""
    one, other = FakeFrames(), FakeFrames(version="other")
    made = [
        MappedFrames("n", [one, one], _sum, "sum").identity(1),
        MappedFrames("n", [one, one], _sum, "sum").identity(2),
        MappedFrames("n", [one, other], _sum, "sum").identity(1),
        MappedFrames("n", [one, one], _sum, "product").identity(1),
    ]
    assert len(set(made)) == 4
    assert MappedFrames("m", [one, one], _sum, "sum").identity(1) == made[0]


def test_what_goes_wrong_is_told_with_node_and_frame() -> None:
    """In an operator and in a source."""

    def refusing(_: Frame) -> Frame:
        raise UnderstudyError("there is no alpha")

    with pytest.raises(NodeError, match=r"^over: there is no alpha \(frame 2\)$"):
        MappedFrames("over", [FakeFrames()], refusing, "over").read(2)
    with pytest.raises(NodeError, match=r"^plate\.path: fake\.2\.exr: .*damaged \(frame 2\)$"):
        MappedFrames("over", [SourceFrames(FakeFrames(bad=frozenset({2})), "plate")], refusing, "").read(2)


def _same(frame: Frame) -> Frame:
    return frame


def test_a_chain_of_ten_thousand_operators_is_pulled() -> None:
    """Depth is no limit, for frames, descriptions and identities."""
    frames: Frames = FakeFrames()
    for index in range(10_000):
        frames = RenumberedFrames(frames, 1) if index % 2 else MappedFrames("n", [frames], _same, "same")
    assert frames.numbers == (5001, 5002, 5003)
    assert frames.read(5002).pixels[0, 0, 0] == 2
    assert frames.spec(5002).channels == ("R", "G", "B")
    assert frames.identity(5002) != frames.identity(5003)


def test_what_several_operators_take_is_computed_once() -> None:
    """A plate that is graded, and merged with itself, is decoded once for a frame."""
    plate = FakeFrames()
    frames: Frames = plate
    for _ in range(30):
        frames = MappedFrames("sum", [frames, frames], _sum, "sum")
    assert frames.read(1).pixels[0, 0, 0] == 2**30
    assert plate.reads == {1: 1}
