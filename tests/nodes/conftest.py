"""A small shot to learn from, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from understudy.graph.document import Graph
from understudy.nodes.media.images.frame import Frame, Window
from understudy.nodes.media.images.writing import write_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WIDTH, HEIGHT = 96, 64


def disc_frames(number: int) -> tuple[Frame, Frame]:
    """A plate with a bright disc that moves with the frame number, and its matte."""
    window = Window(0, 0, WIDTH, HEIGHT)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    matte = np.clip(14.5 - np.hypot(x - 16 - 7 * number, y - 32), 0, 1)[..., None]
    slope = np.stack([x / WIDTH, y / HEIGHT, 0.3 + 0 * x], axis=-1) * 0.5
    plate = (slope * (1 - matte) + matte * np.array([1.6, 0.4, 0.2])).astype(np.float32)
    return (
        Frame(pixels=plate, channels=("R", "G", "B"), data=window, display=window),
        Frame(pixels=matte.astype(np.float32), channels=("A",), data=window, display=window),
    )


def write_shot(folder: Path, frames: int = 8, painted: tuple[int, ...] = (1, 4, 8)) -> None:
    """Plates 1 to `frames`, and mattes of the painted ones, as half-float EXR."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, frames + 1):
        plate, matte = disc_frames(number)
        write_frame(folder / f"plate.{number:04d}.exr", plate)
        if number in painted:
            write_frame(folder / f"matte.{number:04d}.exr", matte)


def training_graph(folder: Path, **knobs: object) -> Graph:
    """A graph that learns the mattes, quickly; knobs are those of its Trainer, `learn`."""
    graph = Graph(folder / "graph.toml")
    graph.add("DataSource", "plate", path="plate.####.exr")
    graph.add("DataSource", "painted", path="matte.####.exr")
    quick = {"epochs": 6, "crop_size": 48, "model_size": "small", "precision": "float32", "run_name": "run"}
    inputs = {"input": "plate", "groundtruth": "painted", "preview": "plate"}
    graph.add("Trainer", "learn", inputs=inputs, **(quick | knobs))
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "result", inputs={"input": "plate", "model": "best"})
    return graph


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    """A folder with eight plates and three painted mattes."""
    write_shot(tmp_path / "shot")
    return tmp_path / "shot"


@pytest.fixture
def make_graph() -> Callable[..., Graph]:
    """Makes a graph that learns the shot's mattes: `make_graph(folder, epochs=6)`."""
    return training_graph


@pytest.fixture
def make_shot() -> Callable[..., None]:
    """Writes a shot: `make_shot(folder, frames=8, painted=(1, 4, 8))`."""
    return write_shot
