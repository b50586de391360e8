"""A deformer as ONNX: raw inputs in, deltas of vertices out.

The graph is written node by node, so that equal deformers give equal bytes and nothing of torch is needed.
Skinning stays with the host, which has it already.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import UnderstudyError
from understudy.nodes.learning.deformers.differential import Differential
from understudy.nodes.learning.deformers.local import LocalKernel, LocalRidge
from understudy.nodes.learning.deformers.net import NumpyNet
from understudy.nodes.learning.deformers.shapes import SegmentShapes, Vertices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.deformers.deformer import Deformer

OPSET = 13
"""The lowest in which what is used here is written as it is: `Split` and `ReduceSum` changed in 13."""

INPUT, OUTPUT = "inputs", "deltas"


@dataclass
class _Graph:
    """ONNX nodes and constants as they are added."""

    nodes: list[Any] = field(default_factory=list)
    constants: list[Any] = field(default_factory=list)

    def constant(self, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def half(self, array: NDArray[np.float32]) -> str:
        """A constant that is stored in float16 where that loses nothing; sessions widen it as they load."""
        halves = array.astype(np.float16)
        if not np.array_equal(halves.astype(np.float32), array):
            return self.constant(array)
        return self.add("Cast", self.constant(halves), to=1)

    def add(self, operator: str, *inputs: str | NDArray[Any], **attributes: Any) -> str:
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(
        self, operator: str, count: int, *inputs: str | NDArray[Any], **attributes: Any
    ) -> list[str]:
        from onnx import helper

        names = [each if isinstance(each, str) else self.constant(each) for each in inputs]
        outputs = [f"n{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(operator, names, outputs, **attributes))
        return outputs


def onnx_bytes(deformer: Deformer) -> bytes:
    """The ONNX model of a deformer; equal deformers give equal bytes.

    Its inputs as `Inputs.values` gives them go in as `inputs` `(B, D)`; `deltas` `(B, V, 3)` come out, in the
    deformer's space.

    Raises:
        UnderstudyError: onnx is missing.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError as error:
        raise UnderstudyError("Export needs onnx, which is not installed: pip install onnx") from error
    graph = _Graph()
    seen = INPUT
    if deformer.clamp:
        seen = graph.add("Max", seen, deformer.inputs.least)
        seen = graph.add("Min", seen, deformer.inputs.most)
    seen = graph.add("Sub", seen, deformer.inputs.mean)
    seen = graph.add("Div", seen, deformer.inputs.deviation)
    last = _decoder(graph, deformer.decoder, _predictor(graph, deformer.predictor, seen))
    graph.nodes.append(helper.make_node("Identity", [last], [OUTPUT]))
    shapes = [("B", len(deformer.inputs.columns)), ("B", len(deformer.rig.rest), 3)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in zip((INPUT, OUTPUT), shapes, strict=True)
    ]
    made = helper.make_graph(graph.nodes, "deformer", ends[:1], ends[1:], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=7)
    return bytes(model.SerializeToString(deterministic=True))


def _predictor(graph: _Graph, predictor: Any, seen: str) -> str:
    """Adds a predictor; gives coefficients flattened, `(B, S K)`."""
    if isinstance(predictor, NumpyNet):
        return _flat(graph, _net(graph, predictor, seen))
    if isinstance(predictor, LocalKernel):
        floor = ~predictor.kept[:, None]
        ridge = LocalRidge(predictor.ridge.weights * floor[..., None], predictor.ridge.bias * floor)
        kernel = _flat(graph, _kernel(graph, predictor, seen))
        return graph.add("Add", kernel, _ridge(graph, ridge, seen)) if floor.any() else kernel
    return _ridge(graph, predictor, seen)


def _ridge(graph: _Graph, ridge: LocalRidge, seen: str) -> str:
    weights = ridge.weights.transpose(1, 0, 2).reshape(ridge.weights.shape[1], -1)
    return graph.add("Add", graph.add("MatMul", seen, weights), ridge.bias.reshape(-1))


