"""Engines of TensorRT, as far as they go without a GPU: the package is one that answers as documented."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import fake_tensorrt
import pytest
from small_image_model import write_image_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.format import Options
from understudy.nodes.export.models.engine import MOST_AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path


SMALL = Options(shapes="32x16 64x48 96x96")


@pytest.fixture
def cat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A matte, where there seems to be a GPU."""
    fake_tensorrt.install(monkeypatch)
    return write_image_model(tmp_path / "m.cat")


def test_an_engine_is_built_compared_and_kept(cat: Path, tmp_path: Path) -> None:
    """For shapes as heights before widths, without TF32; its name tells GPU, version and precision."""
    written = export(cat, "tensorrt", tmp_path / "engines", SMALL)

    engine, notes = written.files
    assert engine.name.startswith("NVIDIA_RTX_6000-10.9.0-float32-")
    assert json.loads(notes.read_text())["difference"] == written.difference <= 1e-4
    assert fake_tensorrt.calls[:4] == [
        ("clear", fake_tensorrt.BuilderFlag.TF32),
        ("pixels", (1, 3, 16, 32), (1, 3, 48, 64), (MOST_AT_ONCE, 3, 96, 96)),
        "profile",
        "built",
    ]


def test_an_engine_that_is_there_is_used_again(cat: Path, tmp_path: Path) -> None:
    """It is run and compared all the same."""
    first = export(cat, "tensorrt", tmp_path / "engines", SMALL)

    again = export(cat, "tensorrt", tmp_path / "engines", SMALL)

    assert again.files == first.files
    assert fake_tensorrt.calls.count("built") == 1
    assert again.remarks == (f"{first.files[0].name} was there already, and is used again.",)


def test_another_gpu_gets_an_engine_of_its_own(cat: Path, tmp_path: Path) -> None:
    """And that is said."""
    export(cat, "tensorrt", tmp_path / "engines", SMALL)
    fake_tensorrt.state["gpu"] = "NVIDIA L40"

    written = export(cat, "tensorrt", tmp_path / "engines", SMALL)

    assert written.files[0].name.startswith("NVIDIA_L40-")
    assert "is of another GPU, version or model; a new engine was built" in written.remarks[0]
    assert len(list((tmp_path / "engines").glob("*.engine"))) == 2


def test_an_engine_that_can_not_be_loaded_is_built_again(cat: Path, tmp_path: Path) -> None:
    """Damaged, or of a GPU of the same name that is not the same."""
    engine = export(cat, "tensorrt", tmp_path / "engines", SMALL).files[0]
    whole = engine.read_bytes()
    engine.write_bytes(b"of something else\0")

    written = export(cat, "tensorrt", tmp_path / "engines", SMALL)

    assert engine.read_bytes() == whole
    assert "could not be loaded, and was built again" in written.remarks[0]


def test_an_engine_of_halves_is_compared_with_float32(cat: Path, tmp_path: Path) -> None:
    """Its error is that of ten bits, and it is told."""
    options = Options(shapes=SMALL.shapes, precision="float16")

    written = export(cat, "tensorrt", tmp_path / "engines", options)

    assert "-float16-" in written.files[0].name
    assert 1e-5 < written.difference < 1e-2


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        ("operators", "TensorRT can't read the model: No importer registered for op: Bent"),
        (
            "memory",
            r"could not build the engine; NVIDIA RTX 6000 has 1\.0 of 48\.0 GB free.* smaller largest",
        ),
    ],
)
def test_what_the_gpu_lacks_is_told(cat: Path, tmp_path: Path, lacking: str, expected: str) -> None:
    """Nothing is written."""
    fake_tensorrt.state[lacking] = False

    with pytest.raises(UnderstudyError, match=expected):
        export(cat, "tensorrt", tmp_path / "engines", SMALL)

    assert not (tmp_path / "engines").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(shapes="64x64 1920x1080"), "are no shapes; expected the smallest, the best and the largest"),
        (Options(shapes="64x64 32x32 96x96"), "are no shapes"),
        (Options(precision="int4"), 'does not compute in "int4"'),
    ],
)
def test_options_that_make_no_sense_are_refused(
    cat: Path, tmp_path: Path, options: Options, expected: str
) -> None:
    """With what is expected."""
    with pytest.raises(UnderstudyError, match=expected):
        export(cat, "tensorrt", tmp_path / "engines", options)


def test_without_the_package_or_a_gpu_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First which pip install brings it, then that this machine is the wrong one."""
    cat = write_image_model(tmp_path / "m.cat")
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(UnderstudyError, match=r'pip install "understudy\[tensorrt\]"'):
        export(cat, "tensorrt", tmp_path / "engines")

    monkeypatch.setitem(sys.modules, "tensorrt", fake_tensorrt)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(UnderstudyError, match="there is none here that torch sees"):
        export(cat, "tensorrt", tmp_path / "engines")
