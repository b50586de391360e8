"""Damaged and forged files are refused with one typed error, and nothing wrong is read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from mutations import mutated

from understudy.graph.errors import FormatError
from understudy.runtime.runs.container import bfloat16, read_container, write_container
from understudy.runtime.runs.layout import pack_prelude
from understudy.runtime.runs.manifest import Manifest, read_manifest, write_manifest
from understudy.runtime.runs.summary import SummaryWriter, read_summary

if TYPE_CHECKING:
    from pathlib import Path

QUICK, LONG = 500, 40_000


def container_bytes(path: Path, kind: str) -> bytes:
    """A small container with everything that can be in one."""
    header = {"step": 3, "losses": {"training": 0.5}, "channels": ["R", "G"], "raw": b"\1\2", "none": None}
    tensors = {
        "w": np.arange(12, dtype=np.float32).reshape(3, 4),
        "b": np.arange(4, dtype=np.uint16).view(bfloat16()),
        "flag": np.array([True, False]),
        "count": np.array(7),
        "none": np.zeros((0, 2)),
    }
    write_container(path, kind, header, tensors)
    return path.read_bytes()


def summary_bytes(path: Path) -> bytes:
    """A small summary with every kind of record."""
    with SummaryWriter(path) as writer:
        for step in range(1, 9):
            writer.row(step, 1 / step, 0.002, step / 7)
        writer.validation(8, 0.25)
        writer.record(8, {"change": {"learning_rate": [0.002, 0.001]}})
    return path.read_bytes()


def refused(path: Path, data: bytes) -> None:
    """The bytes are no container."""
    path.write_bytes(data)
    with pytest.raises(FormatError):
        read_container(path)


def check_containers(folder: Path, count: int) -> None:
    """Changed containers are refused; those with checksums made right are refused or make sense."""
    path = folder / "a.cat"
    for kind in ("cat", "ost"):
        good = container_bytes(path, kind)
        for data in mutated(good, count, seed=1):
            refused(path, data)
        size = int.from_bytes(good[12:16], "little")
        for packed in mutated(good[32 : 32 + size], count, seed=2):
            accepted_or_refused(path, forged(good, packed, 32 + size))


def forged(good: bytes, packed: bytes, end: int) -> bytes:
    """A file with another header, of right checksums and sizes, and the same tensors."""
    start = -(-(32 + len(packed)) // 64) * 64
    tensors = good[-(-end // 64) * 64 :]
    padding = bytes(start - 32 - len(packed))
    return pack_prelude("cat", packed, start + len(tensors)) + packed + padding + tensors


def accepted_or_refused(path: Path, data: bytes) -> None:
    """What is read of a forged file lies inside it and has the checksums that it says."""
    path.write_bytes(data)
    try:
        container = read_container(path)
    except FormatError:
        return
    for array in container.tensors.values():
        assert array.nbytes <= len(data)
        zlib.crc32(array.tobytes())


def check_summaries(folder: Path, count: int) -> None:
    """Of a changed summary a prefix is read, or it is refused; a writer goes on behind that prefix."""
    path = folder / "a.summary"
    rows = rows_of(summary_bytes(path), path)
    good = path.read_bytes()
    for number, data in enumerate(mutated(good, count, seed=3)):
        try:
            found = rows_of(data, path)
        except FormatError:
            continue
        assert found == rows[: len(found)]
        if number % 50 == 0:
            with SummaryWriter(path, 4) as writer:
                assert writer.step == min(4, len(found))
            assert read_summary(path).damage is None


def rows_of(data: bytes, path: Path) -> list[Any]:
    """The rows that are read of some bytes."""
    path.write_bytes(data)
    summary = read_summary(path)
    columns = (summary.steps, summary.losses, summary.rates, summary.times)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def check_manifests(folder: Path, count: int) -> None:
    """A changed manifest is refused, or is one."""
    path = folder / "manifest.json"
    write_manifest(path, Manifest(name="a", number=1, node="n", job="j", lineage="l", versions={"a": "b"}))
    for data in mutated(path.read_bytes(), count, seed=4):
        path.write_bytes(data)
        try:
            assert type(read_manifest(path)) is Manifest
        except FormatError:
            continue


def test_mutations(tmp_path: Path) -> None:
    """None of 3,000 changed files does harm."""
    check_containers(tmp_path, QUICK)
    check_summaries(tmp_path, QUICK)
    check_manifests(tmp_path, QUICK)


@pytest.mark.slow
def test_mutations_at_length(tmp_path: Path) -> None:
    """None of 240,000 changed files does harm."""
    check_containers(tmp_path, LONG)
    check_summaries(tmp_path, LONG)
    check_manifests(tmp_path, LONG)
