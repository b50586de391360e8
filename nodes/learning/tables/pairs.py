"""From a Trainer's wires to rows with labels: paired by group and frame, split, and encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from understudy.graph.errors import NodeError, UnderstudyError
from understudy.nodes.learning.tables import recipes as table_recipes
from understudy.nodes.learning.tables.mirroring import mirrored
from understudy.nodes.learning.tables.recipes import LabelLossNode, LabelNetworkNode
from understudy.nodes.learning.tables.report import absent_classes
from understudy.nodes.learning.tables.samples import frame_samples, row_samples, shrunk
from understudy.nodes.learning.tables.splitting import held_out_rows
from understudy.nodes.learning.tables.subject import LabelData, LabelSubject
from understudy.nodes.learning.tables.targets import Targets
from understudy.nodes.media.tables.columns import listed
from understudy.nodes.media.tables.table import Table, common_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from understudy.graph.node import Inputs
    from understudy.nodes.learning.tables.samples import Samples
    from understudy.nodes.media.images.sequence import Frames
    from understudy.nodes.trainer import Trainer
    from understudy.runtime.context import Context

    Rows = NDArray[np.int64]

HOLD_OUT = 0.1
"""Share of the rows that is held out where nobody says how many."""


def label_subject(node: Trainer, inputs: Inputs, context: Context, *, device: str) -> LabelSubject:
    """The rows or frames with labels that a Trainer's wires make, ready to be learned from.

    Raises:
        NodeError: The wires don't fit each other, or there is nothing to tell apart.
        MediaError: A frame can't be read.
    """
    source, labels = inputs["input"], inputs["groundtruth"]
    recipe = _recipe(node, inputs, "features" if isinstance(source, Table) else "frames")
    labels, validated = _with_validation(node, labels, inputs.get("validation"))
    if isinstance(source, Table):
        rows, places = common_rows(source, labels)
        source = source.select(rows)
    else:
        numbers = set(source.numbers)
        places = [row for row, number in enumerate(labels.frames.tolist()) if number in numbers]
    _refuse_few(node, places, labels)
    labels, validated = labels.select(places), validated[places]
    trained, held_out = _split(node, labels, validated)
    labels = _check_labels(node, labels, trained)
    loss = _loss(node, inputs)
    try:
        turned = mirrored(labels, loss.mirror)
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None
    flip = "flip" in node.augmentation and (isinstance(source, Table) or bool(loss.mirror))
    samples = _samples(node, source, labels, trained, recipe, context, flip=flip)
    if recipe.windows and samples.shape[0] == 1:
        raise NodeError(
            node.name, f"{recipe.type_name} learns windows, and these are single lines; MotionFeatures makes "
            "windows of them", knob="inputs"
        )  # fmt: skip
    how = _described(labels, held_out, samples.takes)
    context.say(f"{node.name}: {len(trained):,} rows to train on; held out: {how or 'none'}")
    targets = Targets.of(labels.select(trained), **loss.settings)
    data = LabelData(samples, labels, trained, held_out, how, _identities(source, labels))
    return LabelSubject(data, targets, turned, recipe, seed=node.seed, device=device)


def _with_validation(
    node: Trainer, labels: Table, validation: Table | None
) -> tuple[Table, NDArray[np.bool_]]:
    """All rows with labels, and which of them are measured and never trained on."""
    if validation is None:
        return labels, np.zeros(len(labels), bool)
    if validation.names != labels.names:
        raise NodeError(
            node.name,
            f"groundtruth has the labels {listed(labels.names)}, and validation {listed(validation.names)}",
            knob="inputs",
        )
    fitted = _alike(labels, validation)
    known = set(validation.keys)
    kept = [row for row, key in enumerate(labels.keys) if key not in known]
    values = np.concatenate([labels.select(kept).lines(), fitted])
    return Table(
        _joined(labels, validation),
        values,
        np.concatenate([labels.groups[kept], validation.groups]),
        np.concatenate([labels.frames[kept], validation.frames]),
        np.arange(len(values)),
    ), np.arange(len(values)) >= len(kept)


def _joined(labels: Table, validation: Table) -> tuple[Any, ...]:
    from dataclasses import replace

    found = []
    for ours, theirs in zip(labels.columns, validation.columns, strict=True):
        more = tuple(name for name in theirs.categories if name not in ours.categories)
        found.append(replace(ours, categories=ours.categories + more))
    return tuple(found)


def _alike(labels: Table, validation: Table) -> NDArray[np.float64]:
    """The validation's values with the places that categories have once they are joined."""
    values = validation.lines().copy()
    joined = _joined(labels, validation)
    for place, (theirs, ours) in enumerate(zip(validation.columns, joined, strict=True)):
        if theirs.kind == "category":
            places = np.array([ours.categories.index(name) for name in theirs.categories], np.float64)
            values[:, place] = places[values[:, place].astype(np.int64)]
    return values


