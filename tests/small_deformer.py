"""A deformer of the tiny rig, learned in an instant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from small_rig import bar_poses, bar_rig

from understudy.nodes.learning.deformers.preparing import prepare
from understudy.nodes.learning.deformers.settings import DeformerSettings
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.media.meshes.posed import read_posed
from understudy.nodes.media.meshes.writing import write_posed
from understudy.runtime.runs.container import write_container

if TYPE_CHECKING:
    from pathlib import Path

    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.meshes.recipes import DeformerNode
    from understudy.nodes.media.meshes.posed import PosedMeshes


def bar_deformer(folder: Path, space: str = "rest", rotation: str = "6d") -> Deformer:
    """Ridge of a few principal shapes of the tube; its training files lie in the folder."""
    settings = DeformerSettings(mode="global", limit=4, space=space, rotation=rotation)
    learned = prepare(*_poses(folder), settings)
    return learned.deformer(learned.ridge)


def deformer_of(folder: Path, recipe: DeformerNode) -> Deformer:
    """What a recipe makes of the tube, its net untrained; the training files lie in the folder."""
    from understudy.nodes.learning.deformers.local_net import build, numpy_net

    settings = replace(recipe.settings(0), neurons=16, distilled=0, limit=6)
    learned = prepare(*_poses(folder), settings)
    return learned.deformer(numpy_net(build(learned)) if recipe.trains else learned.kernel or learned.ridge)


def _poses(folder: Path) -> list[PosedMeshes]:
    rig, found = bar_rig(), []
    for seed, count in enumerate((24, 8)):
        path = folder / f"poses.{seed}.npz"
        write_posed(path, rig, **bar_poses(rig, count, seed))
        found.append(read_posed(path))
    return found


def write_deformer(path: Path, deformer: Deformer) -> Path:
    """A deformer as a `.cat`; gives its path."""
    model = MeshModel(deformer, None)
    write_container(path, "cat", model.header(), model.arrays())
    return path
