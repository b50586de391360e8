"""The one way out for a trained model: every network in every format that suits it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
import pytest
import torch
from small_deformer import deformer_of, write_deformer
from small_image_model import read_image_model, write_image_model

from understudy.graph.errors import FormatError, UnderstudyError
from understudy.nodes.export.exporting import export
from understudy.nodes.export.format import formats
from understudy.nodes.export.models.exportable import TOLERANCE
from understudy.nodes.export.models.images import drawn_crops
from understudy.nodes.learning.images.recipes import NetworkNode
from understudy.nodes.learning.meshes.recipes import DeformerNode
from understudy.nodes.registry import registry
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from pathlib import Path


HERE = [name for name, each in formats().items() if name != "tensorrt"]
"""What needs no GPU."""

IMAGES = [cls for cls in registry() if issubclass(cls, NetworkNode)]
MESHES = [cls for cls in registry() if issubclass(cls, DeformerNode)]


def suited(subject: str) -> list[str]:
    """The formats that a subject's models are exported to."""
    return [name for name in HERE if subject in formats()[name].subjects]


KINDS: dict[str, Any] = {
    "matte": {"outputs": ("A",)},
    "bfloat16": {"outputs": ("A",), "precision": "bfloat16"},
    "log": {"outputs": ("R", "G", "B"), "curve": "log"},
    "asinh": {"outputs": ("R", "G", "B"), "curve": "asinh"},
}
"""What models are: every curve on both sides, and one that was trained in another precision."""


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", suited("images"))
@pytest.mark.parametrize("cls", IMAGES, ids=lambda cls: cls.type_name)
def test_every_image_network_is_exported(
    tmp_path: Path, cls: type[NetworkNode], name: str, kind: str
) -> None:
    """Loaded again, the file gives our float32 result, whatever it was trained in."""
    recipe = cls("network", {"model_size": "small"} if "model_size" in cls.knobs else {})
    cat = write_image_model(tmp_path / "m.cat", recipe=recipe, **KINDS[kind])
    path = tmp_path / ("m" if name == "nuke" else "m.onnx")

    written = export(cat, name, path)

    model, sample = read_image_model(cat), drawn_crops(read_image_model(cat).encoding)[1]
    ours = np.stack([_applied(model, pixels) for pixels in sample])
    theirs = _played(written.files[0], sample)
    assert np.abs(ours - theirs).max() <= TOLERANCE * max(1.0, np.ptp(ours))
    assert written.difference <= TOLERANCE


def _applied(model: object, pixels: np.ndarray) -> np.ndarray:
    frame = model.apply(pixels.transpose(1, 2, 0), precision="float32", device="cpu")  # type: ignore[attr-defined]
    return frame.transpose(2, 0, 1)


def _played(file: Path, sample: np.ndarray) -> np.ndarray:
    if file.suffix == ".pt":
        return torch.jit.load(file)(torch.from_numpy(sample)).detach().numpy()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    return session.run(None, {given.name: sample})[0]


@pytest.mark.parametrize("name", suited("meshes"))
@pytest.mark.parametrize("cls", MESHES, ids=lambda cls: cls.type_name)
def test_every_deformer_is_exported(tmp_path: Path, cls: type[DeformerNode], name: str) -> None:
    """Loaded again, the file gives our deltas, to the tolerance of meshes."""
    deformer = deformer_of(tmp_path, cls("network"))
    cat = write_deformer(tmp_path / "bar.cat", deformer)
    path = tmp_path / ("bar.mldf" if name == "mldf" else "bar.onnx")

    written = export(cat, name, path, evidence=tmp_path / "poses.1.npz")

    file = next(each for each in written.files if each.suffix == ".onnx")
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    values = deformer.inputs.mean[None] + 0.5 * deformer.inputs.deviation
    (theirs,) = session.run(["deltas"], {"inputs": values})
    ours = deformer.decoder.deltas(deformer.predictor.predict(deformer.inputs.standardised(values)))
    assert np.abs(ours - theirs).max() <= 1e-5 * deformer.rig.diagonal
    assert written.difference <= 1e-5
    assert written.compared == "64 drawn poses and 8 real ones"


def test_a_model_that_does_not_suit_a_format_is_told_where_it_goes(tmp_path: Path) -> None:
    """Both the format's models and the model's formats are named."""
    cat = write_image_model(tmp_path / "m.cat")

    with pytest.raises(
        UnderstudyError, match=r"mldf takes models of meshes\. Models of images are exported to fl"
    ):
        export(cat, "mldf", tmp_path / "m.mldf")

    assert not (tmp_path / "m.mldf").exists()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    """A subject that nothing exports, and a file that is no checkpoint."""
    write_container(tmp_path / "song.cat", "cat", {"subject": "songs"}, {})
    (tmp_path / "bad.cat").write_bytes(b"nothing of the kind")

    with pytest.raises(UnderstudyError, match="model of songs, which is not exported"):
        export(tmp_path / "song.cat", "onnx", tmp_path / "m.onnx")
    with pytest.raises(FormatError, match=r"bad\.cat"):
        export(tmp_path / "bad.cat", "onnx", tmp_path / "m.onnx")


def test_the_difference_is_kept_in_the_file(tmp_path: Path) -> None:
    """Beside channels, encoding and provenance, in the metadata that any ONNX library reads."""
    written = export(write_image_model(tmp_path / "m.cat", curve="asinh"), "onnx", tmp_path / "m.onnx")

    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    notes = json.loads(session.get_modelmeta().custom_metadata_map["understudy"])
    assert notes["difference"] == written.difference
    assert (notes["inputs"], notes["encoding"]["curve"]) == (["R", "G", "B"], "asinh")
    assert notes["trained"]["provenance"] == {"graph": "0123", "seed": 7}
    assert session.get_inputs()[0].shape == ["N", 3, "H", "W"]
