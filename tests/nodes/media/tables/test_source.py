"""A DataSource of a table: what is taken for what, and every way in which a table can be bad."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from small_tables import HEADER, rows, write_table

from understudy import Graph, check, run
from understudy.nodes.registry import registry
from understudy.runtime.running import planned

if TYPE_CHECKING:
    from pathlib import Path

ROLES: dict[str, Any] = {"labels": ["mood"], "group_column": "take", "frame_column": "frame"}


def source(folder: Path, name: str = "rows.csv", **knobs: Any) -> Graph:
    """A graph of one DataSource."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "rows", path=name, **knobs)
    return graph


def faults(graph: Graph) -> str:
    """All that is wrong with a graph."""
    return "\n".join(str(fault) for fault in check(graph))


def values(graph: Graph) -> dict[str, Any]:
    """What the DataSource gives."""
    outcome = run(graph)
    assert not outcome.failed, outcome.failed
    return outcome.values["rows"]


def test_plan_says_what_was_taken_for_what(tmp_path: Path) -> None:
    """Each column with its kind, the groups, the frame numbers, and what is not used."""
    write_table(tmp_path / "rows.csv")
    graph = source(tmp_path, **(ROLES | {"features": ["b", "light"]}))
    notes = planned(graph, registry())["rows"].notes
    assert notes == (
        "features of 96 rows: b (number), light (category: day, night)",
        "labels of 96 rows: mood (category: happy, sad)",
        'groups: 8, by the column "take"',
        'frame numbers: the column "frame"',
        "not used: a (not among features), energy (not among features), phase (not among features)",
    )


def test_rows_have_values_groups_and_frames(tmp_path: Path) -> None:
    """Numbers as they are, categories as their places, in the order that the knob says."""
    write_table(tmp_path / "rows.csv")
    table = values(source(tmp_path, **(ROLES | {"features": ["light", "a"]})))["features"]
    first = rows()[13]
    assert table.names == ("light", "a")
    assert table.keys[13] == ("take1", 2)
    assert table.text(13, 0) == first[4]
    assert table.lines()[13, 1] == first[2]


@pytest.mark.parametrize("suffix", [".csv.gz", ".tsv", ".npz", ".parquet"])
def test_other_files_hold_the_same(tmp_path: Path, suffix: str) -> None:
    """Compressed, with tabs, as arrays and as Parquet."""
    text = write_table(tmp_path / "rows.csv").read_text(encoding="utf-8")
    columns = dict(zip(HEADER, zip(*rows(), strict=True), strict=True))
    other = tmp_path / f"rows{suffix}"
    if suffix == ".csv.gz":
        other.write_bytes(gzip.compress(text.encode()))
    elif suffix == ".tsv":
        other.write_text(text.replace(",", "\t"), encoding="utf-8")
    elif suffix == ".npz":
        np.savez(other, **{name: np.array(cells) for name, cells in columns.items()})
    else:
        arrow = pytest.importorskip("pyarrow", reason="reading Parquet needs pyarrow")
        from pyarrow import parquet

        parquet.write_table(arrow.table({name: list(cells) for name, cells in columns.items()}), other)
    ours, theirs = (values(source(tmp_path, name, **ROLES)) for name in ("rows.csv", other.name))
    assert ours["labels"].digest() == theirs["labels"].digest()
    assert np.array_equal(ours["features"].values, theirs["features"].values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "It is empty. A table begins with a line of column names."),
        ("a,b\n", "It has the columns a, b and no rows."),
        ("a,b\n1,2\n3\n", "Line 3 has 1 values, and the first line has 2 names."),
        ("a,a\n1,2\n", 'Two columns are called "a".'),
        ("a,\n1,2\n", "Column 2 has no name."),
        ("a,b\n1,2\nfast,3\n4,4\n", 'holds numbers in 2 rows and text in 1, such as "fast" in row 2'),
    ],
)
def test_a_bad_table_is_a_fault_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Empty, without rows, ragged, with names twice, without a name, with text among numbers."""
    (tmp_path / "rows.csv").write_text(text, encoding="utf-8")
    assert said in faults(source(tmp_path))


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        ({"labels": "mod"}, 'Did you mean "mood"?'),
        ({"labels": "mood", "features": "mood"}, "a column can't be known and to be learned"),
        ({"circular": "phase"}, "expected NAME:PERIOD, such as phase:1 or heading:360"),
        ({"circular": "mood:1"}, "is circular, so it has to hold numbers; it holds text"),
        ({"rename": "sad"}, "expected OLD=NEW, such as walk_extra=walk"),
        ({"frames": "a-b"}, "this is no frame range"),
    ],
)
def test_a_knob_that_does_not_fit_the_table_is_a_fault(tmp_path: Path, knobs: Any, said: str) -> None:
    """Names that are not there are answered with the nearest."""
    write_table(tmp_path / "rows.csv")
    assert said in faults(source(tmp_path, **knobs))


def test_a_table_in_another_encoding_is_told_with_the_way_out(tmp_path: Path) -> None:
    """As spreadsheets of old save it."""
    (tmp_path / "rows.csv").write_bytes("a,mood\n1,fr\u00f6hlich\n".encode("latin-1"))
    assert "rows.csv: It is no text in UTF-8. Save it as CSV in UTF-8." in faults(source(tmp_path))


def test_a_table_cut_short_is_refused(tmp_path: Path) -> None:
    """Half an .npz, half a .gz and half a Parquet file are no tables."""
    np.savez(tmp_path / "whole.npz", a=np.arange(500.0))
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 500)[:-20])
    (tmp_path / "half.parquet").write_bytes(b"PAR1" + bytes(50))
    for name in ("half.csv.gz", "half.parquet"):
        assert "Write it again." in faults(source(tmp_path, name))


def test_a_frame_that_is_there_twice_asks_for_a_group(tmp_path: Path) -> None:
    """Rows are paired by group and frame, so that each pair is there once."""
    write_table(tmp_path / "rows.csv")
    outcome = run(source(tmp_path, labels="mood", frame_column="frame"))
    assert "frame 1 is there twice" in outcome.failed["rows"]
    assert "group_column" in outcome.failed["rows"]


def test_groups_and_frames_restrict_the_rows(tmp_path: Path) -> None:
    """Two takes of eight, five frames of twelve; a take that is not there is named."""
    write_table(tmp_path / "rows.csv")
    table = values(source(tmp_path, **ROLES, groups=["take1", "take2"], frames="3-7"))["labels"]
    assert len(table) == 10
    failed = run(source(tmp_path, **ROLES, groups="take9")).failed["rows"]
    assert 'no row is of "take9"' in failed


def test_renamed_categories_become_one(tmp_path: Path) -> None:
    """Two old names of one new name are one class."""
    write_table(tmp_path / "rows.csv")
    table = values(source(tmp_path, **ROLES, rename=["happy=awake", "sad=awake"]))["labels"]
    assert table.columns[0].categories == ("awake",)


def test_names_in_every_row_are_left_out_and_told(tmp_path: Path) -> None:
    """A column of file names is no category; it is the frame number where it is asked for."""
    lines = [[f"head_{number:03d}.jpg", number / 2] for number in range(12)]
    write_table(tmp_path / "rows.csv", lines, ("file", "yaw"))
    graph = source(tmp_path, labels="yaw")
    assert "not used: file (every row has another text)" in planned(graph, registry())["rows"].notes
    table = values(source(tmp_path, labels="yaw", frame_column="file"))["labels"]
    assert table.frames.tolist() == list(range(12))