def _net(graph: _Graph, net: NumpyNet, seen: str) -> str:
    weights = net.weights
    layers = sum(name.startswith("matrices.") for name in weights)
    gathered = graph.add("Gather", seen, weights["columns"], axis=1)
    local = graph.add("Transpose", gathered, perm=[1, 0, 2])
    hidden = graph.add("Mul", local, weights["scales"])
    if net.members > 1:
        hidden = graph.add("Concat", *[hidden] * net.members, axis=0)
    for layer in range(layers):
        matrix, bias = weights[f"matrices.{layer}"], weights[f"biases.{layer}"]
        hidden = graph.add("Add", graph.add("MatMul", hidden, graph.half(matrix)), bias)
        if layer < layers - 1:
            hidden = _activated(graph, net.activation, hidden)
    if net.members > 1:
        segments, _, width = weights["ridge_bias"].shape
        members = graph.add("Reshape", hidden, np.array([net.members, segments, -1, width]))
        hidden = graph.add("ReduceMean", members, axes=[0], keepdims=0)
    found = graph.add("Add", graph.add("Mul", hidden, weights["size"]), weights["ridge_bias"])
    if not weights["ridge"].any():
        return found
    return graph.add("Add", found, graph.add("MatMul", local, graph.half(weights["ridge"])))


def _activated(graph: _Graph, activation: str, x: str) -> str:
    half = _scalar(0.5)
    simple = {"relu": "Relu", "leaky-relu": "LeakyRelu", "tanh": "Tanh", "sigmoid": "Sigmoid"}
    if activation in simple:
        return graph.add(simple[activation], x)
    if activation == "silu":
        return graph.add("Mul", x, graph.add("Sigmoid", x))
    if activation == "gelu":
        bent = graph.add("Erf", graph.add("Mul", x, _scalar(0.5**0.5)))
        return graph.add("Mul", graph.add("Mul", x, half), graph.add("Add", bent, _scalar(1.0)))
    return x


def _scalar(value: float) -> NDArray[np.float32]:
    return np.array(value, np.float32)


def _kernel(graph: _Graph, kernel: LocalKernel, seen: str) -> str:
    """In float64: distances in product form and weights that cancel need it."""
    width = int((kernel.scales > 0.0).sum(axis=1).max())
    columns = np.argsort(kernel.scales <= 0.0, axis=1, kind="stable")[:, :width]
    scales = np.take_along_axis(kernel.scales, columns, axis=1).astype(np.float64)[:, None]
    sides = []
    for rows in (seen, graph.constant(kernel.poses)):
        gathered = graph.add("Cast", graph.add("Gather", rows, columns, axis=1), to=11)
        sides.append(graph.add("Mul", graph.add("Transpose", gathered, perm=[1, 0, 2]), scales))
    squares = [graph.add("ReduceSum", graph.add("Mul", x, x), np.array([2]), keepdims=1) for x in sides]
    product = graph.add("MatMul", sides[0], graph.add("Transpose", sides[1], perm=[0, 2, 1]))
    both = graph.add("Add", squares[0], graph.add("Transpose", squares[1], perm=[0, 2, 1]))
    distance = graph.add("Sub", both, graph.add("Mul", product, np.array(2.0)))
    near = graph.add("Exp", graph.add("Neg", distance))
    found = graph.add(
        "Add", graph.add("MatMul", near, kernel.weights), kernel.bias[:, None].astype(np.float64)
    )
    return graph.add("Cast", found, to=1)


def _flat(graph: _Graph, coefficients_SBK: str) -> str:
    turned = graph.add("Transpose", coefficients_SBK, perm=[1, 0, 2])
    return graph.add("Flatten", turned, axis=1)


def _decoder(graph: _Graph, decoder: Any, flat: str) -> str:
    """Adds a decoder to flattened coefficients; gives deltas `(B, V, 3)`."""
    if isinstance(decoder, Differential):
        folded = decoder.folded.reshape(-1, decoder.mean.size)
        rows = graph.add("Add", graph.add("MatMul", flat, folded), decoder.mean.reshape(-1))
        return graph.add("Reshape", rows, np.array([0, len(decoder.mean), 3]))
    if isinstance(decoder, Vertices):
        rows = graph.add("Reshape", flat, np.array([0, len(decoder.moving), 3]))
        return _placed(graph, _with_still(graph, rows), decoder.moving, decoder.count)
    assert isinstance(decoder, SegmentShapes)
    return _blended(graph, decoder, flat)


