"""The knobs of deformers."""

from __future__ import annotations

from dataclasses import dataclass

MODES = ("local", "global", "differential")
OUTPUTS = ("shapes", "vertices")
ACTIVATIONS = ("silu", "gelu", "relu", "leaky-relu", "tanh", "sigmoid", "linear")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeformerSettings:
    """How a deformation is learned.

    Attributes:
        mode: One of `MODES`: a small model for each segment; one for the whole mesh (Maya's form); one for
            differential coordinates with anchors (Golaem's form).
        output: One of `OUTPUTS`, what a global model gives: principal shapes, or every vertex.
        space: Where deltas are taken, one of `skinning.SPACES`.
        rotation: How rotations of joints are written, "6d" or "quaternion".
        limit: At most this many principal shapes (for each segment where the mode is local).
        accuracy: As few principal shapes as reach this accuracy, 0 to 1.
        detail: Shapes that move the vertices by less than this are left out: root mean square over poses, in
            percent of the rest shape's diagonal.
        layers: Hidden layers.
        neurons: Of each hidden layer.
        activation: One of `ACTIVATIONS`.
        dropout: The share of neurons left out in training, 0 to 1.
        members: Nets that are trained beside each other and averaged; how far several are apart tells the
            uncertainty.
        ridge_floor: Whether the net learns what a frozen ridge leaves.
        distilled: How many made-up control vectors, labelled by the kernel, the net learns from as well.
        anchors: Of differential mode: anchor vertices, in percent of the vertices, up to 10.
        extra_anchors: Of differential mode: vertex numbers that are anchors as well.
        anchor_weight: Of differential mode: how firmly anchors hold against differential coordinates.
        net_epochs: The epochs after which each net learns no more; 0 for one that learns to the end.
        batch_divider: The poses are divided by it to give the batch where nobody says one; 0 for the usual.
        rate_decay_epochs: The learning rate is divided every so many epochs; 0 for never.
        rate_divider: By how much.
        seed: Of every draw.
    """

    mode: str = "local"
    output: str = "shapes"
    space: str = "rest"
    rotation: str = "6d"
    limit: int = 96
    accuracy: float = 1.0
    detail: float = 0.0012
    layers: int = 2
    neurons: int = 96
    activation: str = "silu"
    dropout: float = 0.0
    members: int = 1
    ridge_floor: bool = True
    distilled: int = 12000
    anchors: float = 2.0
    extra_anchors: tuple[int, ...] = ()
    anchor_weight: float = 0.1
    net_epochs: tuple[int, ...] = ()
    batch_divider: int = 0
    rate_decay_epochs: int = 0
    rate_divider: float = 2.0
    seed: int = 0
