"""TorchScript and a script of nodes for Nuke.

The slow tests want a Python 3.11 with `pip install torch==1.13.1 "numpy<2"` in an environment of its
own, named by UNDERSTUDY_OLD_TORCH_PYTHON.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from small_image_model import read_image_model, write_image_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.format import Options
from understudy.nodes.export.models.images import drawn_crops
from understudy.nodes.export.models.torchscript import known_operators
from understudy.nodes.export.nuke import nuke_channels, served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")

_PLAY = """
import sys, numpy, torch
script = torch.jit.load(sys.argv[1]).eval()
crops = numpy.load(sys.argv[2])
with torch.no_grad():
    found = {name: script(torch.from_numpy(crops[name])).numpy() for name in crops.files}
numpy.savez(sys.argv[3], **found)
print(torch.__version__)
"""

_OPERATORS = """
import torch
print(*{one.name for one in torch._C._jit_get_all_schemas() if one.name.startswith("aten::")})
"""


def old_torch(*arguments: str | Path) -> str:
    """What a Python with an old torch prints."""
    python = os.environ.get("UNDERSTUDY_OLD_TORCH_PYTHON")
    if python is None:
        pytest.skip("no Python that has torch 1.13.1 was named (UNDERSTUDY_OLD_TORCH_PYTHON)")
    done = subprocess.run([python, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_nodes_are_filled_in(tmp_path: Path) -> None:
    """Both nodes name the files where they lie, and the channels as Nuke does."""
    cat = write_image_model(tmp_path / "m.cat", outputs=("R", "G", "B"))

    written = export(cat, "nuke", tmp_path / "grade")

    text = (tmp_path / "grade" / "grade.nk").read_text()
    place = (tmp_path / "grade").as_posix()
    assert [file.name for file in written.files] == ["grade.pt", "grade.nk"]
    assert f'\n torchScriptFile "{place}/grade.pt"\n catFile "{place}/grade.cat"\n' in text
    assert '\n channelsIn "rgba.red, rgba.green, rgba.blue"\n channelsOut "rgba.red, ' in text
    assert '\n modelId "grade"\n' in text
    assert f'\nInference {{\n inputs 0\n modelFile "{place}/grade.cat"\n' in text
    assert text.count("{") == text.count("}") == 3


def test_names_mean_nothing_to_tcl(tmp_path: Path) -> None:
    """A folder with brackets is no command."""
    export(write_image_model(tmp_path / "m.cat"), "nuke", tmp_path / "a [exit] $b")

    text = (tmp_path / "a [exit] $b" / "a [exit] $b.nk").read_text()
    assert 'modelId "a \\[exit\\] \\$b"' in text


def test_the_script_is_tcl(tmp_path: Path) -> None:
    """Each node's braces hold pairs of knob and value, also in a folder with a name for trouble."""
    tcl = pytest.importorskip("tkinter", reason="this Python has no Tcl").Tcl()
    folder = tmp_path / "a [exit] $b"
    export(write_image_model(tmp_path / "m.cat"), "nuke", folder)
    for node in ("CatFileCreator", "Inference", "StickyNote"):
        tcl.eval(f"proc {node} {{knobs}} {{ set ::{node} $knobs }}")

    tcl.eval(f"proc version {{args}} {{}}\n{(folder / 'a [exit] $b.nk').read_text()}")

    assert tcl.eval("dict get $::CatFileCreator torchScriptFile") == str(folder / "a [exit] $b.pt")
    assert tcl.eval("dict get $::Inference modelFile") == tcl.eval("dict get $::CatFileCreator catFile")


def test_channels_are_called_as_in_nuke() -> None:
    """Layers keep their names; a channel of none lies in `other`."""
    names = nuke_channels(["R", "A", "Z", "diffuse.G", "N.x", "mask"])
    assert names == "rgba.red, rgba.alpha, depth.Z, diffuse.green, N.x, other.mask"


@pytest.mark.parametrize(
    ("host", "expected"), [("", "14.0"), ("15", "15.0"), ("14.1", "14.1"), ("nuke16", "16.0")]
)
def test_a_version_is_served(host: str, expected: str) -> None:
    """The oldest without one."""
    assert served(host) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [("13.2", r"Nuke 13.2 can't be served.*Use Nuke 14\.0"), ("latest", '"latest" is no version of Nuke')],
)
def test_a_version_that_is_not_served_is_refused(tmp_path: Path, host: str, expected: str) -> None:
    """By name, before anything is written."""
    with pytest.raises(UnderstudyError, match=expected):
        export(write_image_model(tmp_path / "m.cat"), "nuke", tmp_path / "m", Options(host=host))
    assert not (tmp_path / "m").exists()


def test_half_precision_is_told_of(tmp_path: Path) -> None:
    """A person decides whether the knob of Inference is worth it."""
    written = export(write_image_model(tmp_path / "m.cat"), "nuke", tmp_path / "m")

    assert "In half precision (Optimize for Speed and Memory) it is off by at most" in written.remarks[1]


@pytest.mark.slow
@pytest.mark.parametrize("curve", ["linear", "log", "asinh"])
@pytest.mark.parametrize("outputs", [("A",), ("R", "G", "B")], ids=["matte", "colour"])
def test_old_torch_gives_our_result(tmp_path: Path, curve: str, outputs: tuple[str, ...]) -> None:
    """Loaded, run and compared where torch is 1.13.1; 1e-4 of the range is the tolerance of exports."""
    cat = write_image_model(tmp_path / "m.cat", outputs=outputs, curve=curve)
    script = export(cat, "nuke", tmp_path / "m").files[0]
    model = read_image_model(cat)
    crops = {str(place): crop for place, crop in enumerate(drawn_crops(model.encoding))}
    np.savez(tmp_path / "crops.npz", **crops)

    version = old_torch("-c", _PLAY, script, tmp_path / "crops.npz", tmp_path / "found.npz")

    found = np.load(tmp_path / "found.npz")
    for name, crop in crops.items():
        ours = np.stack([_applied(model, pixels) for pixels in crop])
        assert np.abs(found[name] - ours).max() <= 1e-4 * max(1.0, np.ptp(ours))
    assert version.startswith("1.13.1")


def _applied(model: object, pixels: np.ndarray) -> np.ndarray:
    frame = model.apply(pixels.transpose(1, 2, 0), precision="float32", device="cpu")  # type: ignore[attr-defined]
    return frame.transpose(2, 0, 1)


@pytest.mark.slow
def test_the_list_of_operators_is_that_of_old_torch() -> None:
    """Every operator that is let through is one that torch 1.13.1 has."""
    assert known_operators() <= set(old_torch("-c", _OPERATORS).split())
