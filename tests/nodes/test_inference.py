"""Inference: any resolution, the right model, channels that pass through, and what it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from understudy import run
from understudy.graph.document import Source
from understudy.graph.errors import NodeError
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.reading import read_frame
from understudy.nodes.media.images.writing import write_frame
from understudy.runtime.context import Settings
from understudy.runtime.runs.container import read_container, write_container
from understudy.runtime.runs.folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from understudy.graph.document import Graph

CPU = Settings(device="cpu", threads=1)


@pytest.fixture
def trained(shot: Path, make_graph: Callable[..., Graph]) -> Graph:
    """A graph whose Trainer has learned the shot's mattes."""
    graph = make_graph(shot, epochs=60)
    outcome = run(graph, to=["learn"], settings=CPU)
    assert not outcome.failed
    return graph


def frames_of(graph: Graph, node: str = "result") -> Any:
    """The lazy frames that a node gives."""
    outcome = run(graph, to=[node], settings=CPU)
    assert not outcome.failed, outcome.failed
    return next(iter(outcome.values[node].values()))


def test_it_mattes_frames_that_were_never_painted(trained: Graph) -> None:
    """A minute of nothing but discs is enough to find the disc where no matte was painted."""
    frames = frames_of(trained)
    matte = frames.read(6)
    y, x = np.mgrid[0:64, 0:96]
    truth = np.hypot(x - 16 - 7 * 6, y - 32) < 14
    found = matte.pixels[..., 0] > 0.5
    assert matte.channels == ("A",)
    assert (found & truth).sum() / (found | truth).sum() > 0.9


def test_a_tiled_frame_equals_the_whole_one(trained: Graph, shot: Path) -> None:
    """On a frame of 700 x 400, tiles of 384 give the same pixels within rounding."""
    rng = np.random.Generator(np.random.Philox(1))
    window = Window(-30, 12, 700, 400)
    pixels = rng.random((400, 700, 3), np.float32)
    frame = Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=Window(0, 0, 640, 400))
    write_frame(shot / "large.exr", frame)
    trained.add("DataSource", "large", path="large.exr")
    trained.entries["result"].inputs["input"] = [Source("large")]
    results = []
    for tile in ("whole", 384):
        trained.set("result", "tile", tile)
        results.append(frames_of(trained).read(1))
    assert results[0].data == window
    np.testing.assert_allclose(results[0].pixels, results[1].pixels, atol=1e-5)


def test_a_colour_model_keeps_the_other_channels(shot: Path, make_graph: Callable[..., Graph]) -> None:
    """A grade of RGB leaves alpha and depth as they were, values above 1 and metadata included."""
    for number in (1, 4):
        frame = read_frame(shot / f"plate.{number:04d}.exr")
        extra = np.full((64, 96, 2), 7.5, np.float32)
        both = np.concatenate([frame.pixels, extra], axis=-1)
        whole = Frame(
            pixels=both,
            channels=("R", "G", "B", "A", "depth.Z"),
            data=frame.data,
            display=frame.display,
            metadata={"Copyright": "somebody"},
        )
        write_frame(shot / f"five.{number:04d}.exr", whole)
    graph = make_graph(shot)
    graph.add("DataSource", "five", path="five.####.exr")
    graph.add("DataSource", "rgb", path="five.####.exr", channels="rgb")
    graph.add("Grade", "graded", inputs={"input": "rgb"}, multiply=2.0)
    graph.entries["learn"].inputs = {"input": [Source("rgb")], "groundtruth": [Source("graded")]}
    graph.entries["result"].inputs["input"] = [Source("five")]
    frame = frames_of(graph).read(4)
    assert frame.channels == ("R", "G", "B", "A", "depth.Z")
    assert (frame.pixels[..., 3:] == 7.5).all()
    assert frame.pixels[..., 0].max() > 1.5
    assert frame.metadata["Copyright"] == "somebody"


def test_nan_in_a_plate_stays_where_it_is(trained: Graph, shot: Path) -> None:
    """A matte of a plate with NaN and infinity is finite everywhere."""
    frame = read_frame(shot / "plate.0006.exr")
    pixels = frame.pixels.copy()
    pixels[3, 3], pixels[5, 5] = np.nan, -np.inf
    bad = Frame(pixels=pixels, channels=frame.channels, data=frame.data, display=frame.display)
    write_frame(shot / "plate.0006.exr", bad)
    assert np.isfinite(frames_of(trained).read(6).pixels).all()


