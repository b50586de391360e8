"""Models of labels: what a host must know of one, and the rows or frames that it is compared on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from understudy.graph.errors import UnderstudyError
from understudy.nodes.export.models.exportable import TorchExportable
from understudy.nodes.export.models.images import drawn_crops
from understudy.nodes.export.models.labels import Labels, columns_out
from understudy.nodes.learning.encoding import Encoding
from understudy.nodes.learning.tables.model import TableModel
from understudy.nodes.learning.tables.samples import as_seen
from understudy.nodes.media.tables.table import Table
from understudy.runtime.randomness import uniforms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from understudy.nodes.learning.tables.encoding import RowEncoding
    from understudy.runtime.runs.container import Container

    Values = NDArray[np.float32]

ROWS = 64
REAL_ROWS = 1024


@dataclass(slots=True)
class LabelsExportable(TorchExportable):
    """A model of labels: each column has a range of its own."""

    def span(self, expected: Values) -> Values:
        """Of each column the least to the largest value; 1 where that is less, as for probabilities."""
        return np.asarray(np.maximum(np.ptp(expected, axis=0), 1.0), np.float32)


def exportable(container: Container, path: str, evidence: Table | Any | None) -> LabelsExportable:
    """The model of labels in a checkpoint, whole: encoding and probabilities are inside.

    Args:
        container: The `.cat`.
        path: Its name, for messages.
        evidence: A table of rows to compare results on.

    Raises:
        FormatError: The checkpoint is damaged.
        UnderstudyError: The evidence is no table, or lacks a column.
    """
    model = TableModel.from_container(container, path)
    samples = _samples(model)
    compared = f"{sum(map(len, samples))} drawn {'frames' if model.inputs is None else 'rows'}"
    if evidence is not None:
        real = _real(model, evidence)
        samples, compared = [*samples, real], f"{compared} and {len(real)} real ones"
    return LabelsExportable(
        subject="tables",
        module=Labels(model).eval(),
        input="pixels" if model.inputs is None else "rows",
        output="labels",
        notes=described(model, container.header),
        samples=samples,
        compared=compared,
        free={0: "N"},
        ours=lambda sample: _ours(model, sample),
    )


def described(model: TableModel, header: dict[str, Any]) -> dict[str, Any]:
    """What a host must know, as plain data: categories go in as places in their list, from 0."""
    told = ("precision", "step", "losses", "provenance")
    found: dict[str, Any] = {"version": 1, "subject": "tables", "columns_out": columns_out(model)}
    if model.inputs is None:
        assert model.pixels is not None
        found |= {
            "inputs": list(model.channels),
            "resolution": model.resolution,
            "sees": model.sees,
            "encoding": model.pixels.as_dict(),
        }
    else:
        found |= {"columns_in": [column.as_dict() for column in model.inputs.columns]}
        found |= {"lines": model.inputs.length}
    labels = [column.as_dict() for column in model.targets.columns]
    trained = {name: header[name] for name in told if name in header}
    return found | {"labels": labels, "network": header["network"], "trained": trained}


def _samples(model: TableModel) -> list[Values]:
    if model.inputs is not None:
        return [drawn_rows(model.inputs)]
    usual = Encoding("linear", 1.0, (0.4,) * len(model.channels), (0.3,) * len(model.channels))
    drawn_by = model.pixels if model.sees == "colours" else usual  # which is of edges otherwise
    assert drawn_by is not None
    return drawn_crops(drawn_by, ((8, model.resolution, model.resolution),))


def drawn_rows(encoding: RowEncoding) -> Values:
    """Rows `(N, C)`, or `(N, T, C)` of windows, over a little more than the range trained on.

    Categories are places in their list; in every eighth row the first column is missing.
    """
    shape = (ROWS, encoding.length, len(encoding.columns))
    draws = uniforms(0, "export rows", 0, 0, int(np.prod(shape))).reshape(shape)
    low, high = encoding.least, encoding.most
    found = low - 0.1 * (high - low) + 1.2 * (high - low) * draws
    for place, column in enumerate(encoding.columns):
        if column.kind in ("category", "boolean"):
            count = max(2, len(column.categories))
            found[..., place] = np.floor(draws[..., place] * count)
    found[::8, :, 0] = np.nan
    return np.asarray(found if encoding.length > 1 else found[:, 0], np.float32)


def _real(model: TableModel, evidence: Any) -> Values:
    if not isinstance(evidence, Table) or model.inputs is None:
        raise UnderstudyError(
            "A model of labels is compared on rows of a table: connect features to an Export's check."
        )
    lines = model.inputs.fitted(evidence)
    rows = evidence.starts[:: -(-len(evidence) // REAL_ROWS)][:, None] + np.arange(model.inputs.length)
    found = lines[rows] if model.inputs.length > 1 else lines[rows[:, 0]]
    return np.asarray(found, np.float32)


def _ours(model: TableModel, sample: Values) -> Values:
    """What Inference says: the labels' numbers, and the probabilities of classes."""
    if model.inputs is not None:
        lines = sample if model.inputs.length > 1 else sample[:, None]
        encoded = torch.from_numpy(model.inputs.encode(lines.astype(np.float64)))
    else:
        assert model.pixels is not None
        seen = np.concatenate([as_seen(frame[None], model.sees) for frame in sample])
        encoded = model.pixels.encode(torch.from_numpy(seen))
    answers = model.answers(lambda rows: encoded[rows], len(sample))
    found = []
    for place, column in enumerate(model.targets.columns):
        chance = answers.chances[place]
        if chance is None:
            found.append(answers.values[:, place : place + 1])
        else:
            found.append(chance if column.kind == "category" else chance[:, 1:])
    return np.concatenate(found, axis=1).astype(np.float32)
