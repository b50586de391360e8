"""Everything about a deformation that is closed form: deltas, inputs, segments, shapes, ridge, kernel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers import segments as segmenting
from understudy.nodes.learning.deformers.deformer import BLOCK, Decoder, Deformer, Predictor
from understudy.nodes.learning.deformers.differential import Differential, fit_differential
from understudy.nodes.learning.deformers.inputs import Inputs, learned_inputs
from understudy.nodes.learning.deformers.local import (
    LocalKernel,
    LocalRidge,
    fit_local_kernel,
    fit_local_ridge,
)
from understudy.nodes.learning.deformers.ridge import fit_ridge
from understudy.nodes.learning.deformers.shapes import SegmentShapes, Vertices, segment_shapes
from understudy.nodes.learning.meshes.principal_shapes import PrincipalShapes, principal_shapes
from understudy.nodes.media.meshes.mapped import IN_MEMORY, room
from understudy.nodes.media.meshes.skinning import skinned

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.segments import Segments
    from understudy.nodes.learning.deformers.settings import DeformerSettings
    from understudy.nodes.media.meshes.posed import PosedMeshes
    from understudy.nodes.media.meshes.rig import Rig

    Floats = NDArray[np.float32]

MOVES = 1e-5
"""A vertex whose delta never exceeds this share of the diagonal is not learned."""

STAGES = 5
"""Stages of preparing, as progress tells them."""

_ROUGH_SHAPES = 64
_LEAST_EMPHASIS = 0.05
_LEAST_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the network starts from, and what it is measured against.

    Attributes:
        settings: The knobs.
        rig: The character.
        inputs: How controls become inputs.
        segments: The parts of the mesh; one where the mode is not local.
        decoder: From coefficients to deltas.
        training: Standardised inputs `(N, D)` and coefficients `(N, S, K)`.
        validation: The same of poses never trained on.
        ridge: The floor.
        kernel: The closed-form model; None where the mode is not local.
        emphasis: `(S, D)` float32, how much each input counts in a segment's net: 0 for one that it does not
            see, else mean square 1.
        below: The ridge below the net, of the inputs that it sees.
        before: What the model that a training begins with predicts by; None where it begins anew.
        notes: Sentences for people.
    """

    settings: DeformerSettings
    rig: Rig
    inputs: Inputs
    segments: Segments
    decoder: Decoder
    training: tuple[Floats, Floats]
    validation: tuple[Floats, Floats]
    ridge: LocalRidge
    kernel: LocalKernel | None
    emphasis: NDArray[np.float32]
    below: LocalRidge
    before: Predictor | None = None
    notes: tuple[str, ...] = field(default=())

    def deformer(self, predictor: Predictor) -> Deformer:
        """A deformer with this predictor."""
        return Deformer(self.rig, self.settings.space, self.inputs, predictor, self.decoder)


def prepare(
    training: PosedMeshes,
    validation: PosedMeshes,
    settings: DeformerSettings,
    progress: Callable[[str], None] = lambda _: None,
    basis: PrincipalShapes | None = None,
    before: Deformer | None = None,
    emphasis: Floats | None = None,
) -> Prepared:
    """Learns all that has a closed form.

    Args:
        training: Poses with vertices.
        validation: Poses with vertices that are not trained on.
        settings: The knobs.
        progress: Called with what is being done, in `STAGES` stages at most.
        basis: Principal shapes of all vertices' deltas, which a global model is to give coefficients of.
        before: A model to go on from. Its inputs, segments and principal shapes are kept, so that its net
            means the same here; ridge and kernel are fitted anew.
        emphasis: That of its net, see `Prepared`; it is kept as well.

    Raises:
        UnderstudyError: Too few poses, no vertices, nothing that varies, or a basis of another mesh.
    """
    check_poses(training, validation)
    progress("deltas")
    deltas, flat = deltas_of(training, settings.space)
    inputs = _inputs(training, settings, before)
    seen = _seen(inputs, training)
    moving = _moving(deltas, MOVES * training.rig.diagonal)
    progress("segments")
    if basis is not None:
        moving = np.ones_like(moving)
    if before is not None and isinstance(before.decoder, SegmentShapes):
        parts = before.decoder.segments
    else:
        parts = _segments(training.rig, inputs, seen, deltas, moving, settings)
    progress("principal shapes")
    if before is not None:
        decoder = before.decoder
    elif basis is None:
        decoder = _decoder(training.rig, deltas, parts, moving, settings)
    else:
        decoder = _decoder_of(basis, parts)
    targets = _in_blocks(decoder, deltas)
    progress("ridge")
    held = _seen(inputs, validation), _in_blocks(decoder, deltas_of(validation, settings.space)[0])
    visible = parts.seen[:, inputs.groups]
    ridge = fit_local_ridge(seen, targets, visible)
    kernel = None
    if settings.mode == "local":
        progress("kernel")
        kernel = fit_local_kernel(ridge, (seen, targets), held, visible, inputs.groups)
    notes = (*training.notes, *_notes(inputs, len(training), flat, training.rig))
    if emphasis is None:
        emphasis = _emphasis(ridge, kernel, seen, inputs, visible)
    return Prepared(
        settings,
        training.rig,
        inputs,
        parts,
        decoder,
        (seen, targets),
        held,
        ridge,
        kernel,
        emphasis,
        fit_local_ridge(seen, targets, emphasis > 0.0),
        None if before is None else before.predictor,
        notes,
    )


