"""Finds principal shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.nodes.learning.meshes.basis import Basis
    from understudy.runtime.context import Context


class PCA(Node):
    """Finds the principal shapes of posed meshes: the few shapes whose sums give all poses; or of frames.

    It takes as few shapes as reach the accuracy, and no more than the limit, without holding poses or frames
    in memory. Poses of files that are added later are merged into what was found before. The report is a plot
    of shapes against accuracy. Connect the basis of shapes to a Trainer, and a GlobalDeformer learns its
    coefficients.
    """

    version = 2
    keeps = True
    shapes = Input("shapes", "The posed meshes.", optional=True)
    frames = Input("frames", "Frames, instead of posed meshes.", optional=True)
    basis = Output("basis", "The principal shapes.")

    principal_shapes_limit = Knob(
        128, "Principal shapes at most; no more than poses or frames. 1 to 10 % of the vertices are usual.",
        least=1,
    )  # fmt: skip
    principal_shapes_accuracy = Knob(
        1.0, "Share of the deltas that the shapes give back, 0 to 1; fewer shapes below 1.",
        least=0.0, most=1.0,
    )  # fmt: skip
    deltas = Knob(
        "rest",
        "Where deltas are taken: before skinning; after it (object); before it without its scale and shear.",
        choices=("rest", "object", "rotation"),
    )
    report = Knob("", "Where a PNG of shapes against accuracy is written; nowhere when empty.", path=True)

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:
        """A basis; neither or both of the inputs, and fewer frames than shapes, are faults."""
        if bool(inputs.get("shapes")) == bool(inputs.get("frames")):
            found = "both are connected" if inputs.get("shapes") else "neither is connected"
            report.fault("it finds the basis of one thing", knob="inputs", found=found,
                         expected="either shapes or frames")  # fmt: skip
        for wire in inputs.get("frames", ()):
            if self.deltas != self.knobs["deltas"].default:
                report.fault("frames have no deltas", knob="deltas", found=self.deltas, expected="nothing")
            if wire.frames is not None and len(wire.frames) < self.principal_shapes_limit:
                report.fault(
                    "there can be no more principal shapes than frames",
                    knob="principal_shapes_limit",
                    found=f"{self.principal_shapes_limit} of {len(wire.frames)} frames",
                    suggestion=f"Set it to at most {len(wire.frames)}, or take more frames.",
                )
        return {"basis": Outline("basis")}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Gives `{"path": ...}` of a file in the work folder.

        Raises:
            NodeError: There are fewer poses or frames than shapes asked for.
        """
        from understudy.nodes.learning.meshes.basis_report import sentences

        limit, accuracy = self.principal_shapes_limit, self.principal_shapes_accuracy
        try:
            basis, units, points = self._found(inputs, context)
        except UnderstudyError as error:
            raise NodeError(self.name, str(error), knob="principal_shapes_limit") from None
        for sentence in sentences(basis.shapes, limit, accuracy, units, points):
            context.say(f"{self.name}: {sentence}")
        path = context.work / "basis" / f"{context.key}.npz"
        basis.write(path)
        context.files.append(path)
        if self.report:
            self._report(basis, units, context)
        return {"path": str(path)}

    def _found(self, inputs: Inputs, context: Context) -> tuple[Basis, str, int]:
        """The basis, the units of what it leaves, and the vertices; 0 for frames."""
        from understudy.nodes.learning.meshes.finding_bases import basis_of_frames, basis_of_poses

        limit, accuracy = self.principal_shapes_limit, self.principal_shapes_accuracy
        frames = inputs.get("frames")
        if frames is not None:
            return basis_of_frames(frames, context, limit=limit, accuracy=accuracy), "in pixel values", 0
        poses = inputs["shapes"]
        basis = basis_of_poses(poses, context, space=self.deltas, limit=limit, accuracy=accuracy)
        return basis, poses.rig.units, len(poses.rig.rest)

    def _report(self, basis: Basis, units: str, context: Context) -> None:
        from understudy.nodes.learning.meshes.basis_report import draw_accuracy
        from understudy.runtime.durable import make_folder, replacing

        target = self.path_of(self.report)
        make_folder(target.parent)
        with replacing(target) as temporary:
            draw_accuracy(basis.shapes, temporary, self.name, units, self.principal_shapes_accuracy)
        context.files.append(target)
        context.wrote(target, "accuracy of principal shapes")
