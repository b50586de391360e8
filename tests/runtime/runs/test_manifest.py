"""`manifest.json` says what a run is; what is no manifest is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from understudy.graph.errors import FormatError
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest

if TYPE_CHECKING:
    from pathlib import Path

RUN = Manifest(name="roto", number=1, node="learn", job="j", lineage="l")


def test_round_trip(tmp_path: Path) -> None:
    """All fields come back, letters beyond ASCII and odd bytes in paths too."""
    run = Manifest(
        name="größe", number=3, node="learn", job="j", lineage="l", state="finished", step=5, steps=9,
        best_step=4, best_loss=0.5, graph="/shots/\udcff.toml", parent="../a", verdict="settled",
        versions={"torch": "2"}, changes=[{"step": 3}], data={"a.exr": "00"}, details={"x": [1]},
    )  # fmt: skip
    write_manifest(tmp_path / "manifest.json", run)
    assert read_manifest(tmp_path / "manifest.json") == run


@pytest.mark.parametrize(
    "change",
    [
        {"understudy_run": 3},
        {"state": "asleep"},
        {"step": "5"},
        {"step": True},
        {"number": None},
        {"data": []},
        {"unheard": 1},
    ],
)
def test_wrong_fields(tmp_path: Path, change: dict[str, Any]) -> None:
    """A field of a wrong type or name is refused."""
    write_manifest(tmp_path / "a", RUN)
    (tmp_path / "a").write_text(json.dumps({**json.loads((tmp_path / "a").read_text()), **change}))
    with pytest.raises(FormatError):
        read_manifest(tmp_path / "a")


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"understudy_run": 1}', b"NaN"]
)
def test_no_manifest(tmp_path: Path, data: bytes) -> None:
    """Other files are refused."""
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(FormatError):
        read_manifest(tmp_path / "a")
