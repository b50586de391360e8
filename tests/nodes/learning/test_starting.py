"""How a run stands in its manifest while it begins, fails and goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy import run
from understudy.graph.errors import NodeError
from understudy.nodes.learning.loop import Loop
from understudy.runtime.context import Settings
from understudy.runtime.runs.table import row_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from understudy.graph.document import Graph


def test_a_training_that_fails_says_why(
    shot: Path, make_graph: Callable[..., Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no crash: the table has the error's sentence, until the run goes on and ends well."""
    graph, settings = make_graph(shot, epochs=2), Settings(device="cpu", threads=1)

    def broken(loop: Loop, step: int) -> float:
        raise NodeError("learn", "the plate of frame 4 is torn")

    with monkeypatch.context() as patched:
        patched.setattr(Loop, "step", broken)
        failed = run(graph, to=["learn"], settings=settings)
    row = row_of(shot / "training" / "run")
    assert (list(failed.failed), row.state) == (["learn"], "failed")
    assert "the plate of frame 4 is torn" in row.reason
    run(graph, to=["learn"], settings=settings)
    row = row_of(shot / "training" / "run")

    assert row.state == "done"
    assert "torn" not in row.reason
