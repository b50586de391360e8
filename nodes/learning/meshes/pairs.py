"""From a Trainer's mesh wires to poses: matched, split into those trained on and those held out."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from understudy.graph.errors import MediaError, NodeError, UnderstudyError
from understudy.nodes.learning.deformers.net import emphasis_of
from understudy.nodes.learning.deformers.preparing import STAGES, check_poses
from understudy.nodes.learning.deformers.splitting import held_out
from understudy.nodes.learning.meshes.basis import FRAMES, Basis
from understudy.nodes.learning.meshes.model import MeshModel
from understudy.nodes.learning.meshes.recipes import DeformerNode
from understudy.nodes.learning.meshes.subject import MeshData, MeshSubject
from understudy.nodes.learning.state import weights_of
from understudy.nodes.media.meshes.checks import check_same_rig
from understudy.nodes.networks.global_deformer import GlobalDeformer
from understudy.nodes.networks.local_deformer import LocalDeformer
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from understudy.graph.node import Inputs
    from understudy.nodes.learning.deformers.deformer import Deformer
    from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context

HOLD_OUT = 0.1
"""Share of the poses that is held out where nobody says how many."""


def mesh_subject(node: Trainer, inputs: Inputs, context: Context, *, device: str) -> MeshSubject:
    """The poses that a Trainer's wires make, ready to be learned from.

    Raises:
        NodeError: The wires don't fit each other, nothing drives the poses, they have no vertices, or there
            are too few.
    """
    poses = _paired(node, inputs["input"], inputs["groundtruth"])
    training, measured = _split(node, poses, inputs.get("validation"))
    try:
        check_poses(training, measured)
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None
    preview: PosedMeshes | None = inputs.get("preview")
    if preview is not None:
        _check_rig(node, preview, poses)
    recipe = _recipe(node, inputs)
    context.say(f"{node.name}: {len(training):,} poses; {len(measured):,} held out")
    digests = {
        port: {path.name: digest for path, digest in zip(poses.files, found.values(), strict=True)}
        for port, found in (("poses", context.digests(poses.files)),)
    }
    stage = count()

    def progress(what: str) -> None:
        context.stop_if_asked()
        context.progress(next(stage), STAGES, "stages prepared", now=what)

    basis = _basis(node, inputs, recipe)
    data = MeshData(training, measured, preview, basis, digests, *_before(node, inputs, poses))
    batch = None if node.batch_size == "auto" else node.batch_size
    return MeshSubject(data, recipe, seed=node.seed, device=device, progress=progress, batch=batch)


def _paired(node: Trainer, controls: PosedMeshes, shapes: PosedMeshes) -> PosedMeshes:
    """The poses that both wires carry.

    Raises:
        NodeError: They are not the same poses.
    """
    same = controls.files == shapes.files and controls.places.tolist() == shapes.places.tolist()
    if not same:
        raise NodeError(
            node.name,
            f"the controls are of {controls.files[0]} and the shapes of {shapes.files[0]}; connect both from "
            "one DataSource, so that each shape has the controls that made it",
            knob="inputs",
        )
    return shapes


def _split(
    node: Trainer, poses: PosedMeshes, validation: PosedMeshes | None
) -> tuple[PosedMeshes, PosedMeshes]:
    if validation is not None:
        _check_rig(node, validation, poses)
        return poses, validation
    ratio = HOLD_OUT if node.hold_out == "auto" else node.hold_out
    if not ratio:
        raise NodeError(
            node.name,
            "ridge, kernel and net are chosen by poses that none was trained on; hold some out, or connect "
            "validation",
            knob="hold_out",
        )
    try:
        rows, measured = held_out(len(poses), poses.clips, ratio, node.seed)
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None
    return poses.select(rows), poses.select(measured)


def _check_rig(node: Trainer, other: PosedMeshes, poses: PosedMeshes) -> None:
    try:
        check_same_rig(other.files[0], other.rig, poses.files[0], poses.rig)
    except MediaError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None


def _recipe(node: Trainer, inputs: Inputs) -> DeformerNode:
    connected = inputs.get("network")
    if connected is None:
        return LocalDeformer("network") if inputs.get("basis") is None else GlobalDeformer("network")
    if not isinstance(connected, DeformerNode):
        raise NodeError(
            node.name,
            f"{connected.type_name} is no network for meshes; LocalDeformer, KernelDeformer, GlobalDeformer "
            "and DifferentialDeformer are",
            knob="inputs",
        )
    return connected


def _before(
    node: Trainer, inputs: Inputs, poses: PosedMeshes
) -> tuple[Deformer | None, NDArray[np.float32] | None]:
    """The model to go on from, and how much each input counts in its net where it has one.

    Raises:
        NodeError: It is of another rig, or of something else than meshes.
    """
    connected = inputs.get("weights")
    if connected is None:
        return None, None
    path = connected["path"]
    try:
        container = read_container(path, "cat")
        deformer = MeshModel.from_container(container, path).deformer
        deformer.check(poses)
    except UnderstudyError as error:
        raise NodeError(node.name, f"{path} can't be gone on from: {error}", knob="inputs") from None
    weights = weights_of(container.tensors)
    trained = "columns" in weights
    return deformer, emphasis_of(weights, len(deformer.inputs.columns)) if trained else None


def _basis(node: Trainer, inputs: Inputs, recipe: DeformerNode) -> PrincipalShapes | None:
    connected = inputs.get("basis")
    if connected is None:
        return None
    if not recipe.takes_basis:
        raise NodeError(
            node.name,
            f"{recipe.type_name} finds principal shapes of its own; disconnect the basis, or take "
            "GlobalDeformer",
            knob="inputs",
        )
    basis = Basis.read(connected["path"])
    if basis.space == FRAMES:
        raise NodeError(node.name, "the basis is of frames; connect that of a PCA of shapes", knob="basis")
    if basis.space != recipe.deltas:
        raise NodeError(
            node.name,
            f"the basis is of deltas in {basis.space} space, and {recipe.type_name} takes them in "
            f"{recipe.deltas} space; give both the same deltas",
            knob="inputs",
        )
    return basis.shapes
