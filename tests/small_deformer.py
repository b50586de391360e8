"""A deformer of the tiny rig, learned in an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from small_rig import bar_poses, bar_rig

from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.writing import write_posed

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer


def bar_deformer(folder: Path, space: str = "rest", rotation: str = "6d") -> Deformer:
    """Ridge of a few principal shapes of the tube; its training files lie in the folder."""
    rig = bar_rig()
    found = []
    for seed, count in enumerate((24, 8)):
        path = folder / f"poses.{seed}.npz"
        write_posed(path, rig, **bar_poses(rig, count, seed))
        found.append(read_posed(path))
    settings = DeformerSettings(mode="global", limit=4, space=space, rotation=rotation)
    learned = prepare(*found, settings)
    return learned.deformer(learned.ridge)
