"""An untrained model of labels as a checkpoint, with every kind of column on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from small_image_model import encoding, shaken

from understudy.nodes.learning.state import WEIGHTS, network_arrays
from understudy.nodes.learning.tables import recipes as table_recipes
from understudy.nodes.learning.tables.encoding import RowEncoding
from understudy.nodes.learning.tables.model import Sureness
from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.tables.columns import Column
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.tables.recipes import LabelNetworkNode

COLUMNS = (
    Column("speed", "number"),
    Column("frame", "number"),
    Column("foot", "category", ("left", "right", "none")),
    Column("heading", "circular", period=360.0),
    Column("held", "boolean"),
)
LABELS = (
    Column("effort", "number"),
    Column("gait", "category", ("run", "walk")),
    Column("phase", "circular", period=1.0),
    Column("landed", "boolean"),
)
WINDOW = 8
RESOLUTION = 16


def row_encoding(length: int) -> RowEncoding:
    """Statistics such as rows have; frame numbers are large, so that float32 alone would not do."""
    means = np.array([1.0, 1_000_000.0, 0.3, 0.3, 0.4, 0.0, 0.0, 0.5])
    scales = np.array([0.5, 30.0, 0.5, 0.5, 0.5, 0.7, 0.7, 0.5])
    least = np.array([0.0, 999_950.0, 0.0, 0.0, 0.0])
    most = np.array([2.0, 1_000_050.0, 2.0, 360.0, 1.0])
    return RowEncoding(COLUMNS, length, means, scales, least, most)


def write_table_model(path: Path, recipe: LabelNetworkNode) -> Path:
    """A model that gives all labels; gives the path of the `.cat`."""
    of_rows = recipe.takes == "features"
    rows = row_encoding(WINDOW if recipe.windows else 1)
    shares = (np.zeros(0), np.array([0.4, 0.6]), np.zeros(0), np.array([0.7, 0.3]))
    targets = Targets(LABELS, np.array([50.0, 0, 0, 0]), np.array([20.0, 1, 1, 1]), shares)
    sees = "" if of_rows else recipe.sees  # type: ignore[attr-defined]
    seen = 3 if sees == "colours" else 1
    shape = (rows.length, rows.size) if of_rows else (seen, RESOLUTION, RESOLUTION)
    network = shaken(table_recipes.build_network(recipe, shape, targets.outputs, 0))
    features = network.head.in_features  # type: ignore[union-attr]
    sureness = Sureness(np.eye(int(features) + 1), np.ones(4), np.array([1.0, 1.7, 1.0, 0.8]))  # type: ignore[arg-type]
    takes = rows.header() if of_rows else {
        "encoding": encoding(seen).as_dict(), "channels": ["R", "G", "B"], "resolution": RESOLUTION,
        "sees": sees,
    }  # fmt: skip
    header = {
        "subject": "tables",
        "takes": recipe.takes,
        "network": table_recipes.description(recipe, shape, targets.outputs),
        "precision": "float32",
        **takes,
        **targets.header(),
    }
    weights = {WEIGHTS + name: each for name, each in network_arrays(network).items()}
    arrays = weights | targets.arrays() | sureness.arrays() | (rows.arrays() if of_rows else {})
    write_container(path, "cat", header, arrays)
    return path