def deltas_of(poses: PosedMeshes, space: str, *, in_memory: int = IN_MEMORY) -> tuple[Floats, int]:
    """The deltas `(N, V, 3)` of all poses, in memory or in a nameless file; the count of flat matrices."""
    deltas = room((len(poses), *poses.rig.rest.shape), in_memory)
    matrices, flat = poses.joint_matrices, 0
    for block in poses.blocks(BLOCK):
        count = block.stop - block.start
        base = skinned(poses.rig, None if matrices is None else matrices[block], count, space=space)
        deltas[block] = base.deltas(poses.vertices(block))
        flat += base.flat
    return deltas, flat


def check_poses(training: PosedMeshes, validation: PosedMeshes) -> None:
    """Refuses poses that nothing can be learned from.

    Raises:
        UnderstudyError: Nothing drives them, they have no vertices, or they are too few.
    """
    for poses, what in ((training, "training"), (validation, "validation")):
        poses.check_driven()
        if not poses.has_vertices:
            raise UnderstudyError(
                f"The {what} poses have controls but no vertices, so there is nothing to learn from. "
                "Export vertices with them."
            )
    if len(training) < 4 or not len(validation):
        raise UnderstudyError(
            f"There are {len(training)} poses to train on and {len(validation)} to validate on; "
            "at least 4 and 1 are needed. Capture more poses."
        )


def _inputs(training: PosedMeshes, settings: DeformerSettings, before: Deformer | None) -> Inputs:
    controls, matrices = training.controls, training.joint_matrices
    if before is None:
        return learned_inputs(training.rig, controls, matrices, rotation=settings.rotation)
    if before.inputs.rotation != settings.rotation or before.space != settings.space:
        raise UnderstudyError(
            f"The model to begin with has deltas in {before.space} space and rotations as "
            f"{before.inputs.rotation}; the deformer is set to {settings.space} and {settings.rotation}. "
            "Give it the same, or disconnect the weights."
        )
    if isinstance(before.decoder, Differential):
        raise UnderstudyError(
            "A model of differential coordinates can't be gone on from: it holds only their solution. "
            "Disconnect the weights."
        )
    return before.inputs.widened(before.inputs.values(training.rig, controls, matrices))


def _seen(inputs: Inputs, poses: PosedMeshes) -> Floats:
    return inputs.standardised(inputs.values(poses.rig, poses.controls, poses.joint_matrices))


def _moving(deltas: Floats, least: float) -> NDArray[np.bool_]:
    longest = np.zeros(deltas.shape[1])
    for start in range(0, len(deltas), BLOCK):
        squares = (deltas[start : start + BLOCK] ** 2).sum(axis=2)
        longest = np.maximum(longest, squares.max(axis=0))
    moving = longest > least**2
    if not moving.any():
        raise UnderstudyError(
            "No vertex leaves where skinning (or the rest shape) already puts it, so there is nothing to "
            "learn. Was the base mesh exported as the target?"
        )
    return np.asarray(moving)


def _segments(
    rig: Rig,
    inputs: Inputs,
    seen: Floats,
    deltas: Floats,
    moving: NDArray[np.bool_],
    settings: DeformerSettings,
) -> Segments:
    if settings.mode != "local":
        return segmenting.whole(moving, len(inputs.names), 2 if settings.mode == "differential" else 1)
    if rig.skinned and (inputs.joints >= 0).any():
        return segmenting.by_skin(rig, inputs.joints, moving)
    return segmenting.by_influence(rig, _influence(inputs, seen, deltas), moving, settings.seed)


