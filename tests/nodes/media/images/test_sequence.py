"""Sequences over sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.media.images.sequence import MappedFrames, SourceFrames, common_numbers

from .fakes import FakeFrames

if TYPE_CHECKING:
    from understudy.nodes.media.images.frame import Frame


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
