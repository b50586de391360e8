"""Finds principal shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Output

if TYPE_CHECKING:
    from understudy.graph.node import Inputs
    from understudy.nodes.learning.principal_shapes import PrincipalShapes
    from understudy.runtime.context import Context

TOLD = (0.9, 0.95, 0.99, 0.999)
"""Accuracies for which the number of shapes is told."""


class PCA(Node):
    """Finds the principal shapes of posed meshes: the few shapes whose sums give all poses.

    It takes as few shapes as reach the accuracy, and no more than the limit, without holding the poses in
    memory. The report is a plot of shapes against accuracy. Connect the basis to a Trainer, and a
    GlobalDeformer learns its coefficients.
    """

    version = 1
    keeps = True
    shapes = Input("shapes", "The posed meshes.")
    basis = Output("basis", "The principal shapes.")

    principal_shapes_limit = Knob(128, "Principal shapes at most; there can be no more than poses.", least=1)
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

    def compute(self, inputs: Inputs, context: Context) -> dict[str, str]:
        """Gives `{"path": ...}` of a file in the work folder.

        Raises:
            NodeError: There are fewer poses than shapes asked for.
        """
        from understudy.nodes.learning.basis import Basis
        from understudy.nodes.learning.deformers.preparing import deltas_of
        from understudy.nodes.learning.principal_shapes import principal_shapes

        poses = inputs["shapes"]
        deltas, _ = deltas_of(poses, self.deltas)
        context.stop_if_asked()
        try:
            found = principal_shapes(
                deltas.reshape(len(poses), -1),
                limit=self.principal_shapes_limit,
                accuracy=self.principal_shapes_accuracy,
            )
        except UnderstudyError as error:
            raise NodeError(self.name, str(error), knob="principal_shapes_limit") from None
        context.say(f"{self.name}: {_described(found, poses.rig.units)}")
        path = context.work / "basis" / f"{context.key}.npz"
        Basis(found, self.deltas).write(path)
        context.files.append(path)
        if self.report:
            self._report(found, poses.rig.units, context)
        return {"path": str(path)}

    def _report(self, found: PrincipalShapes, units: str, context: Context) -> None:
        from understudy.nodes.learning.basis import draw_accuracy
        from understudy.runtime.durable import make_folder, replacing

        target = self.path_of(self.report)
        make_folder(target.parent)
        with replacing(target) as temporary:
            draw_accuracy(found, temporary, self.name, units)
        context.files.append(target)
        context.wrote(target, "accuracy of principal shapes")


def _described(found: PrincipalShapes, units: str) -> str:
    accuracies, kept = found.accuracies(), len(found.shapes)
    reached = [
        f"{int((accuracies < wanted).sum())} for {100 * wanted:g} %"
        for wanted in TOLD
        if accuracies[kept] >= wanted
    ]
    told = (
        f"{kept} principal shapes of {found.count:,} poses give back {100 * accuracies[kept]:.3f} %, "
        f"and leave {found.residuals()[kept]:.3g} {units} (rms)"
    )
    return told + (f"; {', '.join(reached)}" if reached else "")
