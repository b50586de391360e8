"""`understudy export`: a trained model for another program."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from small_deformer import bar_deformer

from understudy.nodes.learning.mesh_model import MeshModel
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


@pytest.fixture
def cat(tmp_path: Path) -> str:
    """The name of a .cat with a deformer."""
    model = MeshModel(bar_deformer(tmp_path), None)
    write_container(tmp_path / "bar.cat", "cat", model.header(), model.arrays())
    return "bar.cat"


@pytest.mark.parametrize(("kind", "written"), [("mldf", "out/model.onnx"), ("onnx", "out")])
def test_a_model_is_written_and_what_was_measured_is_told(
    understudy: Command, cat: str, tmp_path: Path, kind: str, written: str
) -> None:
    """People get a sentence, programs a JSON line with size, difference and time."""
    pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")

    said = understudy("export", cat, "--to", kind, "out")
    (record,) = understudy("export", cat, "--to", kind, "out", "--json").records

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"out: {record['bytes']:,} bytes, ")
    assert record["bytes"] == (tmp_path / written).stat().st_size
    assert record["difference"] <= 1e-5
    assert record["milliseconds"] > 0


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_the_extra_it_says_what_to_install(
    understudy: Command, cat: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Nothing is left behind."""
    if missing == "onnxruntime":
        pytest.importorskip("onnx", reason="the extra `export` is not installed")
    monkeypatch.setitem(sys.modules, missing, None)

    said = understudy("export", cat, "--to", "mldf", "out")

    assert said.status == 1
    assert said.err == f'Export needs {missing}: pip install "understudy[export]".\n'
    assert not (tmp_path / "out").exists()


def test_a_model_of_images_is_refused_with_what_to_do(understudy: Command, tmp_path: Path) -> None:
    """It is not offered yet, in words and as JSON."""
    write_container(tmp_path / "matte.cat", "cat", {"subject": "images"}, {})

    said = understudy("export", "matte.cat", "--to", "onnx", "matte.onnx", "--json")

    assert said.status == 1
    assert "matte.cat is a model of images, which can't be exported yet" in said.err
    assert said.records == [{"event": "error", "message": said.err.strip()}]


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["gone.cat", "--to", "onnx", "out"], 1, "gone.cat"),
        (["bar.cat", "--to", "fbx", "out"], 2, "'fbx' is not one of 'mldf', 'onnx'"),
        (["bar.cat", "out"], 2, "Missing option '--to'"),
    ],
)
def test_a_wrong_call_is_told(
    understudy: Command, cat: str, arguments: list[str], status: int, expected: str
) -> None:
    """A missing file, an unknown format, no format."""
    said = understudy("export", *arguments)

    assert said.status == status
    assert expected in said.err
