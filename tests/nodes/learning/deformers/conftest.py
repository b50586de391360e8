"""A tiny rig whose bulge grows with its bend, as training files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from small_rig import bar_poses, bar_rig

from understudy.nodes.learning.deformers.preparing import Prepared, prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.media.meshes.posed import PosedMeshes, read_posed
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def bar(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PosedMeshes]:
    """Poses to train on, to validate on and to test on."""
    folder: Path = tmp_path_factory.mktemp("bar")
    rig = bar_rig()
    found = {}
    for seed, (name, count) in enumerate({"train": 80, "val": 30, "test": 40}.items()):
        write_posed(folder / f"{name}.npz", rig, **bar_poses(rig, count, seed))
        found[name] = read_posed(folder / f"{name}.npz")
    return found


@pytest.fixture(scope="session")
def prepared(bar: dict[str, PosedMeshes]) -> Prepared:
    """The bar with everything closed-form learned, default knobs but small."""
    return prepare(bar["train"], bar["val"], DeformerSettings(neurons=16, distilled=100))
