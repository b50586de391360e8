"""`understudy export`: a trained model for another program."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_deformer import bar_deformer, write_deformer
from small_image_model import write_image_model

from understudy.nodes.export.format import formats
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame
from understudy.nodes.registry import registry

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Command


@pytest.fixture
def cat(tmp_path: Path) -> str:
    """The name of a .cat with a deformer."""
    return write_deformer(tmp_path / "bar.cat", bar_deformer(tmp_path)).name


@pytest.mark.parametrize(("kind", "written"), [("mldf", "out/model.onnx"), ("onnx", "out")])
def test_a_model_is_written_and_what_was_measured_is_told(
    understudy: Command, cat: str, tmp_path: Path, kind: str, written: str
) -> None:
    """People get a sentence, programs a JSON line with size, difference and time."""
    said = understudy("export", cat, "--to", kind, "out")
    (record,) = understudy("export", cat, "--to", kind, "out", "--json").records

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith(f"out: {record['bytes']:,} bytes, ")
    assert record["bytes"] == (tmp_path / written).stat().st_size
    assert record["difference"] <= 1e-5
    assert record["milliseconds"] > 0


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_without_a_package_it_says_what_to_install(
    understudy: Command, cat: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """Nothing is left behind."""
    monkeypatch.setitem(sys.modules, missing, None)

    said = understudy("export", cat, "--to", "mldf", "out")

    assert said.status == 1
    assert said.err == f"Export needs {missing}, which is not installed: pip install {missing}\n"
    assert not (tmp_path / "out").exists()


def test_a_model_of_images_is_written(
    understudy: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the largest difference and what it was measured on, also on real frames."""
    monkeypatch.setattr("understudy.nodes.registry.registry", registry)  # which knows networks
    write_image_model(tmp_path / "matte.cat")
    window = Window(0, 0, 40, 30)
    plate = Frame(
        pixels=np.full((30, 40, 3), 0.5, np.float32), channels=("R", "G", "B"), data=window, display=window
    )
    write_frame(tmp_path / "plate.0001.exr", plate)

    said = understudy("export", "matte.cat", "--to", "onnx", "matte.onnx", "--check", "plate.####.exr")

    assert (said.status, said.err) == (0, "")
    assert "on 5 drawn crops and 1 of real frames its result differs from ours by at most" in said.out


def test_what_does_not_go_is_told_in_words_and_as_json(understudy: Command, tmp_path: Path) -> None:
    """A model that does not suit the format."""
    write_image_model(tmp_path / "matte.cat")

    said = understudy("export", "matte.cat", "--to", "mldf", "matte", "--json")

    assert said.status == 1
    assert "matte.cat is a model of images, and mldf takes models of meshes" in said.err
    assert said.records == [{"event": "error", "message": said.err.strip()}]


def test_the_help_lists_the_formats(understudy: Command) -> None:
    """From their registry, each with what it is."""
    said = understudy("export", "--help")

    for name, each in formats().items():
        assert f"\n    {name} " in said.out
        assert each.help in said.out


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        (["gone.cat", "--to", "onnx", "out"], 1, "gone.cat"),
        (["bar.cat", "--to", "fbx", "out"], 2, "'fbx' is not one of 'flame', 'houdini', 'mldf'"),
        (["bar.cat", "out"], 2, "Missing option '--to'"),
        (["bar.cat", "--to", "onnx", "out", "--host", "14"], 1, "onnx takes no host; that is for nuke"),
    ],
)
def test_a_wrong_call_is_told(
    understudy: Command, cat: str, arguments: list[str], status: int, expected: str
) -> None:
    """A missing file, an unknown format, no format."""
    said = understudy("export", *arguments)

    assert said.status == status
    assert expected in said.err
