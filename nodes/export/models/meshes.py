"""Deformers: what a host must know of one, and the poses that it is compared on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from understudy.nodes.export.models.describing import described, drawn_inputs
from understudy.nodes.export.models.exportable import DeformerExportable
from understudy.nodes.learning.meshes.model import MeshModel

if TYPE_CHECKING:
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.runtime.runs.container import Container

REAL_POSES = 256


def exportable(container: Container, path: str, evidence: PosedMeshes | Path | None) -> DeformerExportable:
    """The deformer in a checkpoint.

    Args:
        container: The `.cat`.
        path: Its name, for messages.
        evidence: Poses to compare results on.

    Raises:
        FormatError: The checkpoint is damaged.
        UnderstudyError: The evidence is of another rig.
    """
    deformer = MeshModel.from_container(container, path).deformer
    drawn = drawn_inputs(deformer)
    samples, compared = [drawn], f"{len(drawn)} drawn poses"
    if evidence is not None:
        from understudy.nodes.media.meshes.posed import read_posed

        poses = read_posed(evidence) if isinstance(evidence, Path) else evidence
        deformer.check(poses)
        chosen = poses.select(slice(None, None, -(-len(poses) // REAL_POSES)))
        samples.append(deformer.inputs.values(chosen.rig, chosen.controls, chosen.joint_matrices))
        compared = f"{compared} and {len(chosen)} real ones"
    told = {
        name: container.header[name] for name in ("step", "losses", "provenance") if name in container.header
    }
    notes = described(deformer)
    notes["understudy"] |= {"trained": told}
    return DeformerExportable(deformer, notes, samples, compared)