def failure(graph: Graph, shot: Path) -> str:
    """How writing the result fails."""
    graph.add("Write", "out", inputs={"input": "result"}, path="out/matte.####.exr")
    outcome = run(graph, to=["out"], settings=CPU)
    assert outcome.status == 1
    assert not list((shot / "out").glob("matte*"))
    return next(iter(outcome.failed.values()))


def test_a_missing_channel_is_named(trained: Graph, shot: Path) -> None:
    """A sequence without blue is refused with the frame, the channel and what there is."""
    trained.add("DataSource", "two", path="plate.####.exr", channels="R,G")
    trained.entries["result"].inputs["input"] = [Source("two")]
    message = failure(trained, shot)
    assert 'there is no channel "B" among R, G' in message


def test_a_cut_checkpoint_is_refused(trained: Graph, shot: Path) -> None:
    """A .cat that was cut short is named with the byte, and nothing is written."""
    cat = RunFolder(shot / "training" / "run").cat(180)
    (shot / "cut.cat").write_bytes(cat.read_bytes()[:-1000])
    trained.set("best", "pick", "cut.cat")
    assert "cut.cat" in failure(trained, shot)


def test_a_checkpoint_of_another_kind_is_refused(trained: Graph, shot: Path) -> None:
    """A model of meshes is not applied to frames."""
    write_container(shot / "other.cat", "cat", {"subject": "meshes"}, {"x": np.zeros(3, np.float32)})
    trained.set("best", "pick", "other.cat")
    assert "this is a model of meshes, and images were given" in failure(trained, shot)


def test_a_network_that_is_not_installed_is_named(trained: Graph, shot: Path) -> None:
    """A checkpoint names its network's type; one that nobody has here is a sentence, and no code is run."""
    from understudy.runtime.runs.container import read_container

    held = read_container(RunFolder(shot / "training" / "run").cat(180))
    header = dict(held.header)
    header["network"] = {**header["network"], "type": "studio.SecretNet"}
    write_container(shot / "secret.cat", "cat", header, held.tensors)
    trained.set("best", "pick", "secret.cat")
    assert "studio.SecretNet, which is not installed here" in failure(trained, shot)


def test_the_uncertainty_is_largest_at_the_edge(trained: Graph) -> None:
    """One channel, 0 to 0.5, of the frame's size; within 3 pixels of the disc's edge it is above average.

    The edge is where a learned matte is soft, and everything else is flat; a factor of 3 is a third of what
    was seen.
    """
    outcome = run(trained, to=["result"], settings=CPU)
    frame = outcome.values["result"]["uncertainty"].read(6)
    y, x = np.mgrid[0:64, 0:96]
    near = np.abs(np.hypot(x - 16 - 7 * 6, y - 32) - 14) < 3
    doubt = frame.pixels[..., 0]
    assert frame.channels == ("uncertainty",)
    assert 0 <= doubt.min() <= doubt.max() <= 0.5
    assert doubt[near].mean() > 3 * doubt[~near].mean()


def test_tiles_tell_the_same_uncertainty(trained: Graph, shot: Path) -> None:
    """On a frame of 700 x 400, tiles of 384 give the same values within rounding."""
    pixels = np.random.Generator(np.random.Philox(1)).random((400, 700, 3), np.float32)
    window = Window(0, 0, 700, 400)
    write_frame(
        shot / "large.exr", Frame(pixels=pixels, channels=("R", "G", "B"), data=window, display=window)
    )
    trained.add("DataSource", "large", path="large.exr")
    trained.entries["result"].inputs["input"] = [Source("large")]
    results = []
    for tile in ("whole", 384):
        trained.set("result", "tile", tile)
        outcome = run(trained, to=["result"], settings=CPU)
        results.append(outcome.values["result"]["uncertainty"].read(1).pixels)
    np.testing.assert_allclose(results[0], results[1], atol=1e-5)


def test_an_old_checkpoint_says_that_it_has_no_uncertainty(trained: Graph, shot: Path) -> None:
    """A checkpoint without the arrays is applied as before; asked how sure it is, it refuses."""
    cats = RunFolder(shot / "training" / "run").cats()
    whole = read_container(cats[max(cats)], "cat")
    kept = {name: array for name, array in whole.tensors.items() if not name.startswith("uncertainty/")}
    write_container(shot / "old.cat", "cat", whole.header, kept)
    trained.set("best", "pick", "old.cat")
    outcome = run(trained, to=["result"], settings=CPU)
    assert outcome.values["result"]["result"].read(6).channels == ("A",)
    with pytest.raises(NodeError, match="holds no uncertainty"):
        outcome.values["result"]["uncertainty"].read(6)
