"""Models of labels as formats know them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime
import pytest
import torch
from small_table_model import COLUMNS, row_encoding, write_table_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.models.labels import Rows
from understudy.nodes.export.models.tables import drawn_rows, exportable
from understudy.nodes.learning.tables.recipes import LabelNetworkNode
from understudy.nodes.media.tables.table import Table
from understudy.nodes.networks.frame_net import FrameNet
from understudy.nodes.networks.mlp import MLP
from understudy.nodes.registry import registry
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from pathlib import Path


NETWORKS = [cls for cls in registry() if issubclass(cls, LabelNetworkNode)]


@pytest.mark.parametrize("cls", NETWORKS, ids=lambda cls: cls.type_name)
def test_every_network_for_labels_is_exported(tmp_path: Path, cls: type[LabelNetworkNode]) -> None:
    """Loaded again, it gives our numbers and probabilities, also of one row and of other rows."""
    knobs = {"resolution": "16"} if "resolution" in cls.knobs else {}
    cat = write_table_model(tmp_path / "m.cat", cls("network", knobs))

    written = export(cat, "onnx", tmp_path / "m.onnx")

    model = exportable(read_container(cat), "m.cat", None)
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    one = model.samples[0][3:4]
    (found,) = session.run(["labels"], {model.input: one})
    assert written.difference <= 1e-4
    assert found.shape == (1, len(model.notes["columns_out"]))
    assert (np.abs(found - model.expected(one)) <= 1e-4 * model.span(model.expected(model.samples[0]))).all()


@pytest.mark.parametrize("sees", ["brightness", "contrast", "edges"])
def test_what_a_network_sees_of_frames_is_found_inside(tmp_path: Path, sees: str) -> None:
    """Colours go in, whatever the network sees of them."""
    cat = write_table_model(tmp_path / "m.cat", FrameNet("n", {"resolution": "16", "sees": sees}))

    written = export(cat, "onnx", tmp_path / "m.onnx")

    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape == ["N", 3, 16, 16]
    assert written.difference <= 1e-4


def test_rows_are_encoded_as_ours() -> None:
    """Missing values, places of categories, circles, and frame numbers in the millions."""
    encoding = row_encoding(1)
    rows = drawn_rows(encoding)

    found = Rows(encoding)(torch.from_numpy(rows)).numpy()

    assert np.isnan(rows[0, 0])
    assert np.abs(found - encoding.encode(rows[:, None].astype(np.float64))).max() < 1e-5


def test_a_host_is_told_the_columns(tmp_path: Path) -> None:
    """What goes in, in which order, and what each number means that comes out."""
    notes = exportable(read_container(write_table_model(tmp_path / "m.cat", MLP("n"))), "m.cat", None).notes

    assert [one["name"] for one in notes["columns_in"]] == ["speed", "frame", "foot", "heading", "held"]
    assert notes["columns_in"][2]["categories"] == ["left", "right", "none"]
    assert notes["columns_out"] == ["effort", "gait=run", "gait=walk", "phase", "landed=true"]


def test_real_rows_are_compared_as_well(tmp_path: Path) -> None:
    """By the names of their columns, in whatever order; a path is no table."""
    container = read_container(write_table_model(tmp_path / "m.cat", MLP("n")))
    turned = tuple(reversed(COLUMNS))
    values = drawn_rows(row_encoding(1)).astype(np.float64)[:10, ::-1]
    table = Table(turned, values, np.full(10, ""), np.arange(10), np.arange(10))

    model = exportable(container, "m.cat", table)

    assert model.compared == "64 drawn rows and 10 real ones"
    assert np.array_equal(model.samples[1], values[:, ::-1].astype(np.float32), equal_nan=True)
    with pytest.raises(UnderstudyError, match="connect features"):
        exportable(container, "m.cat", tmp_path / "rows.csv")
    with pytest.raises(UnderstudyError, match='no column "speed"'):
        exportable(container, "m.cat", replace(table, columns=turned[:-1], values=values[:, :-1]))
