"""A trained model of labels applied to rows or frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.learning.tables.model import TableModel, as_table
from understudy.nodes.learning.tables.samples import as_seen, shrunk
from understudy.nodes.media.tables.columns import listed
from understudy.nodes.media.tables.table import Table
from understudy.runtime.devices import resolve
from understudy.runtime.runs.container import read_container

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.inference import Inference
    from understudy.nodes.media.images.sequence import Frames
    from understudy.runtime.context import Context


def inferred_labels(node: Inference, source: Table | Frames, path: str, context: Context) -> dict[str, Table]:
    """The labels that a model gives rows or frames, with probabilities and how sure it is.

    Raises:
        FormatError: The checkpoint is of something else than labels.
        NodeError: A column or channel that the model takes is absent, or is something else here.
    """
    model = TableModel.from_container(read_container(path, "cat"), path)
    model.network.to(resolve(context.settings.device))
    given = "features" if isinstance(source, Table) else "frames"
    takes = "frames" if model.inputs is None else "features"
    if given != takes:
        raise NodeError(node.name, f"{path} is a model of {takes}, and {given} were given", knob="inputs")
    try:
        if isinstance(source, Table):
            return {"result": _of_rows(node, model, source, context)}
        return {"result": _of_frames(model, source, context)}
    except NodeError:
        raise
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None


def _of_rows(node: Inference, model: TableModel, source: Table, context: Context) -> Table:
    encoding = model.inputs
    assert encoding is not None
    values = encoding.fitted(source)
    left_out = [name for name in source.names if name not in {one.name for one in encoding.columns}]
    if left_out:
        context.say(f"{node.name}: the model does not take {listed(left_out)}")
    beyond = [f"{name} in {count:,}" for name, count in encoding.beyond(values)]
    if beyond:
        context.warn(f"{node.name}: beyond the values trained on, of {len(values):,} lines: {listed(beyond)}")
    lines = encoding.encode(values)
    span = np.arange(encoding.length)

    def inputs(rows: NDArray[np.int64]) -> torch.Tensor:
        return torch.from_numpy(lines[source.starts[rows][:, None] + span])

    return as_table(model.targets, model.answers(inputs, len(source)), source)


def _of_frames(model: TableModel, source: Frames, context: Context) -> Table:
    numbers = source.numbers
    pixels_of = model.pixels
    assert pixels_of is not None

    def told(done: int) -> None:
        context.stop_if_asked()
        context.progress(done, len(numbers), "frames")

    pixels = as_seen(shrunk(source, numbers, model.channels, model.resolution, told), model.sees)
    answers = model.answers(lambda rows: pixels_of.encode(torch.from_numpy(pixels[rows])), len(numbers))
    rows = np.arange(len(numbers))
    frame_rows = Table((), np.zeros((len(rows), 0)), np.full(len(rows), ""), np.array(numbers), rows)
    return as_table(model.targets, answers, frame_rows)
