"""Applies what was learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from understudy.graph.knobs import Knob
from understudy.graph.node import Node
from understudy.graph.ports import Input, Outline, Output
from understudy.nodes.media.learners import results_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from understudy.graph.node import Inputs
    from understudy.graph.report import Report
    from understudy.runtime.context import Context

_GIVES = {"frames": "frames", "controls": "shapes", "features": "labels"}


class Inference(Node):
    """Applies a trained model to a whole sequence of frames, or to animated controls.

    Frames of any resolution are computed in tiles that overlap by as much as the network sees, so that no
    seam shows and memory is bounded by the tile. Frames are computed when something asks for them.

    A model that changes colours keeps the input's other channels; one that makes something new, such as a
    matte, gives only that. `channels` says otherwise.

    `uncertainty` says where the result is least sure, and costs another pass over the frames: write it beside
    the result, or show it in a ContactSheet. It ranks pixels well; take its size with a grain of salt.

    A model from elsewhere may enlarge frames a whole number of times: windows grow with the picture, and
    channels that are kept beside it are scaled as Reformat does it.

    Controls give shapes: of the same rig as the model's, computed a block of poses at a time.
    """

    version = 1
    input = Input("frames controls features", "What to apply the model to.")
    model = Input("model", "The trained model, from a Checkpoint.")
    result = Output("frames shapes labels", "The result, of the input's length.")
    uncertainty = Output(
        "frames shapes",
        "How far off the result may be: frames of one channel, a standard deviation; or the same shapes with "
        "each vertex's, in scene units.",
    )

    channels = Knob(
        "auto", "Whether the result has only the learned channels, or all of the input's beside them.",
        choices=("auto", "learned", "all"),
    )  # fmt: skip
    tile = Knob[Any](
        "auto", "Width and height of the tiles, in pixels; auto takes what fits the memory.",
        type=int, words=("auto", "whole"), least=64, result=False,
    )  # fmt: skip
    precision = Knob(
        "auto", "What the network computes in; auto takes what it was trained in.",
        choices=("auto", "float32", "bfloat16"),
    )  # fmt: skip
    backend = Knob(
        "auto", "What computes the network on a processor; auto measures what is installed where a long "
        "sequence repays that, and takes the fastest whose pixels agree.",
        choices=("auto", "torch", "onnxruntime", "openvino"),
    )  # fmt: skip
    overlap = Knob(
        1.0, "Share of what the network sees by which tiles overlap; less is quicker and may show seams: see "
        "understudy measure.",
        least=0.0, most=1.0,
    )  # fmt: skip
    principal_shapes = Knob(
        1.0, "Share of a deformer's principal shapes that is used; less is quicker and coarser.",
        least=0.0, most=1.0,
    )  # fmt: skip
    clamp = Knob(False, "Whether controls are held inside the range that was trained on.")

    def outline(self, inputs: Mapping[str, Sequence[Outline]], report: Report) -> dict[str, Outline]:  # noqa: ARG002 - any input of a known kind will do
        """Frames give frames, or labels by a model of those; controls give shapes, features give labels."""
        source, model = inputs["input"][0], inputs["model"][0]
        gives = "labels" if (source.kind, model.gives) == ("frames", "labels") else _GIVES[source.kind]
        found = {"result": Outline(gives, source.frames)}
        return found if gives == "labels" else found | {"uncertainty": Outline(gives, source.frames)}

    def compute(self, inputs: Inputs, context: Context) -> dict[str, Any]:
        """The result as a lazy sequence by its port; nothing is computed yet."""
        return results_of(self, inputs, context)
