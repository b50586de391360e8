"""A loaded model: which back end computes it, in a graph and from a file of somebody else's."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import Graph, run
from understudy.nodes.learning.backends import choosing
from understudy.nodes.learning.backends.choosing import Trial
from understudy.nodes.learning.images import loaded_model
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings

if TYPE_CHECKING:
    from pathlib import Path

CPU = Settings(device="cpu", threads=1)


@pytest.fixture
def shot(tmp_path: Path) -> Graph:
    """A graph that has learned to make a plate of noise brighter, with an Inference to apply it."""
    window = Window(0, 0, 96, 64)
    for number in (1, 2, 3):
        pixels = np.random.Generator(np.random.Philox(number)).random((64, 96, 3), np.float32)
        plate = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)
        write_frame(tmp_path / f"plate.{number:04d}.exr", plate)
    graph = Graph(tmp_path / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("Grade", "after", inputs={"input": "plate"}, multiply=1.3)
    graph.add(
        "Trainer",
        "learn",
        inputs={"input": "plate", "groundtruth": "after"},
        epochs=2,
        crop_size=48,
        model_size="small",
        precision="float32",
    )
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "result", inputs={"input": "plate", "model": "best"})
    return graph


def _results(graph: Graph, events: list[Any] | None = None) -> list[Frame]:
    said = events if events is not None else []
    outcome = run(graph, to=["result"], settings=CPU, sink=said.append)
    assert not outcome.failed, outcome.failed
    frames = outcome.values["result"]["result"]
    return [frames.read(number) for number in frames.numbers]


@pytest.mark.parametrize("name", ["onnxruntime", "openvino"])
def test_a_back_end_gives_the_pixels_of_torch(shot: Graph, name: str) -> None:
    """To rounding; the frame's metadata says what computed it."""
    pytest.importorskip(name)
    shot.set("result", "backend", "torch")
    expected = _results(shot)
    shot.set("result", "backend", name)
    found = _results(shot)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.pixels, other.pixels, atol=1e-4)
    assert expected[0].metadata["understudy/backend"] == "torch, float32"
    assert found[0].metadata["understudy/backend"] == f"{name}, float32"


def test_a_short_sequence_is_left_to_torch(shot: Graph) -> None:
    """Measuring takes seconds, which three small frames never repay."""
    assert {frame.metadata["understudy/backend"] for frame in _results(shot)} == {"torch, float32"}


def test_a_long_sequence_is_measured_once_and_the_choice_kept(
    shot: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fastest that agrees computes all frames; a second run knows it and measures nothing."""
    pytest.importorskip("openvino")
    monkeypatch.setattr(loaded_model, "WORTH_MEASURING", 0)
    seconds = {"torch": 3.0, "onnxruntime": 2.0, "openvino": 1.0}
    monkeypatch.setattr(loaded_model, "fastest", lambda tried: min(tried, key=lambda one: seconds[one.name]))
    shot.add("Write", "out", inputs={"input": "result"}, path="out/frame.####.exr")
    (said,) = _written(shot, tmp_path)
    assert "of the range at most" in said
    shutil.rmtree(tmp_path / "out")
    assert _written(shot, tmp_path) == []


def _written(graph: Graph, folder: Path) -> list[str]:
    """Writes the frames, which OpenVINO computed; gives what was told of the choice."""
    events: list[Any] = []
    outcome = run(graph, to=["out"], settings=CPU, sink=events.append)
    assert not outcome.failed, outcome.failed
    files = sorted((folder / "out").glob("*.exr"))
    computed = [read_frame(path).metadata["understudy/backend"] for path in files]
    assert computed == ["openvino, float32"] * 3
    return [event.message for event in events if "computes it" in getattr(event, "message", "")]


def test_a_back_end_whose_pixels_differ_is_refused(shot: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by name, it is an error and no picture: the sentence has both figures."""
    off = Trial("onnxruntime", 1.0, 0.02, choosing.TOLERANCE)
    monkeypatch.setattr(loaded_model, "trials", lambda *_: [off])
    shot.set("result", "backend", "onnxruntime")
    with pytest.raises(Exception, match=r"differs from torch by 0\.02 of the range .* 0\.0001 is allowed"):
        _results(shot)


def test_a_model_from_elsewhere_goes_through_the_same_graph(shot: Graph, tmp_path: Path) -> None:
    """A box filter in an .onnx with a sidecar blurs the frames."""
    from foreign_models import blur, write_model

    write_model(tmp_path, blur())
    shot.entries["best"].inputs.clear()
    shot.set("best", "pick", "model.onnx")
    frame = _results(shot)[0]
    plate = np.random.Generator(np.random.Philox(1)).random((64, 96, 3), np.float32)
    np.testing.assert_allclose(frame.pixels[10, 20], plate[9:12, 19:22].mean((0, 1)), atol=1e-3)
    assert frame.metadata["understudy/backend"] == "onnxruntime, float32"