def _refuse_few(node: Trainer, places: Sequence[int], labels: Table) -> None:
    if len(places) < 2:
        have = "no row has" if not places else "only one row has"
        raise NodeError(
            node.name,
            f"{have} both input and label: they are paired by group and frame, and the labels begin with "
            f'"{labels.row_name(0)}"',
            knob="inputs",
        )


def _split(node: Trainer, labels: Table, validated: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    if validated.any():
        trained, held_out = np.flatnonzero(~validated), np.flatnonzero(validated)
    else:
        ratio = HOLD_OUT if node.hold_out == "auto" else node.hold_out
        held_out = held_out_rows(labels, ratio, node.seed) if ratio else np.zeros(0, np.int64)
        trained = np.setdiff1d(np.arange(len(labels)), held_out)
    if not len(trained):
        raise NodeError(node.name, "every row is held out; none is left to train on", knob="inputs")
    return trained, held_out


def _check_labels(node: Trainer, labels: Table, trained: Rows) -> Table:
    """Refuses labels with nothing to tell apart, and held-out classes that nothing is learned of."""
    lines = labels.lines()
    for place, column in enumerate(labels.columns):
        there = np.unique(lines[trained, place])
        if len(there) < 2:
            every = labels.text(int(trained[0]), place)
            raise NodeError(
                node.name,
                f'every row to train on has the {column.name} "{every}": there is nothing to tell apart',
                knob="inputs",
            )
    return labels


def _samples(
    node: Trainer, source: Table | Frames, labels: Table, trained: Rows, recipe: LabelNetworkNode,
    context: Context, *, flip: bool,
) -> Samples:  # fmt: skip
    if isinstance(source, Table):
        return row_samples(source, trained, flip=flip)
    numbers = labels.frames.tolist()
    channels = source.spec(numbers[0]).channels

    def told(done: int) -> None:
        context.stop_if_asked()
        context.progress(done, len(numbers), "frames read")

    try:
        pixels = shrunk(source, numbers, channels, int(recipe.resolution), told)  # type: ignore[attr-defined]
    except NodeError:
        raise
    except UnderstudyError as error:
        raise NodeError(node.name, str(error), knob="inputs") from None
    jitter, sees = "jitter" in node.augmentation, recipe.sees  # type: ignore[attr-defined]
    return frame_samples(pixels, channels, trained, sees, flip=flip, jitter=jitter)


def _described(labels: Table, rows: Rows, takes: str) -> str:
    if not len(rows):
        return ""
    what = "rows" if takes == "features" else "frames"
    if not labels.grouped:
        return f"{len(rows):,} {what} in blocks of neighbours"
    groups = np.unique(labels.groups[rows]).tolist()
    found = f"{len(rows):,} {what} of {len(groups):,} group{'s' if len(groups) > 1 else ''}: {listed(groups)}"
    absent = absent_classes(labels, rows)
    return f"{found}; nothing of {listed(absent)}" if absent else found


def _recipe(node: Trainer, inputs: Inputs, takes: str) -> LabelNetworkNode:
    connected = inputs.get("network")
    if connected is None:
        return table_recipes.default_network(takes, node.model_size)
    if not isinstance(connected, LabelNetworkNode) or connected.takes != takes:
        known = "FrameNet is" if takes == "frames" else "MLP, Conv1D and GRU are"
        raise NodeError(
            node.name, f"{connected.type_name} is no network from {takes} to labels; {known}", knob="inputs"
        )
    return connected


def _loss(node: Trainer, inputs: Inputs) -> LabelLossNode:
    connected = inputs.get("loss")
    if connected is None:
        return table_recipes.default_loss()
    if not isinstance(connected, LabelLossNode):
        raise NodeError(
            node.name, f"{connected.type_name} does not compare labels; LabelLoss does", knob="inputs"
        )
    return connected


def _identities(source: Table | Frames, labels: Table) -> dict[str, dict[str, str]]:
    truth = {"labels": labels.digest()}
    if isinstance(source, Table):
        return {"input": {"features": source.digest()}, "groundtruth": truth}
    numbers = labels.frames.tolist()
    return {"input": {str(one): source.identity(one) for one in numbers}, "groundtruth": truth}