def _blended(graph: _Graph, decoder: SegmentShapes, flat: str) -> str:
    """Each segment's shapes; then the few vertices that several segments cover are added up."""
    segments = decoder.segments
    covered = np.bincount(segments.vertices, minlength=decoder.count)
    used = [s * decoder.width + k for s, count in enumerate(decoder.numbers) for k in range(count)]
    parts = graph.add_many(
        "Split", len(segments), graph.add("Gather", flat, np.array(used), axis=1), decoder.numbers, axis=1
    )
    moved, vertices = [], []
    for segment, part in enumerate(parts):
        support = segments.support(segment)
        order = np.argsort(covered[support], kind="stable")
        alone = int((covered[support] == 1).sum())
        basis, mean = _ordered(graph, decoder, segment, order, alone)
        moved.append(graph.add("Add", graph.add("MatMul", part, basis), mean))
        vertices.append(support[order])
    joined = graph.add("Concat", *moved, axis=1) if len(moved) > 1 else moved[0]
    rows = graph.add("Reshape", joined, np.array([0, -1, 3]))
    covers = np.concatenate(vertices)
    shared = np.flatnonzero(covered[covers] > 1)
    if len(shared):
        added, of = _summed(graph, rows, shared, covers[shared])
        added = _with_still(graph, added)
        rows, covers = graph.add("Concat", rows, added, axis=1), np.concatenate([covers, of])
    else:
        rows = _with_still(graph, rows)
    return _placed(graph, rows, covers, decoder.count)


def _ordered(
    graph: _Graph, decoder: SegmentShapes, segment: int, order: NDArray[np.int64], alone: int
) -> tuple[str, NDArray[np.float32]]:
    """A segment's shapes and mean with its vertices in this order, blended, those that are its alone first.

    These are as rounded as the decoder's and stored as halves; sessions put both parts together as they load.
    """
    mean, shapes = decoder.basis(segment)
    columns = (3 * order[:, None] + np.arange(3)).ravel()
    shares = np.repeat(decoder.segments.shares[decoder.segments.rows(segment)][order], 3)
    shares[: 3 * alone] = 1.0
    blended = shapes[:, columns] * shares
    halves, rest = blended[:, : 3 * alone], blended[:, 3 * alone :]
    kept = [graph.half(part) for part in (halves, rest) if part.size]
    basis = graph.add("Concat", *kept, axis=1) if len(kept) > 1 else kept[0]
    return basis, mean[columns] * shares


def _with_still(graph: _Graph, rows: str) -> str:
    """Rows `(B, R, 3)` and a row of zeros behind them, for vertices that never move."""
    return graph.add("Pad", rows, np.array([0, 0, 0, 0, 1, 0]))


def _placed(graph: _Graph, rows: str, vertices: NDArray[np.int64], count: int) -> str:
    """Rows in the order of the mesh, of a vertex the last of its rows, or the one behind all."""
    place = np.full(count, len(vertices), np.int32)
    place[vertices] = np.arange(len(vertices))
    return graph.add("Gather", rows, place, axis=1)


def _summed(
    graph: _Graph, rows: str, shared: NDArray[np.int64], vertices: NDArray[np.int64]
) -> tuple[str, NDArray[np.int64]]:
    """Adds up those rows that are of one vertex; gives also which vertex each sum is of.

    Vertices with most rows come first, so that each layer of the sum is a prefix of the one before.
    """
    covers: dict[int, list[int]] = {}
    for row, vertex in zip(shared.tolist(), vertices.tolist(), strict=True):
        covers.setdefault(vertex, []).append(row)
    order = sorted(covers, key=lambda vertex: -len(covers[vertex]))
    found, length = "", 0
    for depth in range(len(covers[order[0]]) - 1, -1, -1):
        here = [covers[vertex][depth] for vertex in order if len(covers[vertex]) > depth]
        layer = graph.add("Gather", rows, np.array(here, np.int32), axis=1)
        if found:
            head, tail = (layer, "") if len(here) == length else _cut(graph, layer, length, len(here))
            found = graph.add("Add", head, found)
            found = graph.add("Concat", found, tail, axis=1) if tail else found
        else:
            found = layer
        length = len(here)
    return found, np.array(order, np.int64)


def _cut(graph: _Graph, layer: str, first: int, length: int) -> tuple[str, str]:
    head, tail = graph.add_many("Split", 2, layer, np.array([first, length - first]), axis=1)
    return head, tail