def _influence(inputs: Inputs, seen: Floats, deltas: Floats) -> NDArray[np.float64]:
    """How much each group of inputs moves each vertex, by a rough ridge, `(V, G)`."""
    flat = deltas.reshape(len(deltas), -1)
    shapes = principal_shapes(flat, limit=min(_ROUGH_SHAPES, len(deltas)))
    ridge = fit_ridge(seen, shapes.coefficients(flat))
    found = np.zeros((deltas.shape[1], len(inputs.names)))
    for group in range(len(inputs.names)):
        mine = inputs.groups == group
        moved = (seen[:, mine] @ ridge.weights[mine]).std(axis=0) @ np.abs(shapes.shapes)
        found[:, group] = moved.reshape(-1, 3).max(axis=1)
    return found


def _decoder(
    rig: Rig, deltas: Floats, parts: Segments, moving: NDArray[np.bool_], settings: DeformerSettings
) -> Decoder:
    if settings.mode == "global" and settings.output == "vertices":
        return Vertices(np.flatnonzero(moving), deltas.shape[1])
    if settings.mode == "differential":
        return fit_differential(rig, deltas, moving, settings)
    detail = settings.detail / 100.0 * rig.diagonal
    return segment_shapes(deltas, parts, limit=settings.limit, accuracy=settings.accuracy, detail=detail)


def _decoder_of(basis: PrincipalShapes, parts: Segments) -> Decoder:
    count = len(parts.vertices)
    if len(basis.mean) != 3 * count:
        raise UnderstudyError(
            f"The basis is of {len(basis.mean) // 3:,} vertices, and the poses have {count:,}. "
            "Connect the PCA of these poses."
        )
    means = basis.mean.reshape(-1, 3)
    return SegmentShapes(parts, count, np.array([len(basis.shapes)]), means, basis.shapes.ravel())


def _emphasis(
    ridge: LocalRidge,
    kernel: LocalKernel | None,
    seen: Floats,
    inputs: Inputs,
    visible: NDArray[np.bool_],
) -> Floats:
    """The scales that the kernel learned; where there is none, the root of ridge's relevance.

    Inputs that matter to a kernel by less than a fiftieth of the one that matters most are left out.
    """
    found = np.sqrt(ridge.relevance(seen, inputs.groups))[:, inputs.groups]
    largest = np.maximum(found.max(axis=1, keepdims=True), 1e-12)
    found = np.maximum(found, _LEAST_EMPHASIS * largest) * visible
    if kernel is not None:
        scales = kernel.scales[kernel.kept]
        found[kernel.kept] = scales * (scales > _LEAST_SCALE * scales.max(axis=1, keepdims=True))
    mean = (found**2).sum(axis=1, keepdims=True) / np.count_nonzero(found, axis=1, keepdims=True)
    return np.asarray(found / np.sqrt(mean), np.float32)


def _in_blocks(decoder: Decoder, deltas: Floats) -> Floats:
    starts = range(0, len(deltas), 512)
    return np.concatenate([decoder.coefficients(deltas[start : start + 512]) for start in starts])


def _notes(inputs: Inputs, count: int, flat: int, rig: Rig) -> list[str]:
    notes = []
    if flat:
        notes.append(f"{flat} skinning matrices are too flat to be undone; their rotation was used instead.")
    if count < 2 * len(inputs.names):
        notes.append(
            f"{count} poses are few for {len(inputs.names)} controls and joints; aim for "
            f"{10 * len(inputs.names)}."
        )
    if rig.control_limits is not None:
        notes.extend(_unswept(inputs, rig, rig.control_limits))
    return notes


def _unswept(inputs: Inputs, rig: Rig, limits: NDArray[np.float32]) -> list[str]:
    """Controls whose poses leave out a fifth or more of their limits."""
    short = []
    for control, name in enumerate(rig.control_names):
        if name in inputs.names:
            group = inputs.names.index(name)
            column = int(np.flatnonzero(inputs.groups == group)[0])
            span = float(limits[control, 1] - limits[control, 0])
            if float(inputs.most[column] - inputs.least[column]) < 0.8 * span:
                short.append(f'"{name}"')
    if not short:
        return []
    listed = ", ".join(short[:5]) + (" ..." if len(short) > 5 else "")
    return [f"{len(short)} controls were never taken through their whole range: {listed}."]
