"""The command line as the tests call it: in this process, with the tiny node types of `small_nodes.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - fixtures are read at run time
from typing import Any

import pytest


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines; fails when anything else stands there."""
        return [json.loads(line) for line in self.out.splitlines()]


Command = Callable[..., Said]


@pytest.fixture
def understudy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in an empty folder."""
    from small_nodes import computed, small_registry

    from understudy.cli.main import status_of

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("understudy.nodes.registry.registry", small_registry)
    computed.clear()

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        status = status_of(list(arguments))
        printed = capsys.readouterr()
        return Said(status, printed.out, printed.err)

    return run


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph that runs: a number, a sum, a text and a node that waits."""
    path = tmp_path / "job.toml"
    path.write_text(
        """\
understudy = 1
[vars]
shot = "sh010"
[nodes.one]
type = "Number"
value = 3
[nodes.sum]
type = "Add"
inputs = { input = ["one", "one"] }
[nodes.write]
type = "WriteText"
inputs = { input = "one" }
path = "${shot}.txt"
[nodes.wait]
type = "Wait"
inputs = { input = "sum" }
"""
    )
    return path
