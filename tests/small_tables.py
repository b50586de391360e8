"""A small table: two numbers and a category, from which a class, a number and a phase follow."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy import Graph

if TYPE_CHECKING:
    from pathlib import Path

HEADER = ("take", "frame", "a", "b", "light", "mood", "energy", "phase")


def rows(takes: int = 8, frames: int = 12) -> list[list[Any]]:
    """Lines of the table, `frames` for each take."""
    draw = np.random.Generator(np.random.Philox(3))
    found: list[list[Any]] = []
    for take in range(takes):
        for frame in range(1, frames + 1):
            a, b = draw.normal(size=2).round(4)
            mood = "sad" if a < 0 else "happy"
            turn = round(float(np.arctan2(b, a) / (2 * np.pi) % 1.0), 4)
            light = "day" if b > 0 else "night"
            found.append([f"take{take}", frame, a, b, light, mood, round(3.0 * a - b, 4), turn])
    return found


def write_table(path: Path, lines: list[list[Any]] | None = None, header: Any = HEADER) -> Path:
    """Writes lines as a CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows() if lines is None else lines)
    return path


def table_graph(folder: Path, source: dict[str, Any] | None = None, **knobs: Any) -> Graph:
    """The graph of a training on the table, small; knobs are those of its Trainer."""
    graph = Graph(folder / "graph.toml")
    usual: dict[str, Any] = {"labels": ["mood"], "features": ["a", "b", "light"]}
    usual |= {"group_column": "take", "frame_column": "frame"}
    graph.add("DataSource", "rows", path="rows.csv", **(usual | (source or {})))
    inputs = {"input": "rows.features", "groundtruth": "rows.labels"}
    quick: dict[str, Any] = {"epochs": 30, "run_name": "run", "hold_out": 0.25, "batch_size": 24}
    graph.add("Trainer", "learn", inputs=inputs, **(quick | knobs))
    graph.add("Checkpoint", "best", inputs={"run": "learn"})
    graph.add("Inference", "found", inputs={"input": "rows.features", "model": "best"})
    return graph
