"""Files of every version of the formats are read for ever, and the page that describes them is right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from understudy.runtime.runs.container import bfloat16, read_container, write_container
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter, read_summary

FILES = Path(__file__).with_name("files")
PAGE = Path(__file__).parents[3] / "docs" / "formats.md"
RUN = Manifest(name="roto", number=1, node="learn", job="j", lineage="l", created="2026-01-02T03:04:05+0000")


def write_all(folder: Path) -> None:
    """Writes a file of each kind in the newest version; run this file to put them beside it."""
    half = np.array([0x3F80, 0x4000], np.uint16).view(bfloat16())
    tensors = {"weights": np.arange(6, dtype=np.float32).reshape(2, 3), "half": half, "step": np.array(3)}
    write_container(folder / "v1.cat", "cat", {"step": 3, "channels": ["R", "G"]}, tensors)
    write_container(folder / "v1.ost", "ost", {"step": 3}, {})
    with SummaryWriter(folder / "v1.summary") as summary:
        summary.row(1, 0.5, 0.002, 0.25)
        summary.validation(1, 0.75)
        summary.note(1, "a note")
    write_manifest(folder / "v2.json", RUN)


def test_version_1() -> None:
    """Files of version 1 hold what was put in."""
    container = read_container(FILES / "v1.cat", "cat")
    assert container.header == {"step": 3, "channels": ["R", "G"]}
    assert container.tensors["weights"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert container.tensors["half"].view(np.uint16).tolist() == [0x3F80, 0x4000]
    assert read_container(FILES / "v1.ost", "ost").header == {"step": 3}
    summary = read_summary(FILES / "v1.summary")
    assert (summary.losses.tolist(), summary.validation.tolist()) == ([0.5], [0.75])
    assert summary.records == [{"step": 1, "note": "a note"}]
    assert read_manifest(FILES / "v1.json") == RUN


def test_a_manifest_of_version_1_had_its_verdict_in_a_paragraph(tmp_path: Path) -> None:
    """The paragraph is the reason now; the word came with version 2."""
    old = (FILES / "v1.json").read_text().replace('"verdict": ""', '"verdict": "It has settled."')
    (tmp_path / "manifest.json").write_text(old)
    read = read_manifest(tmp_path / "manifest.json")

    assert (read.verdict, read.reason) == ("", "It has settled.")
    assert read_manifest(FILES / "v2.json") == RUN


def test_written_as_before(tmp_path: Path) -> None:
    """The newest version is written byte for byte as it was; a change of format takes a new version."""
    write_all(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (FILES / path.name).read_bytes(), path.name


def test_reader_of_the_page(tmp_path: Path) -> None:
    """The reader that the page shows reads our files."""
    code = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert code is not None
    write_all(tmp_path)
    call = [sys.executable, "-W", "ignore", "-c", code[1], str(tmp_path / "v1.cat")]
    said = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    assert said.splitlines() == [
        "half bfloat16 [2] [16256 16384]",
        "step int64 [] [3]",
        "weights float32 [2, 3] [0. 1. 2.]",
    ]


if __name__ == "__main__":
    write_all(FILES)
