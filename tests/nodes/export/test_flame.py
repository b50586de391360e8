"""ONNX and JSON for Flame."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import onnxruntime
import pytest
from small_image_model import write_image_model

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.exporting import export

if TYPE_CHECKING:
    from pathlib import Path


def described(folder: Path, **model: Any) -> dict[str, Any]:
    """The JSON of a model's export."""
    export(write_image_model(folder / "m.cat", **model), "flame", folder / "matte.onnx")
    found: dict[str, Any] = json.loads((folder / "matte.json").read_text())["ModelDescription"]
    return found


def test_the_json_lies_beside_the_model_and_names_its_tensors(tmp_path: Path) -> None:
    """A matte of colours: one socket in front, a matte comes out."""
    found = described(tmp_path)

    session = onnxruntime.InferenceSession(tmp_path / "matte.onnx", providers=["CPUExecutionProvider"])
    assert [one["Name"] for one in found["Inputs"]] == [one.name for one in session.get_inputs()]
    assert [one["Name"] for one in found["Outputs"]] == [one.name for one in session.get_outputs()]
    assert (found["Name"], found["Padding"], found["KeepAspectRatio"]) == ("matte", 1, False)
    assert [(one["Type"], one["Channels"]) for one in found["Inputs"]] == [("Front", "RGB")]
    assert [(one["Type"], one["Channels"]) for one in found["Outputs"]] == [("OutMatte", "A")]


def test_a_frame_with_a_matte_takes_two_sockets_of_one_name(tmp_path: Path) -> None:
    """Flame has no RGBA clips; what was trained on scene-linear values takes them."""
    found = described(tmp_path, inputs=("B", "G", "R", "A"), outputs=("B", "G", "R"), curve="log")

    sockets = [(one["Name"], one["Type"], one["Channels"]) for one in found["Inputs"]]
    assert sockets == [("pixels", "Front", "BGR"), ("pixels", "Matte", "A")]
    assert (found["Outputs"][0]["Type"], found["Outputs"][0]["Channels"]) == ("Result", "BGR")
    assert found["SupportsSceneLinear"]


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ({"inputs": ("R", "G", "B", "Z")}, "can't connect the channels R, G, B, Z"),
        ({"outputs": ("R", "A")}, "can't connect the channels R, A; expected one channel, R and G"),
    ],
)
def test_channels_that_flame_has_not_are_refused(
    tmp_path: Path, channels: dict[str, Any], expected: str
) -> None:
    """Before anything is written."""
    with pytest.raises(UnderstudyError, match=expected):
        described(tmp_path, **channels)
    assert not (tmp_path / "matte.onnx").exists()


def test_flame_wants_the_suffix(tmp_path: Path) -> None:
    """It finds no JSON by any other name."""
    with pytest.raises(UnderstudyError, match=r"end in \.onnx\. Write .*matte\.onnx"):
        export(write_image_model(tmp_path / "m.cat"), "flame", tmp_path / "matte")
